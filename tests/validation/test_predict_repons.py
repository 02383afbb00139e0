"""`geneft predict collapse` and `geneft predict boundary`: what they print is what the theory says."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, catalogue
from geneft_theory.estimate import Estimate
from geneft_theory.repons import matrix, pair
from validation.cli import main
from validation.experiments.prediction_repons import predict_boundary, predict_collapse

RATES = st.floats(1e-6, 1e2)
SPREADS = st.floats(0.05, 20)


def run(capsys, *words):
    try:
        code = main(["predict", *words])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_collapse_prints_one_json_object(capsys):
    code, out, err = run(capsys, "collapse", "--eta-decoder", ".1", "--eta-encoder", ".1", "--json")
    prediction = json.loads(out)
    assert (code, err) == (0, "")
    assert {"probability", "cluster", "optimiser", "critical_ratio", "invariant", "statement", "status"} <= set(
        prediction
    )
    assert prediction["probability"] == pytest.approx(0.3918, abs=5e-5)
    assert (prediction["cluster"], prediction["optimiser"]) == (1, "gradient_flow")
    assert (prediction["statement"], prediction["status"]) == ("repons.pair.collapse_probability", "REDERIVED")


@pytest.mark.parametrize(
    ("words", "probability", "statement"),
    [
        ("--cluster 4", 0.3245, "repons.cluster.collapse_probability"),
        ("--optimiser sign", 0.5, "repons.pair.sign_flow.probability"),
        ("--dimension 2 --outputs 2", 0.1835, "repons.matrix.collapse_probability"),
        ("--dimension 2 --outputs 1", 0.0, "repons.matrix.collapse_probability"),
    ],
)
def test_every_law_is_reached_and_named(words, probability, statement, capsys):
    code, out, _ = run(capsys, "collapse", "--eta-decoder", ".1", "--eta-encoder", ".1", *words.split(), "--json")
    prediction = json.loads(out)
    assert code == 0
    assert prediction["probability"] == pytest.approx(probability, abs=5e-4)
    assert prediction["statement"] == statement
    assert prediction["status"] == catalogue[statement].status.name


def test_a_horizon_lowers_the_probability_to_that_of_collapse_times(capsys):
    """Within 4 standard errors of 200 000 drawn starts, each with its exact collapse time."""
    words = ("--eta-decoder", ".1", "--eta-encoder", ".1", "--horizon", "400", "--separation", ".001", "--json")
    _, out, _ = run(capsys, "collapse", *words)
    a, c = np.random.default_rng(0).normal(size=(2, 200_000))
    drawn = Estimate.from_samples(pair.collapse_time(1e-3, a, c, 0.1, 0.1) <= 400)
    assert abs(drawn.z(json.loads(out)["probability"])) < 4


def test_boundary_gives_ratio_slope_and_points(capsys):
    _, out, _ = run(capsys, "boundary", "--probability", ".14", "--eta-encoder", "1e-3,1e-2", "--json")
    line = json.loads(out)
    assert line["slope"] == 1.0
    assert line["critical_ratio"] == pytest.approx(10.0, rel=1e-3)
    assert line["intercept"] == pytest.approx(math.log10(line["critical_ratio"]))
    assert [point["eta_encoder"] for point in line["points"]] == [1e-3, 1e-2]
    for point in line["points"]:
        assert pair.collapse_probability(point["eta_decoder"], point["eta_encoder"]) == pytest.approx(0.14)
    assert all(entry["status"] == catalogue[entry["key"]].status.name for entry in line["statements"])


@pytest.mark.parametrize(
    "words", [("boundary", "--eta-encoder", "1e-3"), ("collapse", "--eta-decoder=1", "--eta-encoder=2")]
)
def test_text_is_aligned(words, capsys):
    code, out, _ = run(capsys, *words)
    assert code == 0
    for text in ("probability", "critical ratio"):
        line = next(line for line in out.splitlines() if line.startswith(text))
        assert line[:29].strip() == text


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("collapse --eta-decoder -1 --eta-encoder 1", "eta_decoder must lie in (0, inf); got -1"),
        ("collapse --eta-decoder 1 --eta-encoder 0", "eta_encoder must lie in (0, inf); got 0"),
        ("collapse --eta-decoder 1e-200 --eta-encoder 1", "eta_decoder must lie in [1e-100, 1e+100]"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --sigma-a 0", "sigma_a must lie in (0, inf); got 0"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --cluster 0", "cluster must be an integer >= 1; got 0"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --cluster 1.5", "--cluster"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --horizon 5", "horizon and separation must be given together"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --dimension 2 --horizon 5", "horizon and separation must not"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --outputs 2 --optimiser sign", "optimiser must be gradient_flow"),
        ("collapse --eta-decoder 1 --eta-encoder 1 --optimiser adam", "--optimiser"),
        ("collapse --eta-encoder 1", "--eta-decoder"),
        ("boundary --probability 1", "probability must lie in [1e-30, 1); got 1"),
        ("boundary --sigma-c nan", "sigma_c must lie in (0, inf); got nan"),
        ("boundary --eta-encoder 1,a", "eta_encoder must be numbers separated by commas"),
        ("boundary --eta-encoder 1,-1", "eta_encoder must lie in (0, inf); got -1"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words, names, capsys):
    code, out, err = run(capsys, *words.split())
    assert (code, out) == (2, "")
    assert names in err
    assert err.startswith("geneft")
    assert err.count("\n") == 1


@given(RATES, RATES, SPREADS, SPREADS, st.integers(0, 50))
def test_the_boundary_through_a_point_has_its_probability(decoder, encoder, sigma_a, sigma_c, cluster):
    # 0 stands for the sign flow, which has a law for one partner only.
    cluster, optimiser = max(cluster, 1), "gradient_flow" if cluster else "sign"
    given_ = {"sigma_a": sigma_a, "sigma_c": sigma_c, "cluster": cluster, "optimiser": optimiser}
    probability = predict_collapse(decoder, encoder, **given_)["probability"]
    line = predict_boundary(probability, **given_, eta_encoder=[encoder])
    # Next to 1 the ratio hangs on the last digits of the probability.
    assert line["points"][0]["eta_decoder"] == pytest.approx(decoder, rel=1e-12 + 1e-15 / (1 - probability))


@given(RATES, RATES, st.integers(1, 4), st.integers(1, 6))
def test_more_dimensions_are_those_of_the_matrix_law(decoder, encoder, dimension, outputs):
    prediction = predict_collapse(decoder, encoder, dimension=dimension, outputs=outputs)
    expected = float(matrix.collapse_probability(decoder, encoder, dimension, outputs))
    assert prediction["probability"] == pytest.approx(expected, abs=1e-12)
    if prediction["critical_ratio"] is None:
        assert outputs < dimension
    else:
        critical = predict_collapse(prediction["critical_ratio"], 1.0, dimension=dimension, outputs=outputs)
        assert critical["probability"] == pytest.approx(0.5)


def test_functions_refuse_what_the_command_refuses():
    with pytest.raises(InvalidInput, match="optimiser must be one of gradient_flow, sign; got 'adam'"):
        predict_collapse(1.0, 1.0, optimiser="adam")
    with pytest.raises(InvalidInput, match="sigma_a must lie in"):
        predict_boundary(0.5, sigma_a=1e60)
