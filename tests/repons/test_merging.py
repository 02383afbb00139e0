"""Predicted merging: the pair's law where the decoder is linear, and the linearisation where it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory.errors import InvalidInput
from geneft_theory.relations import parse
from geneft_theory.repons.linearisation import same_class_pairs, stacked_jacobian
from geneft_theory.repons.merging import predict_merging

SIZES = st.floats(0.05, 5)
RATES = st.floats(1e-4, 1e3)


def bilinear(first, second):
    return (first * second).sum(axis=1)


def perceptron(seed=0, dimension=2, width=8):
    """A tanh network on the concatenated pair in NumPy, and its exact derivatives."""
    random = np.random.default_rng(seed)
    inner, offset, outer = (random.normal(size=size) for size in ((width, 2 * dimension), width, width))

    def decode(first, second):
        return np.tanh(np.hstack([first, second]) @ inner.T + offset) @ outer

    def slopes(first, second):
        hidden = np.tanh(np.hstack([first, second]) @ inner.T + offset)
        both = (outer * (1 - hidden**2)) @ inner
        return both[:, :dimension], both[:, dimension:]

    return decode, slopes


def random_case(seed, symbols=7, dimension=2):
    embeddings = np.random.default_rng(seed).normal(size=(symbols, dimension))
    return embeddings, np.array([[0, 1], [2, 5], [6, 3]])


# --- The law ---------------------------------------------------------------------------------------------------------


@given(a=SIZES, c=SIZES, eta_decoder=RATES, eta_encoder=RATES)
def test_one_dimension_is_the_pair_of_the_paper(a, c, eta_decoder, eta_encoder):
    rates = {"eta_decoder": eta_decoder, "eta_encoder": eta_encoder}
    made = predict_merging([[c], [-c]], [[[a]]], [[0, 1]], **rates)
    constant = a**2 / (2 * eta_decoder) - c**2 / eta_encoder
    assert made.invariant[0, 0, 0] == pytest.approx(constant, rel=1e-9, abs=1e-9 * c**2 / eta_encoder)
    assert made.critical_ratio[0] == pytest.approx(a**2 / (2 * c**2))
    assert made.separation[0] == pytest.approx(c)
    if abs(made.margin[0]) > 1e-9:
        assert bool(made.merges[0]) == (constant > 0)
    expected = np.sqrt(max(0.0, -eta_encoder * constant))
    assert made.final_separation[0] == pytest.approx(expected, abs=1e-6 * c)


@given(a=SIZES, c=SIZES, eta_decoder=RATES, eta_encoder=RATES)
def test_the_sign_flow_in_one_dimension_is_a_race_of_two_straight_lines(a, c, eta_decoder, eta_encoder):
    rates = {"eta_decoder": eta_decoder, "eta_encoder": eta_encoder}
    made = predict_merging([[c], [-c]], [[[a]]], [[0, 1]], optimiser="sign", **rates)
    assert made.margin[0] == pytest.approx(np.log((a / eta_decoder) / (c / eta_encoder)), abs=1e-9)
    assert made.final_separation[0] == pytest.approx(max(0.0, c - eta_encoder * a / eta_decoder), abs=1e-9)


def matrix_flow(decoder, separation, eta_decoder, eta_encoder, time, coupling=1.0):
    """Integrate dA/dt = -2 eta_A A r r^T, dr/dt = -eta_x `coupling` A^T A r, and return r at the end."""
    shape = decoder.shape

    def velocity(_, state):
        matrix, vector = state[: decoder.size].reshape(shape), state[decoder.size :]
        pull = matrix.T @ (matrix @ vector)
        moved = -2 * eta_decoder * np.outer(matrix @ vector, vector)
        return np.concatenate([moved.ravel(), -eta_encoder * coupling * pull])

    start = np.concatenate([decoder.ravel(), separation])
    end = solve_ivp(velocity, (0, time), start, method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    return end[decoder.size :]


@pytest.mark.parametrize("seed", range(4))
def test_a_linear_decoder_does_what_is_predicted(seed):
    """Integration against prediction, at learning rates on both sides of each pair's critical ratio."""
    random = np.random.default_rng(seed)
    decoder, separation = random.normal(size=(5, 2)), random.normal(size=2)
    embeddings = np.stack([separation, -separation])
    critical = predict_merging(embeddings, [decoder], [[0, 1]], eta_decoder=1, eta_encoder=1).critical_ratio[0]
    for factor in (0.5, 2.0):
        rates = {"eta_decoder": factor * critical, "eta_encoder": 1.0}
        made = predict_merging(embeddings, [decoder], [[0, 1]], **rates)
        assert bool(made.merges[0]) == (factor < 1)
        end = matrix_flow(decoder, separation, *rates.values(), time=400.0)
        assert np.linalg.norm(end) == pytest.approx(made.final_separation[0], abs=1e-6)


def test_shared_parameters_need_their_gain_and_with_it_the_law_is_exact():
    """D(x1, x2) = w1.x1 + w2.x2 with n partners: all n rows of a position are one vector, and kappa = n.

    The pair's loss is n (|w1.r|^2 + |w2.r|^2): the matrix B = (w1, w2) follows the flow of a free decoder with both
    rates n times as large. So the pair merges as a free B would at eta_decoder, and A^T A = n B^T B needs eta_A =
    n eta_decoder to say the same.
    """
    random = np.random.default_rng(11)
    n, weights = 6, random.normal(size=(2, 2))
    embeddings = random.normal(size=(n, 2))

    def decode(first, second):
        return first @ weights[0] + second @ weights[1]

    half = (embeddings[0] - embeddings[1]) / 2
    asked = {"eta_encoder": 1.0, "eta_decoder": 1.0}
    critical = predict_merging(embeddings, decode, [[0, 1]], decoder_gain=n, **asked).critical_ratio[0]
    assert critical == pytest.approx(predict_merging(embeddings, [weights], [[0, 1]], **asked).critical_ratio[0])
    for factor in (0.5, 2.0):
        asked["eta_decoder"] = factor * critical
        made = predict_merging(embeddings, decode, [[0, 1]], decoder_gain=n, **asked)
        end = matrix_flow(weights, half, n * factor * critical, n * 1.0, time=60.0)
        assert np.linalg.norm(end) == pytest.approx(made.final_separation[0], abs=1e-6)
    literal = predict_merging(embeddings, decode, [[0, 1]], **asked)
    assert literal.merges[0]
    assert not made.merges[0]
    assert np.linalg.norm(end) > 0.1


# --- Properties ------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10**6), ratio=RATES, optimiser=st.sampled_from(["gradient_flow", "sign"]))
def test_merging_margin_ratio_and_final_separation_say_the_same(seed, ratio, optimiser):
    embeddings, pairs = random_case(seed)
    made = predict_merging(embeddings, bilinear, pairs, eta_decoder=ratio, eta_encoder=1.0, optimiser=optimiser)
    np.testing.assert_array_equal(made.merges, made.margin >= 0)
    np.testing.assert_allclose(made.margin, np.log(made.critical_ratio / ratio), atol=1e-9)
    np.testing.assert_array_equal(made.merges, made.final_separation == 0)
    assert np.all(made.final_separation <= made.separation * (1 + 1e-12))
    if optimiser == "gradient_flow":
        lowest = np.linalg.eigvalsh(made.invariant)[:, 0]
        clear = np.abs(made.margin) > 1e-6
        np.testing.assert_array_equal((lowest >= -1e-9 * np.abs(made.invariant).max())[clear], made.merges[clear])
        np.testing.assert_allclose(
            np.sqrt(np.maximum(-lowest, 0)), made.final_separation, atol=1e-6 * made.separation.max()
        )


@given(seed=st.integers(0, 10**6), factor=st.floats(1e-3, 1e3))
def test_only_the_ratio_of_rates_and_no_prefactor_of_the_loss_matters(seed, factor):
    embeddings, pairs = random_case(seed)
    one = predict_merging(embeddings, bilinear, pairs, eta_decoder=0.3, eta_encoder=0.7)
    other = predict_merging(embeddings, bilinear, pairs, eta_decoder=0.3 * factor, eta_encoder=0.7 * factor)
    np.testing.assert_allclose(other.margin, one.margin, atol=1e-9)
    np.testing.assert_allclose(other.final_separation, one.final_separation, atol=1e-7)
    gained = predict_merging(embeddings, bilinear, pairs, eta_decoder=0.3, eta_encoder=0.7, decoder_gain=factor)
    np.testing.assert_allclose(gained.margin, one.margin - np.log(factor), atol=1e-9)


@given(seed=st.integers(0, 10**6), angle=st.floats(0, 6.28))
def test_names_of_symbols_and_axes_of_embeddings_do_not_matter(seed, angle):
    embeddings, pairs = random_case(seed)
    rates = {"eta_decoder": 1.0, "eta_encoder": 1.0}
    one = predict_merging(embeddings, bilinear, pairs, **rates)
    names = np.random.default_rng(seed).permutation(len(embeddings))
    renamed = np.empty_like(embeddings)
    renamed[names] = embeddings
    np.testing.assert_allclose(predict_merging(renamed, bilinear, names[pairs], **rates).margin, one.margin, atol=1e-8)
    turned = predict_merging(embeddings, bilinear, pairs[:, ::-1], **rates)
    np.testing.assert_allclose(turned.margin, one.margin, atol=1e-8)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rotated = predict_merging(embeddings @ rotation.T, bilinear, pairs, **rates)
    np.testing.assert_allclose(rotated.margin, one.margin, atol=1e-6)


def test_limits_by_name():
    rates = {"eta_decoder": 1.0, "eta_encoder": 1.0}
    for optimiser in ("gradient_flow", "sign"):
        same = predict_merging([[1.0, 2.0], [1.0, 2.0]], [np.eye(2)], [[0, 1]], optimiser=optimiser, **rates)
        assert (same.margin[0], same.merges[0], same.final_separation[0]) == (np.inf, True, 0.0)
        blind = predict_merging([[1.0, 2.0], [3.0, 2.0]], [[[0.0, 5.0]]], [[0, 1]], optimiser=optimiser, **rates)
        assert (blind.margin[0], blind.critical_ratio[0], blind.merges[0]) == (-np.inf, 0.0, False)
        assert blind.final_separation[0] == pytest.approx(1.0)
        none = predict_merging([[1.0], [2.0]], bilinear, np.zeros((0, 2), dtype=int), optimiser=optimiser, **rates)
        assert none.margin.shape == (0,)
        assert none.invariant.shape == (0, 1, 1)


# --- The linearisation -----------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10**6), dimension=st.integers(1, 4))
def test_central_differences_agree_with_exact_derivatives(seed, dimension):
    decode, slopes = perceptron(seed, dimension)
    embeddings, pairs = random_case(seed, dimension=dimension)
    exact = stacked_jacobian(embeddings, None, pairs, jacobian=slopes)
    np.testing.assert_allclose(stacked_jacobian(embeddings, decode, pairs), exact, atol=2e-8)
    given_step = stacked_jacobian(embeddings, decode, pairs, step=1e-4)
    np.testing.assert_allclose(given_step, exact, atol=1e-4)


def test_a_decoder_in_float32_gets_a_longer_step():
    decode, slopes = perceptron(3)
    embeddings, pairs = random_case(3)

    def coarse(first, second):
        return decode(first, second).astype(np.float32)

    exact = stacked_jacobian(embeddings, None, pairs, jacobian=slopes)
    assert np.abs(stacked_jacobian(embeddings, coarse, pairs) - exact).max() < 1e-3
    # With the step for float64 the rounding of the outputs, 1e-7 of their size, fills the difference.
    assert np.abs(stacked_jacobian(embeddings, coarse, pairs, step=6e-6) - exact).max() > 1e-2


def test_the_order_of_differences_is_two():
    decode, slopes = perceptron(4)
    embeddings, pairs = random_case(4)
    exact = stacked_jacobian(embeddings, None, pairs, jacobian=slopes)
    errors = [np.abs(stacked_jacobian(embeddings, decode, pairs, step=h) - exact).max() for h in (0.02, 0.01)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.05)


def test_rows_that_are_not_trained_for_both_symbols_do_not_count():
    embeddings, pairs = random_case(1)
    training = np.random.default_rng(2).random((7, 7)) < 0.6
    everything = stacked_jacobian(embeddings, bilinear, pairs)
    kept = stacked_jacobian(embeddings, bilinear, pairs, training=training)
    for rows, full, (i, j) in zip(kept, everything, pairs, strict=True):
        counted = np.concatenate([training[i] & training[j], training[:, i] & training[:, j]])
        np.testing.assert_array_equal(rows[counted], full[counted])
        assert not rows[~counted].any()
    rates = {"eta_decoder": 1.0, "eta_encoder": 1.0}
    fewer = predict_merging(embeddings, bilinear, pairs, training=training, **rates)
    assert np.all(fewer.margin <= predict_merging(embeddings, bilinear, pairs, **rates).margin + 1e-12)
    none = predict_merging(embeddings, bilinear, pairs, training=np.zeros((7, 7)), **rates)
    assert np.all(none.margin == -np.inf)


@pytest.mark.parametrize(
    ("name", "count"), [("modulo:3", 135), ("modulo:5", 75), ("complete-bipartite:10", 235), ("greater-than", 0)]
)
def test_pairs_of_one_class(name, count):
    relation = parse(name, 30).matrix
    pairs = same_class_pairs(relation)
    assert pairs.shape == (count, 2)
    for i, j in pairs:
        np.testing.assert_array_equal(relation[i], relation[j])
        np.testing.assert_array_equal(relation[:, i], relation[:, j])


# --- Input -----------------------------------------------------------------------------------------------------------

GOOD = {"embeddings": [[0.0], [1.0]], "decoder": [[[1.0]]], "pairs": [[0, 1]], "eta_decoder": 1.0, "eta_encoder": 1.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": [0.0, 1.0]}, "embeddings must have shape"),
        ({"embeddings": [[np.nan], [1.0]]}, "embeddings must lie in"),
        ({"pairs": [[0, 0]]}, "pairs must hold two different symbols"),
        ({"pairs": [[0, 2]]}, "pairs must hold two different symbols in 0 ... 1"),
        ({"pairs": [[0.0, 1.0]]}, "pairs must be integers of shape"),
        ({"pairs": [(0, 1), (2,)]}, r"pairs must be integers of shape \(k, 2\); got \[\(0, 1\), \(2,\)\]"),
        ({"eta_decoder": 0.0}, "eta_decoder must lie in"),
        ({"eta_encoder": -1.0}, "eta_encoder must lie in"),
        ({"eta_decoder": [1.0, 2.0]}, "eta_decoder must be a single number"),
        ({"decoder_gain": 0.0}, "decoder_gain must lie in"),
        ({"decoder_gain": [1.0, 2.0]}, "decoder_gain must be one number or one a pair"),
        ({"optimiser": "adam"}, "optimiser must be one of gradient_flow, sign"),
        ({"decoder": [[1.0]]}, "decoder must be a callable or Jacobians of shape"),
        ({"training": np.ones((2, 2))}, "decoder must be a callable where training or jacobian is given"),
        ({"decoder": None}, "decoder must be a callable where no jacobian is given"),
        ({"decoder": bilinear, "training": np.ones((3, 3))}, "training must have shape"),
        ({"decoder": lambda first, second: 1.0}, "decoder must return an array of shape"),
        ({"decoder": lambda first, second: first[:, 0] * np.nan}, "decoder must lie in"),
        ({"decoder": bilinear, "step": 0.0}, "step must lie in"),
        ({"decoder": bilinear, "step": 1e-30}, "step must be large enough"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = GOOD | change
    positional = [arguments.pop(name) for name in ("embeddings", "decoder", "pairs")]
    with pytest.raises(InvalidInput, match=message):
        predict_merging(*positional, **arguments)


def test_a_relation_must_be_square():
    with pytest.raises(InvalidInput, match="relation must be a square table"):
        same_class_pairs(np.ones((2, 3)))


def test_tensors_that_require_gradients_are_welcome():
    torch = pytest.importorskip("torch")
    table = np.random.default_rng(3).normal(size=(4, 2))
    weight = torch.randn(1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)

    def tensor_decoder(first, second):
        return (torch.as_tensor(np.hstack([first, second])) @ weight.T)[:, 0]

    def array_decoder(first, second):
        return tensor_decoder(first, second).detach().numpy()

    rates = {"eta_decoder": 0.1, "eta_encoder": 0.2}
    tensors = predict_merging(torch.nn.Parameter(torch.as_tensor(table)), tensor_decoder, [[0, 1], [2, 3]], **rates)
    arrays = predict_merging(table, array_decoder, [[0, 1], [2, 3]], **rates)
    np.testing.assert_array_equal(tensors.margin, arrays.margin)
