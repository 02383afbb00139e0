"""The pair's statements: motion entry by entry, what is invariant and what is not, statements as numbers."""

import itertools

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, catalogue
from geneft_theory.repons import cluster, pair
from geneft_theory.repons.derivations.cluster import cluster_flow, reduced_cluster_flow
from geneft_theory.repons.derivations.pair import pair_flow, reduced_flow
from geneft_theory.repons.symbols import a, b, c, e, eta_A, eta_x, xbar, y
from geneft_theory.symbolic import GradientFlow

rate = st.floats(1e-2, 1e2)
amplitude = st.floats(0.1, 10)


@pytest.mark.parametrize(("outputs", "dimension"), [(1, 1), (1, 2), (3, 2)])
def test_eq_8_entry_by_entry(outputs, dimension):
    decoder = sympy.Matrix(outputs, dimension, lambda i, j: sympy.Symbol(f"A{i}{j}", real=True))
    separation = sympy.Matrix(dimension, 1, lambda i, _: sympy.Symbol(f"r{i}", real=True))
    # With embeddings at +r and -r and the bias on target the loss is |A r|^2; r moves at half the embeddings' rate.
    loss = sum(entry**2 for entry in decoder * separation)
    rates = {**dict.fromkeys(decoder, eta_A), **dict.fromkeys(separation, eta_x / 2)}
    motion = GradientFlow(loss, rates).equations_of_motion
    stated = {
        key: catalogue[f"repons.pair.matrix.{key}"].expression.rhs for key in ("decoder_motion", "separation_motion")
    }
    numbers = {symbol: sympy.Rational(7 * place % 11 - 5, 3) for place, symbol in enumerate([*decoder, *separation])}
    for key, target in (("decoder_motion", decoder), ("separation_motion", separation)):
        shapes = {symbol.name: symbol for symbol in stated[key].atoms(sympy.MatrixSymbol)}
        explicit = stated[key].subs(dict(zip(shapes["A"].shape, (outputs, dimension), strict=True)))
        given_as = {symbol.name: symbol for symbol in explicit.atoms(sympy.MatrixSymbol)}
        value = explicit.subs({given_as["A"]: decoder.subs(numbers), given_as["r"]: separation.subs(numbers)})
        velocity = sympy.Matrix(*target.shape, [motion[entry].subs(numbers) for entry in target])
        assert sympy.simplify(sympy.Matrix(value.doit()) - velocity) == sympy.zeros(*target.shape)


def test_a_centroid_on_target_is_no_invariant_set():
    # CORRECTED: on e = 0 the error starts to grow unless xbar = 0, too.
    on_target = pair_flow().transform({b: e + y - a * xbar})
    with pytest.raises(InvalidInput, match="invariant"):
        on_target.restrict({e: 0})
    drift = catalogue["repons.pair.centroid_error"].expression.rhs.subs(e, 0)
    assert sympy.expand(drift + 2 * eta_A * a * c**2 * xbar) == 0
    assert set(pair_flow().restrict({xbar: 0, b: y}).variables) == {a, c}
    for other in ({xbar: 0}, {b: y}):
        with pytest.raises(InvalidInput, match="invariant"):
            pair_flow().restrict(other)


def test_the_weighted_centroid_is_the_invariant_one():
    assert set(reduced_cluster_flow().variables) == {a, c}
    with pytest.raises(InvalidInput, match="invariant"):
        cluster_flow().restrict({xbar: 1, b: y})


def test_a_quadratic_invariant_is_the_only_one_up_to_degree_three():
    assert len(reduced_flow().polynomial_invariants(3)) == 1


def logistic_gradient(outputs):
    return -1 / (1 + np.exp(outputs))


def test_the_matrix_invariant_holds_for_another_loss():
    generator = np.random.default_rng(0)
    decoder, embeddings = generator.standard_normal((3, 2)), generator.standard_normal((2, 5))
    eta_decoder, eta_encoder = 0.3, 0.7
    step = 1e-6
    outer = logistic_gradient(decoder @ embeddings)
    moved_decoder = decoder - step * eta_decoder * outer @ embeddings.T
    moved_embeddings = embeddings - step * eta_encoder * decoder.T @ outer

    def conserved(decoder, embeddings):
        return decoder.T @ decoder / eta_decoder - embeddings @ embeddings.T / eta_encoder

    drift = (conserved(moved_decoder, moved_embeddings) - conserved(decoder, embeddings)) / step
    # Euler's step leaves its own square; what is conserved shows no drift of first order.
    assert np.abs(drift).max() < 1e-4
    unweighted = decoder.T @ decoder - embeddings @ embeddings.T
    moved = moved_decoder.T @ moved_decoder - moved_embeddings @ moved_embeddings.T
    assert np.abs(moved - unweighted).max() / step > 0.1


def run_full_pair(eta_decoder, eta_encoder, eta_bias, target, seed, draws, time, step=0.01):
    """Integrate decoder, bias and both embeddings from Gaussian starts by classical Runge-Kutta steps."""
    generator = np.random.default_rng(seed)
    state = np.vstack([generator.standard_normal(draws), np.zeros(draws), generator.standard_normal((2, draws))])
    state[2:] *= np.sqrt(2)

    def motion(state):
        residual = state[0] * state[2:] + state[1] - target
        pull = np.vstack([(residual * state[2:]).sum(axis=0), residual.sum(axis=0), state[0] * residual])
        return -np.array([[eta_decoder], [eta_bias], [eta_encoder], [eta_encoder]]) * pull

    start = state
    for _ in range(int(time / step)):
        first = motion(state)
        second = motion(state + step / 2 * first)
        third = motion(state + step / 2 * second)
        state = state + step / 6 * (first + 2 * second + 2 * third + motion(state + step * third))
    return start, state


def test_off_the_set_the_general_invariant_holds_and_the_simple_one_does_not():
    for eta_bias in (0.0, 1.0):
        start, end = run_full_pair(0.5, 0.8, eta_bias, target=1.0, seed=3, draws=200, time=5.0)

        def terms(state):
            decoder, centroid = state[0], state[2:].mean(axis=0)
            separation = (state[2] - state[3]) / 2
            simple = catalogue["repons.pair.invariant"](a=decoder, c=separation, eta_decoder=0.5, eta_encoder=0.8)
            general = catalogue["repons.pair.general_invariant"](
                a=decoder, c=separation, centroid=centroid, eta_decoder=0.5, eta_encoder=0.8
            )
            return simple, general

        (simple, general), (later_simple, later_general) = terms(start), terms(end)
        np.testing.assert_allclose(later_general, general, atol=1e-5)
        assert np.median(np.abs(later_simple - simple)) > 0.01


def test_with_a_frozen_bias_far_from_the_target_eq_12_is_no_bound():
    _, end = run_full_pair(3.0, 0.3, 0.0, target=1.0, seed=4, draws=1000, time=60.0)
    collapsed = np.abs(end[2] - end[3]) / 2 < 0.05
    error = collapsed.std() / np.sqrt(collapsed.size)
    assert collapsed.mean() - 4 * error > pair.collapse_probability(3.0, 0.3)
    assert collapsed.mean() > 0.9


@given(amplitude, amplitude, rate, rate, st.floats(0, 1))
def test_statements_and_functions_are_the_same_numbers(decoder, separation, eta_decoder, eta_encoder, relaxations):
    rates = {"eta_decoder": eta_decoder, "eta_encoder": eta_encoder}
    state = (decoder, separation, eta_decoder, eta_encoder)
    conserved = float(pair.invariant(*state))
    terms = decoder**2 / (2 * eta_decoder) + separation**2 / eta_encoder

    def stated(key, **values):
        return float(catalogue[f"repons.pair.{key}"](**values))

    assert stated("invariant", a=decoder, c=separation, **rates) == pytest.approx(conserved, abs=1e-12 * terms)
    gamma = pair.relaxation_rate(*state)
    assert stated("relaxation_rate", invariant=conserved, **rates) == pytest.approx(float(gamma), rel=1e-12)
    left, kept = (
        stated("fate.separation", c=separation, invariant=conserved, eta_encoder=eta_encoder),
        stated("fate.decoder", a=decoder, invariant=conserved, eta_decoder=eta_decoder),
    )
    np.testing.assert_allclose(pair.final(*state), [kept, left], rtol=1e-12, atol=1e-15)
    if abs(conserved) < 1e-3 * terms:
        return  # the statements as written cancel there; the functions are tested against exact arithmetic
    t = relaxations / gamma
    values = {"c": separation, "invariant": conserved, "t": t} | rates
    later = [stated("trajectory.decoder", a=decoder, **values), stated("trajectory.separation", **values)]
    np.testing.assert_allclose(pair.trajectory(t, *state), later, rtol=1e-9)
    if t > 1e-3 / gamma:
        reached = later[1]
        time = stated("collapse_time", c=separation, invariant=conserved, separation=reached, **rates)
        assert time == pytest.approx(t, rel=1e-5)
        assert pair.collapse_time(reached, *state) == pytest.approx(t, rel=1e-5)


@given(rate, rate, rate, rate, st.integers(1, 20))
def test_laws_and_functions_are_the_same_numbers(eta_decoder, eta_encoder, sigma_a, sigma_c, members):
    values = {"eta_decoder": eta_decoder, "eta_encoder": eta_encoder, "sigma_a": sigma_a, "sigma_c": sigma_c}
    law = catalogue["repons.pair.collapse_probability"](**values)
    assert pair.collapse_probability(**values) == pytest.approx(float(law), rel=1e-12)
    law = catalogue["repons.pair.sign_flow.probability"](**values)
    assert pair.collapse_probability(**values, optimiser="sign") == pytest.approx(float(law), rel=1e-12)
    law = catalogue["repons.cluster.collapse_probability"](cluster=members, **values)
    assert cluster.collapse_probability(cluster=members, **values) == pytest.approx(float(law), rel=1e-12)
    ratio = catalogue["repons.pair.critical_ratio"](probability=0.3, sigma_a=sigma_a, sigma_c=sigma_c)
    assert pair.critical_ratio(0.3, sigma_a, sigma_c) == pytest.approx(float(ratio), rel=1e-12)
    state = {"a": sigma_a, "c": sigma_c, "eta_decoder": eta_decoder, "eta_encoder": eta_encoder}
    conserved = catalogue["repons.cluster.invariant"](cluster=members, **state)
    terms = sigma_a**2 / eta_decoder + sigma_c**2 / eta_encoder
    assert cluster.invariant(cluster=members, **state) == pytest.approx(float(conserved), abs=1e-12 * terms)


def test_critical_statements_are_those_of_the_trajectory():
    times = np.array([0.0, 1.0, 1e6])
    stated = catalogue["repons.pair.trajectory.critical"](c=1.0, t=times, eta_decoder=0.1)
    np.testing.assert_allclose(pair.trajectory(times, 1.0, 1.0, 0.1, 0.2)[1], stated, rtol=1e-13)


@pytest.mark.parametrize("decay", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("start", [(1.0, 0.5), (0.5, 2.0), (-1.0, 1.0)])
def test_the_decay_statement_and_its_function_are_the_same_number(start, decay):
    statement = catalogue["repons.pair.weight_decay.separation"]
    values = {"c": start[1], "invariant": float(pair.invariant(*start, 0.1, 0.3)), "decay_decoder": decay}
    values["eta_encoder"] = 0.3
    numbers = {statement.quantity(name).symbol: sympy.Float(value, 40) for name, value in values.items()}
    stated = float(statement.right_side.subs(numbers).evalf(40))
    assert pair.separation_with_decay(*start, 0.1, 0.3, decay) == pytest.approx(stated, rel=1e-12)


def test_equal_decay_keeps_the_boundary_and_decay_of_one_side_does_not():
    # Small steps with kappa = 0.5 for both, and for the decoder alone, from both sides close to C = 0.
    for decay_encoder, expected in ((0.5, [1, -1]), (0.0, [-1, -1])):
        state = np.array([[1.01, 0.99], [1.0, 1.0]])
        for _ in range(4000):
            shrink = np.array([0.2 * state[1] ** 2 + 0.5, 0.2 * state[0] ** 2 + decay_encoder])
            state = state * (1 - 1e-3 * shrink)
        np.testing.assert_array_equal(np.sign(pair.invariant(*state, 0.1, 0.2)), expected)


def test_formulas_are_set_as_in_a_paper():
    law = catalogue["repons.pair.collapse_probability"].latex()
    assert r"\frac{\sigma_{a}}{\sigma_{c}} \sqrt{\frac{\eta_{x}}{2 \eta_{A}}}" in law
    assert catalogue["repons.pair.decoder_motion"].latex().startswith(r"\frac{\mathrm{d}a}{\mathrm{d}t} = ")


def test_keys_are_complete():
    keys = {key for key in catalogue if key.startswith(("repons.pair", "repons.cluster"))}
    cited = set(
        itertools.chain.from_iterable(
            getattr(function, "cites", ())
            for module in (pair, cluster)
            for function in vars(module).values()
            if callable(function)
        )
    )
    assert {key for key in cited if key.startswith("repons")} <= keys
