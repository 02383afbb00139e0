"""Starts that are not aligned: exact courses and ends against gradient descent on the matrices themselves."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.alignment.distance import final_distance
from geneft_theory.alignment.exact import exact_final_distance, exact_merges, exact_trajectory
from geneft_theory.alignment.scalar_output import scalar_final_distance, scalar_trajectory
from geneft_theory.alignment.trajectory import trajectory

seeds = st.integers(0, 10_000)
sizes = st.integers(1, 5)


def drawn(seed, P, m):
    """Return separation, decoder, target, eta_h, eta_y, X of moderate but varied sizes."""
    generator = np.random.default_rng(seed)
    separation = generator.standard_normal(P) * 10 ** generator.uniform(-1.5, 0.3)
    decoder = generator.standard_normal((m, P)) * 10 ** generator.uniform(-1.5, 0.3)
    return separation, decoder, generator.standard_normal(m), *10 ** generator.uniform(-0.7, 0.7, 3)


def pace(separation, decoder, target, eta_h, eta_y, X):
    strength = eta_h / eta_y * X
    return eta_y * (
        separation @ separation + strength * np.sum(decoder**2) + np.sqrt(strength) * np.linalg.norm(target)
    )


def by_gradients(t, separation, decoder, target, eta_h, eta_y, X):
    """Integrate the flow of the matrices with respect to the squared error of dy = D_y dh."""
    m, P = decoder.shape

    def motion(_, flat):
        dh, D_y = flat[:P], flat[P:].reshape(m, P)
        missing = D_y @ dh - target
        return np.concatenate([-eta_h * X / 2 * D_y.T @ missing, (-eta_y / 2 * np.outer(missing, dh)).ravel()])

    initial = np.concatenate([separation, decoder.ravel()])
    done = solve_ivp(motion, (0, t[-1]), initial, t_eval=t, method="DOP853", rtol=1e-11, atol=1e-13)
    assert done.success
    dh, D_y = done.y[:P], done.y[P:].reshape(m, P, -1)
    dy = np.einsum("mpt,pt->mt", D_y, dh)
    y = np.sum(dy**2, axis=0)
    return np.sum(dh**2, axis=0), y, y - target @ dy


def close(found, expected, target, strength):
    size = max(expected[1].max(), target @ target, expected[0].max() ** 2 / strength)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-8)
    np.testing.assert_allclose(found[1:], expected[1:], atol=1e-8 * size)


@given(seeds, sizes, sizes, st.booleans())
def test_the_reduced_system_is_the_flow_of_the_matrices(seed, P, m, identical):
    separation, decoder, target, *rates = drawn(seed, P, m)
    target = target * (not identical)
    t = np.array([0.1, 1.0, 5.0]) / pace(separation, decoder, target, *rates)
    expected = by_gradients(t, separation, decoder, target, *rates)
    eta_h, eta_y, X = rates
    close(exact_trajectory(t, separation, decoder, target, *rates), expected, target, eta_h / eta_y * X)


@given(seeds, sizes)
def test_one_output_in_closed_form(seed, P):
    separation, decoder, target, *rates = drawn(seed, P, 1)
    t = np.array([0.1, 1.0, 5.0]) / pace(separation, decoder, target, *rates)
    expected = by_gradients(t, separation, decoder, target, *rates)
    row = decoder[0]
    h, dy = scalar_trajectory(t, separation @ separation, row @ row, row @ separation, *rates, target[0])
    np.testing.assert_allclose(h, expected[0], rtol=1e-8)
    np.testing.assert_allclose(dy**2, expected[1], atol=1e-8 * max(dy.max() ** 2, target[0] ** 2))
    np.testing.assert_allclose(dy * (dy - target[0]), expected[2], atol=1e-8 * max(dy.max() ** 2, target[0] ** 2))
    # And its limit.
    eta_h, eta_y, X = rates
    h, dy = scalar_trajectory(1e40, separation @ separation, row @ row, row @ separation, *rates, target[0])
    assert dy == pytest.approx(target[0], rel=1e-10)
    for left in (
        scalar_final_distance(separation @ separation, row @ row, row @ separation, eta_h / eta_y, X, target[0] ** 2),
        exact_final_distance(separation, decoder, target, eta_h / eta_y, X),
    ):
        assert left == pytest.approx(h, rel=1e-10)


@settings(max_examples=10)
@given(seeds, sizes, sizes)
def test_an_aligned_start_keeps_to_the_three_variables(seed, P, m):
    separation, decoder, target, eta_h, eta_y, X = drawn(seed, P, m)
    p = decoder[:, 0]
    decoder = np.outer(p, separation) / np.linalg.norm(separation)
    dy = decoder @ separation
    h, y, w = separation @ separation, dy @ dy, dy @ (dy - target)
    t = np.array([0.1, 1.0, 5.0]) / pace(separation, decoder, target, eta_h, eta_y, X)
    closed = trajectory(t, h, y, w, eta_h, eta_y, X, target @ target)
    close(exact_trajectory(t, separation, decoder, target, eta_h, eta_y, X), closed, target, eta_h / eta_y * X)
    left = final_distance(h, y, eta_h / eta_y, X, target @ target)
    assert exact_final_distance(separation, decoder, target, eta_h / eta_y, X) == pytest.approx(left, rel=1e-7)


@settings(max_examples=6)
@given(st.integers(0, 200), st.integers(2, 3), st.integers(2, 3))
def test_the_end_of_the_course_is_the_final_distance(seed, P, m):
    separation, decoder, target, eta_h, eta_y, X = drawn(seed, P, m)
    left = exact_final_distance(separation, decoder, target, eta_h / eta_y, X)
    h, y, w = exact_trajectory(60 / (eta_y * left), separation, decoder, target, eta_h, eta_y, X)
    assert h == pytest.approx(left, rel=1e-7)
    assert y == pytest.approx(target @ target, rel=1e-6)
    assert w == pytest.approx(0, abs=1e-6 * (target @ target))


@given(seeds, sizes, sizes, st.floats(-1.5, 1.5))
def test_identical_targets_leave_the_largest_eigenvalue(seed, P, m, power):
    separation, decoder, _, eta_h, eta_y, X = drawn(seed, P, m)
    decoder = decoder * 10**power
    strength = eta_h / eta_y * X
    matrix = np.outer(separation, separation) - strength * decoder.T @ decoder
    size = separation @ separation + strength * np.sum(decoder**2)
    left = exact_final_distance(separation, decoder, None, eta_h / eta_y, X)
    assert left == pytest.approx(max(0.0, np.linalg.eigvalsh(matrix)[-1]), abs=1e-13 * size)
    assert exact_merges(separation, decoder, eta_h / eta_y, X) == (left == 0)


def test_what_is_left_keeps_its_digits():
    """Where the decoder is strong, an eigenvalue of the rounded matrix would be noise."""
    separation, decoder = np.array([1e-3, 1e-4, 1.0]), np.array([[1e6, 0, 0], [0, 0, 1e6]])
    with mpmath.workdps(60):
        matrix = mpmath.matrix((np.outer(separation, separation) * 0).tolist())
        for i in range(3):
            for j in range(3):
                seen = sum(mpmath.mpf(row[i]) * mpmath.mpf(row[j]) for row in decoder)
                matrix[i, j] = mpmath.mpf(separation[i]) * mpmath.mpf(separation[j]) - seen
        exact = max(mpmath.eigsy(matrix, eigvals_only=True))
    assert exact_final_distance(separation, decoder) == pytest.approx(float(exact), rel=1e-12)
    assert not exact_merges(separation, decoder)


def test_a_merge_is_decided_at_the_boundary():
    decoder = [[1.0, 0.0], [0.0, 2.0]]
    # dh . (D^T D)^+ dh = 0.36 + 0.64 = 1
    assert exact_merges([0.6, 1.6], decoder, ratio=[0.999, 1.001]).tolist() == [False, True]
    assert exact_merges([0.6, 0.0], [[1.0, 0.0]])
    assert not exact_merges([0.6, 1e-6], [[1.0, 0.0]])
    # A decoder that sees nothing leaves everything as it is.
    assert exact_final_distance([0.6, 0.8], [[0.0, 0.0], [0.0, 0.0]]) == pytest.approx(1.0, rel=1e-15)


@given(seeds, sizes, sizes)
def test_rotations_of_both_spaces_change_nothing(seed, P, m):
    separation, decoder, target, eta_h, eta_y, X = drawn(seed, P, m)
    generator = np.random.default_rng(seed)
    inner, outer = (np.linalg.qr(generator.standard_normal((size, size)))[0] for size in (P, m))
    ratio = eta_h / eta_y
    turned = exact_final_distance(inner @ separation, outer @ decoder @ inner.T, None, ratio, X)
    size = separation @ separation
    assert turned == pytest.approx(float(exact_final_distance(separation, decoder, None, ratio, X)), abs=1e-12 * size)
    t = 1 / pace(separation, decoder, target, eta_h, eta_y, X)
    one = exact_trajectory(t, separation, decoder, target, eta_h, eta_y, X)
    other = exact_trajectory(t, inner @ separation, outer @ decoder @ inner.T, outer @ target, eta_h, eta_y, X)
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-8 * (np.abs(one).max() + one[0] ** 2 / (ratio * X)))


def test_a_linear_network_does_what_the_theory_says_with_no_parameter_fitted():
    """One hidden layer, inputs +-dx/2, plain gradient descent: eta_h = eta_y = learning_rate/2."""
    generator = np.random.default_rng(3)
    width, learning_rate, steps = 50, 1e-3, 8000
    inputs, targets = np.array([[0.5], [-0.5]]) * -1.2, np.array([[-0.4, 0.1], [0.4, -0.1]])
    first, second = generator.standard_normal((width, 1)) * 0.05, generator.standard_normal((2, width)) * 0.05
    separation, decoder, target = first @ (inputs[1] - inputs[0]), second.copy(), targets[1] - targets[0]
    measured = []
    for step in range(steps + 1):
        hidden = inputs @ first.T
        outputs = hidden @ second.T
        if step % 2000 == 0:
            dh, dy = hidden[1] - hidden[0], outputs[1] - outputs[0]
            measured.append((dh @ dh, dy @ dy, dy @ (dy - target)))
        # The loss is half the mean over both points.
        errors = (outputs - targets) / 2
        first, second = (
            first - learning_rate * second.T @ errors.T @ inputs,
            second - learning_rate * errors.T @ hidden,
        )
    rates = learning_rate / 2, learning_rate / 2, 1.2**2
    t = np.arange(0, steps + 1, 2000)
    predicted = np.transpose(exact_trajectory(t, separation, decoder, target, *rates))
    # The finite step: its error is of the order of the learning rate.
    np.testing.assert_allclose(measured, predicted, atol=5 * learning_rate * np.max(predicted))
    # The aligned theory is off by up to some hundredths here.
    start = trajectory(t, *measured[0], *rates, target @ target)
    assert 0.02 < np.max(np.abs(np.transpose(start)[:, 0] - predicted[:, 0])) / predicted[:, 0].max() < 0.5


def test_an_ensemble_is_a_loop():
    generator = np.random.default_rng(0)
    separation, decoder = generator.standard_normal((2, 1, 4)), generator.standard_normal((3, 2, 4))
    target = generator.standard_normal((2, 1, 2)) * np.array([1.0, 0.0])[:, None, None]
    t = [0.5, 2.0]
    whole = np.array(exact_trajectory(t, separation, decoder, target, 0.3, 0.5))
    left = exact_final_distance(separation, decoder, target, 0.6)
    assert whole.shape == (3, 2, 3, 2)
    assert left.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        alone = separation[i, 0], decoder[j], target[i, 0]
        np.testing.assert_allclose(whole[:, i, j], exact_trajectory(t, *alone, 0.3, 0.5), rtol=1e-9, atol=1e-11)
        assert left[i, j] == pytest.approx(float(exact_final_distance(*alone, 0.6)), rel=1e-9)
    assert exact_trajectory(0, [1.0], [[1.0]], [0.5], 1, 1)[0] == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"separation": [0.0, 0.0]}, "separation"),
        ({"separation": [1e-200, 0.0]}, "separation"),
        ({"separation": [np.nan, 1.0]}, "separation"),
        ({"separation": [1.0, 2.0, 3.0]}, "separation and decoder"),
        ({"decoder": [1.0, 2.0]}, "separation and decoder"),
        ({"decoder": np.zeros((0, 2))}, "separation and decoder"),
        ({"target": [1.0, 2.0]}, "target"),
        ({"ratio": 0}, "ratio"),
        ({"X": -1}, "X"),
        ({"ratio": [1.0, 2.0], "separation": np.ones((3, 2))}, "separation"),
    ],
)
def test_bad_input_is_refused_by_name(change, name):
    good = {"separation": [1.0, 0.5], "decoder": [[1.0, 0.5]], "target": [0.5], "ratio": 1.0, "X": 1.0}
    with pytest.raises(InvalidInput, match=rf"^{name} [^\n]*$"):
        exact_final_distance(**(good | change))


@pytest.mark.parametrize("t", [-1, [1, 1], [2, 1], [], [[1]], np.nan])
def test_times_must_rise(t):
    with pytest.raises(InvalidInput, match=r"^t must"):
        exact_trajectory(t, [1.0], [[1.0]], [0.5], 1, 1)


def test_a_difference_of_outputs_needs_room():
    with pytest.raises(InvalidInput, match=r"^dy must satisfy"):
        scalar_trajectory(1, 1, 1, 1.01, 1, 1, 1, 1)
    with pytest.raises(InvalidInput, match=r"^dy must satisfy"):
        scalar_final_distance(1, 1, -1.01, 1, 1, 1)
    with pytest.raises(InvalidInput, match=r"^target must"):
        scalar_trajectory(1, 1, 1, 1, 1, 1, 1, np.inf)


@given(*[st.floats(-40, 40).map(lambda power: 10**power)] * 6, st.floats(-1, 1))
def test_nothing_leaves_the_numbers(t, h, decoder, eta_h, eta_y, X, cosine):
    for part in scalar_trajectory(
        [0, t], h, decoder, cosine * np.sqrt(h) * np.sqrt(decoder), eta_h, eta_y, X, [[0], [3]]
    ):
        assert np.all(np.isfinite(part))
