"""What can be asked of the phase diagram: presets, the command line, and what is refused."""

import numpy as np
import pytest

from geneft_theory import InvalidInput
from validation.cli.main import build_parser
from validation.experiments import learning_rates, learning_rates_report
from validation.experiments.learning_rates import LearningRatesOptions, networks, options_from, record_steps
from validation.reproduce import reproductions, require_reproduction
from validation.reproduce.registry import experiment_options


def test_every_network_of_the_reduced_form_is_one_of_the_full_form():
    for preset in learning_rates.PRESETS:
        options = options_from(preset)
        full = set(networks(options))
        assert set(networks(learning_rates_report.reduced(options))) < full
        assert len(full) == len(networks(options))


def test_record_steps_resolve_the_delay():
    for preset in learning_rates.PRESETS:
        options = options_from(preset)
        steps = np.array(record_steps(options))
        assert steps[-1] == options.steps
        assert np.diff(steps).max() <= options.record_every <= options.delay / 10
        assert np.all(np.diff(steps) > 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relations": ()}, "relations must hold at least one"),
        ({"relations": ("modulo:3", "modulo:3")}, "relation must name each one once"),
        ({"optimizers": ("lion",)}, "optimizer must be one of adam, adamw, sgd"),
        ({"eta_encoder": (1e-3,)}, "eta_encoder must be increasing numbers, at least 2"),
        ({"eta_decoder": (1e-3, 1e-4)}, "eta_decoder must be increasing"),
        ({"eta_decoder_sgd": (0.0, 1.0)}, "eta_decoder_sgd must lie in"),
        ({"weight_decays": (-1.0,)}, "weight_decays must lie in"),
        ({"fraction": 1.0}, "fraction must lie in"),
        ({"fraction": 0.9999}, "fraction must leave pairs"),
        ({"seeds": 1}, "seeds must be an integer >= 2"),
        ({"record_every": 2000}, "record_every must be an integer >= 1 and <= 1000"),
        ({"n": 1}, "n must be an integer >= 2"),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        LearningRatesOptions(**change)


@pytest.mark.parametrize(
    "key", [key for key, reproduction in reproductions().items() if reproduction.experiment == "learning-rates"]
)
def test_a_spec_asks_for_what_the_experiment_understands(key):
    options = experiment_options(require_reproduction(key))
    assert isinstance(options, LearningRatesOptions)
    assert set(options.optimizers) <= {"adam", "adamw", "sgd"}
    assert (len(options.weight_decays) > 1) == (key == "fig8")


def test_a_smaller_relation_is_taken_for_fewer_symbols():
    assert options_from("standard", n=12).relations[-1] == "complete-bipartite:4"
    assert options_from("standard", n=12, relations=("modulo:3",)).relations == ("modulo:3",)


def test_the_command_line_reaches_every_option():
    from validation.cli.experiments import learning_rates as command

    words = ["--relation", "modulo:5", "--n", "20", "--seeds", "3", "--steps", "70", "--fraction", "0.5"]
    words += ["--optimizers", "sgd,adamw", "--eta-encoder", "0.1,0.2", "--eta-decoder", "0.3,0.4"]
    words += ["--eta-encoder-sgd", "1,2", "--eta-decoder-sgd", "3,4", "--weight-decays", "0,0.1"]
    words += ["--record-every", "10", "--delay", "50", "--loss", "mean_squared_error", "--sweep-seed", "5"]
    _, options = command.choose(build_parser().parse_args(["run", "learning-rates", *words]))
    assert options == LearningRatesOptions(
        relations=("modulo:5",),
        n=20,
        seeds=3,
        steps=70,
        fraction=0.5,
        optimizers=("sgd", "adamw"),
        eta_encoder=(0.1, 0.2),
        eta_decoder=(0.3, 0.4),
        eta_encoder_sgd=(1.0, 2.0),
        eta_decoder_sgd=(3.0, 4.0),
        weight_decays=(0.0, 0.1),
        record_every=10,
        delay=50,
        loss="mean_squared_error",
        sweep_seed=5,
    )
    assert command.choose(build_parser().parse_args(["run", "learning-rates"]))[1] == options_from("quick")
