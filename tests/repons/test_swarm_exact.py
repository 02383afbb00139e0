"""The exact solution of a balanced swarm: against integration, in many digits, in its limits, and restarted."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.repons import pair, swarm

seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0.1, 3)


def balanced(seed, dimension, outputs, repons, eta_decoder, eta_encoder, imbalance, scale=1.0):
    """A random start with A^T A/eta_A - X X^T/eta_x = imbalance; needs outputs >= dimension."""
    rng = np.random.default_rng(seed)
    places = scale * rng.normal(size=(repons, dimension))
    values, vectors = np.linalg.eigh(places.T @ places + imbalance * np.eye(dimension))
    frame, _ = np.linalg.qr(rng.normal(size=(outputs, dimension)))
    rows = frame @ (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return places * np.sqrt(eta_encoder), rows * np.sqrt(eta_decoder), rng.normal(size=(repons, outputs))


def products(embeddings, decoder):
    """What does not depend on a rotation of the embedding space."""
    rows = np.concatenate([embeddings, decoder], axis=-2)
    return rows @ np.swapaxes(rows, -1, -2)


@given(
    seeds, st.integers(1, 3), st.integers(0, 2), st.integers(1, 5), rates, rates, st.floats(0, 2), st.floats(0.05, 1)
)
def test_it_is_the_integrated_one(seed, dimension, extra, repons, eta_decoder, eta_encoder, imbalance, scale):
    outputs = dimension + extra
    embeddings, decoder, targets = balanced(
        seed, dimension, outputs, repons, eta_decoder, eta_encoder, imbalance, scale
    )
    bias = np.random.default_rng(seed).normal(size=outputs)
    times = [0, 0.1, 1, 5]
    exact = swarm.exact(embeddings, decoder, bias, targets, times, eta_decoder, eta_encoder)
    followed = swarm.integrate(
        embeddings, decoder, bias, targets, times, eta_decoder, eta_encoder, tolerance=1e-10
    ).raise_for_status()
    size = np.abs(products(followed.embeddings, followed.decoder)).max()
    np.testing.assert_allclose(
        products(exact.embeddings, exact.decoder), products(followed.embeddings, followed.decoder), atol=1e-7 * size
    )
    outputs = followed.embeddings @ np.swapaxes(followed.decoder, -1, -2) + followed.bias[..., None, :]
    np.testing.assert_allclose(exact.outputs, outputs, atol=1e-7 * size)
    np.testing.assert_allclose(exact.products, exact.embeddings @ np.swapaxes(exact.embeddings, -1, -2), atol=1e-12)
    between = followed.embeddings[..., :, None, :] - followed.embeddings[..., None, :, :]
    np.testing.assert_allclose(exact.distances, np.linalg.norm(between, axis=-1), atol=1e-5)


@given(seeds, st.integers(1, 4), st.integers(1, 5), rates, rates)
def test_on_a_line_every_start_will_do_and_signs_are_kept(seed, outputs, repons, eta_decoder, eta_encoder):
    rng = np.random.default_rng(seed)
    embeddings, decoder = rng.normal(size=(repons, 1)), rng.normal(size=(outputs, 1))
    targets = rng.normal(size=(repons, outputs))
    exact = swarm.exact(embeddings, decoder, None, targets, [0, 0.3, 3], eta_decoder, eta_encoder)
    followed = swarm.integrate(
        embeddings, decoder, None, targets, [0, 0.3, 3], eta_decoder, eta_encoder, tolerance=1e-10
    )
    np.testing.assert_allclose(exact.embeddings, followed.embeddings, atol=1e-7)
    np.testing.assert_allclose(exact.decoder, followed.decoder, atol=1e-7)


@given(st.floats(-3, 3), st.floats(-3, 3), rates, rates)
def test_two_like_repons_are_the_pair(a, c, eta_decoder, eta_encoder):
    times = np.array([0, 0.5, 50, 1e6])
    exact = swarm.exact([[c], [-c]], [[a]], [0.7], [[0.7], [0.7]], times, eta_decoder, eta_encoder)
    expected_a, expected_c = pair.trajectory(times, a, c, eta_decoder, eta_encoder)
    # Close to the boundary C = 0 its rounding decides at late times.
    size = eta_encoder * a**2 + 2 * eta_decoder * c**2
    near = 1e-6 + 1e-15 * size * times[-1]
    if abs(eta_encoder * a**2 - 2 * eta_decoder * c**2) > 1e-9 * size:
        np.testing.assert_allclose(exact.decoder[:, 0, 0], expected_a, atol=near)
        np.testing.assert_allclose(exact.embeddings[:, 0, 0], expected_c, atol=near)


@given(seeds, st.integers(1, 3), rates, rates, st.floats(0, 1), st.floats(0.01, 3), st.floats(0.01, 3))
def test_going_on_from_a_later_time_is_the_same(seed, dimension, eta_decoder, eta_encoder, imbalance, first, second):
    embeddings, decoder, targets = balanced(seed, dimension, dimension + 1, 4, eta_decoder, eta_encoder, imbalance)
    eta = (eta_decoder, eta_encoder)
    whole = swarm.exact(embeddings, decoder, None, targets, [first, first + second], *eta)
    again = swarm.exact(whole.embeddings[0], whole.decoder[0], None, targets, [second], *eta)
    np.testing.assert_allclose(
        products(again.embeddings[0], again.decoder[0]), products(whole.embeddings[1], whole.decoder[1]), atol=1e-9
    )


def in_many_digits(embeddings, decoder, targets, time, eta_decoder, eta_encoder):
    """The formula as it stands, with as many digits as its exponentials need."""
    n, p, d = *targets.shape, embeddings.shape[1]
    with mpmath.workdps(int(60 + 10 * time)):
        first, second = mpmath.mpf(eta_decoder), mpmath.mpf(eta_encoder)
        s = mpmath.sqrt(first * second)
        start = mpmath.matrix(d, p + n)
        for k in range(d):
            for j in range(p + n):
                start[k, j] = (
                    mpmath.mpf(decoder[j, k]) / mpmath.sqrt(first)
                    if j < p
                    else mpmath.mpf(embeddings[j - p, k]) / mpmath.sqrt(second)
                )
        square = start[:, :p] * start[:, :p].T - start[:, p:] * start[:, p:].T
        imbalance = sum(square[k, k] for k in range(d)) / d
        generator = mpmath.zeros(p + n)
        for j in range(p + n):
            generator[j, j] = imbalance * s / 2 * (1 if j < p else -1)
        for i in range(n):
            for k in range(p):
                generator[k, p + i] = generator[p + i, k] = mpmath.mpf(float(targets[i, k]))
        values, vectors = mpmath.eigsy(generator)
        growth = mpmath.diag([mpmath.exp(s * value * time) for value in values])
        weight = mpmath.diag([s * (mpmath.exp(2 * s * value * time) - 1) / (2 * value) for value in values])
        modes = start * vectors
        inner = (mpmath.eye(d) + modes * weight * modes.T) ** -1
        gram = vectors * growth * modes.T * inner * modes * growth * vectors.T
        return np.array(gram.tolist(), dtype=float)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
@pytest.mark.parametrize(("dimension", "outputs", "repons"), [(1, 2, 2), (2, 3, 3), (3, 3, 4)])
def test_from_small_starts_to_late_times_it_keeps_its_digits(scale, dimension, outputs, repons):
    embeddings, decoder, targets = balanced(dimension, dimension, outputs, repons, 1.0, 0.5, 0.3 * scale**2, scale)
    for time in (0.01, 3.0, 30.0):
        exact = swarm.exact(embeddings, decoder, None, targets, [time], 1.0, 0.5)
        rows = np.concatenate([exact.decoder[0], exact.embeddings[0] / np.sqrt(0.5)])
        expected = in_many_digits(embeddings, decoder, targets, time, 1.0, 0.5)
        np.testing.assert_allclose(rows @ rows.T, expected, atol=1e-12 * np.abs(expected).max())


@given(seeds, st.integers(1, 3), rates, rates, st.floats(0.01, 1))
def test_in_the_end_the_targets_are_met_and_nothing_overflows(seed, repons, eta_decoder, eta_encoder, imbalance):
    # As many dimensions as repons can carry any targets.
    embeddings, decoder, targets = balanced(seed, repons, repons + 1, repons, eta_decoder, eta_encoder, imbalance)
    end = swarm.exact(embeddings, decoder, None, targets, [1e9, 1e12, 1e100], eta_decoder, eta_encoder)
    if np.linalg.svd(targets, compute_uv=False).min() > 1e-3:
        np.testing.assert_allclose(end.outputs, np.broadcast_to(targets, end.outputs.shape), atol=1e-9)
    assert np.isfinite(end.embeddings).all()


def test_classes_in_a_line_merge_into_as_many_places_as_the_targets_have():
    rng = np.random.default_rng(0)
    targets = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    end = swarm.exact(rng.normal(size=(4, 1)), [[0.5]], None, targets, [1e12], 0.1, 1.0)
    assert end.distances[0, 0, 1] == pytest.approx(0, abs=1e-9)
    assert end.distances[0, 2, 3] == pytest.approx(0, abs=1e-9)
    assert end.distances[0, 0, 2] > 0.5


def test_equal_targets_do_not_drift_apart_at_late_times():
    # Three classes of equal size: all singular values coincide, and rounding must not split them.
    targets = np.repeat(np.eye(3), 4, axis=0)
    embeddings, decoder, _ = balanced(1, 2, 3, 12, 1.0, 1.0, 0.0)
    late = swarm.exact(embeddings, decoder, None, targets, [1e3, 1e6, 1e12, 1e18], 1.0, 1.0)
    np.testing.assert_allclose(late.outputs, np.broadcast_to(late.outputs[:1], late.outputs.shape), atol=1e-9)


def test_a_mode_that_is_absent_stays_absent():
    # The second direction of the embedding space is empty, and so is the mode of the second output.
    embeddings, decoder = np.array([[0.3, 0.0], [0.3, 0.0]]), np.array([[0.3 * np.sqrt(2), 0.0], [0.0, 0.0]])
    targets = np.array([[1.0, 0.5], [1.0, -0.5]])
    end = swarm.exact(embeddings, decoder, None, targets, [10.0, 1e6], 1.0, 1.0)
    np.testing.assert_allclose(end.outputs, np.broadcast_to([[1.0, 0.0], [1.0, 0.0]], (2, 2, 2)), atol=1e-7)


def test_ensembles_broadcast_and_equal_a_loop():
    starts = [balanced(seed, 2, 3, 4, 0.3, 0.7, 0.2) for seed in range(3)]
    embeddings, decoder, targets = (np.stack(parts) for parts in zip(*starts, strict=True))
    batch = swarm.exact(embeddings, decoder, None, targets, [0, 2, 1], 0.3, 0.7)
    assert batch.outputs.shape == (3, 3, 4, 3)
    assert batch.products.shape == (3, 3, 4, 4)
    assert batch.decoder_products.shape == (3, 3, 3, 3)
    for index in range(3):
        one = swarm.exact(embeddings[index], decoder[index], None, targets[index], [0, 2, 1], 0.3, 0.7)
        np.testing.assert_allclose(batch.embeddings[index], one.embeddings, atol=1e-12)
    np.testing.assert_allclose(batch.embeddings[:, 0], embeddings, atol=1e-12)
    np.testing.assert_allclose(batch.decoder[:, 0], decoder, atol=1e-12)
    still = swarm.exact(np.zeros((2, 1)), [[0.0]], [1.0], [[1], [2]], [0, 5], 1, 1)
    np.testing.assert_array_equal(still.outputs[..., 0], np.ones((2, 2)))


@settings(max_examples=10)
@given(seeds, st.floats(0.1, 10))
def test_rotations_and_faster_clocks_change_nothing(seed, factor):
    embeddings, decoder, targets = balanced(seed, 2, 3, 3, 0.5, 1.5, 0.1)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(2, 2)))
    one = swarm.exact(embeddings, decoder, None, targets, [1.0], 0.5, 1.5)
    other = swarm.exact(embeddings @ turn.T, decoder @ turn.T, None, targets, [1.0], 0.5, 1.5)
    np.testing.assert_allclose(other.products, one.products, atol=1e-10)
    start = swarm.exact(embeddings, decoder, None, targets, [1.0 / factor], 0.5 * factor, 1.5 * factor)
    np.testing.assert_allclose(start.outputs, one.outputs, atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": [[1.0, 0.0], [0.0, 3.0]]}, "must be balanced.*use integrate otherwise"),
        ({"times": [-1]}, r"times must lie in \[0, 1e\+100\]; got -1"),
        ({"times": 3}, "times must be one-dimensional and not empty"),
        ({"eta_decoder": 0}, "eta_decoder must lie in"),
        ({"eta_encoder": 1e-40}, "eta_encoder must lie in"),
        ({"embeddings": [[1e40, 0], [0, 1e40]]}, "embeddings must lie in"),
        ({"targets": [[1, 2, 3]]}, "targets must have shape"),
    ],
)
def test_bad_input_is_refused_by_name(changes, message):
    good = {
        "embeddings": [[1.0, 0.0], [0.0, 1.0]],
        "decoder": [[2.0, 0.0], [0.0, 2.0]],
        "bias": None,
        "targets": [[1, 0], [0, 1]],
        "times": [0, 1],
        "eta_decoder": 1,
        "eta_encoder": 1,
    }
    swarm.exact(**good)
    with pytest.raises(InvalidInput, match=message):
        swarm.exact(**(good | changes))
