"""Ensembles of swarms: against SciPy and closed forms, conserved to the tolerance asked, member by member."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.numerics import IntegrationError, MemberStatus
from geneft_theory.repons import matrix, pair, swarm

seeds = st.integers(0, 2**32 - 1)
losses = st.sampled_from(["squared", "logistic"])
rates = st.floats(0.1, 3)


def draw(seed, count=None, n=4, p=2, d=2):
    rng = np.random.default_rng(seed)
    leading = () if count is None else (count,)
    embeddings, decoder = rng.normal(size=(*leading, n, d)), rng.normal(size=(*leading, p, d))
    return embeddings, decoder, rng.normal(size=(*leading, p)), np.eye(p)[np.arange(n) % p]


def by_scipy(embeddings, decoder, bias, targets, time, eta_decoder, eta_encoder, eta_bias, loss):
    n, d = embeddings.shape
    p = len(decoder)

    def velocity(t, state):
        x, a, b = state[: n * d].reshape(n, d), state[n * d : (n + p) * d].reshape(p, d), state[(n + p) * d :]
        out = x @ a.T + b
        if loss == "logistic":
            out = np.exp(out - out.max(axis=1, keepdims=True))
            out /= out.sum(axis=1, keepdims=True)
        g = out - targets
        return np.concatenate([(-eta_encoder * g @ a).ravel(), (-eta_decoder * g.T @ x).ravel(), -eta_bias * g.sum(0)])

    start = np.concatenate([embeddings.ravel(), decoder.ravel(), bias])
    end = solve_ivp(velocity, (0, time), start, method="DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
    return end[: n * d].reshape(n, d), end[n * d : (n + p) * d].reshape(p, d), end[(n + p) * d :]


@settings(max_examples=10)
@given(seeds, losses, rates, rates, rates)
def test_it_agrees_with_scipy(seed, loss, eta_decoder, eta_encoder, eta_bias):
    state = draw(seed)
    eta = (eta_decoder, eta_encoder, eta_bias)
    embeddings, decoder, bias = by_scipy(*state, 4, *eta, loss)
    mine = swarm.integrate(*state, [0, 1, 4], *eta, loss, tolerance=1e-9).raise_for_status()
    np.testing.assert_allclose(mine.embeddings[-1], embeddings, atol=1e-6)
    np.testing.assert_allclose(mine.decoder[-1], decoder, atol=1e-6)
    np.testing.assert_allclose(mine.bias[-1], bias, atol=1e-6)
    np.testing.assert_array_equal(mine.embeddings[0], state[0])


@given(seeds, losses, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.floats(-9, -2), rates, rates)
def test_conserved_quantities_hold_to_the_tolerance(seed, loss, n, p, d, exponent, eta_decoder, eta_encoder):
    embeddings, decoder, bias, targets = draw(seed, 20, n, p, d)
    tolerance = 10**exponent
    eta_bias = np.where(np.arange(20) < 10, 0.0, 0.8)
    result = swarm.integrate(
        embeddings, decoder, bias, targets, [0, 1, 10], eta_decoder, eta_encoder, eta_bias, loss, tolerance
    )
    assert result.succeeded.all()
    kept = swarm.invariants(result.embeddings, result.decoder, result.bias, eta_decoder, eta_encoder, loss)
    first, second = np.sum(result.decoder**2, axis=(-1, -2)), np.sum(result.embeddings**2, axis=(-1, -2))
    size = (first / eta_decoder + second / eta_encoder).max(axis=1)
    drift = np.abs(kept.balance - kept.balance[:, :1]).max(axis=(-1, -2, -3))
    assert np.all(drift <= tolerance * size)
    np.testing.assert_array_equal(result.bias[:10], np.broadcast_to(bias[:10, None], (10, 3, p)))
    if kept.decoder_sum is not None:
        np.testing.assert_allclose(kept.decoder_sum, np.broadcast_to(kept.decoder_sum[:, :1], kept.decoder_sum.shape))


def test_the_loss_falls():
    embeddings, decoder, bias, targets = draw(0, 50)
    for loss in ("squared", "logistic"):
        result = swarm.integrate(embeddings, decoder, bias, targets, np.linspace(0, 5, 11), 0.3, 0.7, 0.5, loss)
        out = result.embeddings @ np.swapaxes(result.decoder, -1, -2) + result.bias[..., None, :]
        if loss == "squared":
            value = ((out - targets) ** 2).sum(axis=(-1, -2))
        else:
            value = (np.log(np.exp(out).sum(axis=-1)) - (targets * out).sum(axis=-1)).sum(axis=-1)
        assert np.all(np.diff(value, axis=1) < 0)


def test_many_swarms_at_once_and_each_as_if_alone():
    embeddings, decoder, bias, targets = draw(1, 10_000, 6, 3, 2)
    result = swarm.integrate(embeddings, decoder, bias, targets, [0, 3], 0.3, 0.7, 0.3, tolerance=1e-5)
    assert result.succeeded.all()
    assert result.drift.max() <= 1e-5
    for index in (0, 4321, 9999):
        alone = swarm.integrate(
            embeddings[index], decoder[index], bias[index], targets, [0, 3], 0.3, 0.7, 0.3, tolerance=1e-5
        )
        np.testing.assert_array_equal(alone.embeddings, result.embeddings[index])
        np.testing.assert_array_equal(alone.decoder, result.decoder[index])


def test_an_ensemble_may_have_any_shape():
    embeddings, decoder, _, targets = draw(2, 3)
    targets = np.stack([targets, targets[::-1]])[:, None]
    result = swarm.integrate(
        embeddings[None], decoder, None, np.broadcast_to(targets, (2, 3, 4, 2)), [0, 1], 0.5, [[0.1], [1]]
    )
    assert result.embeddings.shape == (2, 3, 2, 4, 2)
    assert result.bias.shape == (2, 3, 2, 2)
    assert result.drift.shape == result.status.shape == (2, 3)
    one = swarm.integrate(embeddings[1], decoder[1], None, targets[1, 0], [0, 1], 0.5, 1.0)
    np.testing.assert_array_equal(one.embeddings, result.embeddings[1, 1])


@given(seeds, losses, st.floats(0.1, 10))
def test_faster_rates_are_shorter_times(seed, loss, factor):
    state = draw(seed)
    slow = swarm.integrate(*state, [0, 2], 0.3, 0.7, 0.2, loss, tolerance=1e-8)
    fast = swarm.integrate(*state, [0, 2 / factor], 0.3 * factor, 0.7 * factor, 0.2 * factor, loss, tolerance=1e-8)
    np.testing.assert_allclose(fast.embeddings[-1], slow.embeddings[-1], atol=1e-6)


@given(seeds, rates, rates)
def test_two_like_repons_on_target_are_the_pair(seed, eta_decoder, eta_encoder):
    a, c = np.random.default_rng(seed).normal(size=2)
    times = np.array([0, 0.5, 5.0])
    result = swarm.integrate(
        [[c], [-c]], [[a]], [0.3], [[0.3], [0.3]], times, eta_decoder, eta_encoder, 1.0, tolerance=1e-9
    )
    expected_a, expected_c = pair.trajectory(times, a, c, eta_decoder, eta_encoder)
    np.testing.assert_allclose(result.decoder[:, 0, 0], expected_a, atol=1e-7)
    np.testing.assert_allclose(result.embeddings[:, 0, 0], expected_c, atol=1e-7)
    # The balance is twice the pair's invariant.
    balance = swarm.invariants([[c], [-c]], [[a]], [0.3], eta_decoder, eta_encoder).balance[0, 0]
    assert balance == pytest.approx(2 * float(pair.invariant(a, c, eta_decoder, eta_encoder)), abs=1e-12)


def test_a_pair_in_two_dimensions_ends_where_its_matrix_says():
    rng = np.random.default_rng(7)
    half, decoder = rng.normal(size=(40, 2)), rng.normal(size=(40, 3, 2))
    target = np.array([[0.2, -0.1, 0.5]] * 2)
    result = swarm.integrate(
        np.stack([half, -half], axis=1), decoder, target[0], target, [0, 300], 0.4, 0.6, 0.5, tolerance=1e-8
    ).raise_for_status()
    predicted = matrix.final_vector(decoder, half, 0.4, 0.6)
    # What is left to relax does so at 2 eta_A eta_x |lambda| for every eigenvalue of M.
    slowest = np.abs(np.linalg.eigvalsh(matrix.invariant(decoder, half, 0.4, 0.6))).min(axis=-1)
    settled = 2 * 0.4 * 0.6 * slowest * 300 > 20
    assert settled.sum() > 20
    assert 0 < (np.linalg.norm(predicted, axis=-1) == 0)[settled].mean() < 1
    np.testing.assert_allclose(result.embeddings[settled, -1, 0], predicted[settled], atol=1e-5)


@given(seeds, rates, rates)
def test_clusters_of_likes_shrink_affinely(seed, eta_decoder, eta_encoder):
    rng = np.random.default_rng(seed)
    embeddings, decoder, bias = rng.normal(size=(6, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)
    targets = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 2)
    result = swarm.integrate(embeddings, decoder, bias, targets, [0, 2], eta_decoder, eta_encoder, 0.4, tolerance=1e-9)
    before, after = embeddings - embeddings[3], result.embeddings[-1] - result.embeddings[-1, 3]
    propagator = np.linalg.solve(before[:2], after[:2])
    assert np.linalg.det(propagator) > 0
    cancellation = np.linalg.cond(before[:2])
    np.testing.assert_allclose(before[2] @ propagator, after[2], atol=1e-6 * cancellation)
    # The other class is carried by the same matrix.
    there, here = embeddings[4] - embeddings[5], result.embeddings[-1, 4] - result.embeddings[-1, 5]
    np.testing.assert_allclose(there @ propagator, here, atol=1e-6 * cancellation)


def test_who_fails_says_so_and_the_others_are_returned():
    embeddings, decoder, bias, targets = draw(3, 2)
    embeddings[1] *= 100
    result = swarm.integrate(embeddings, decoder, bias, targets, [0, 1], 1, 1, max_steps=60)
    assert result.succeeded.tolist() == [True, False]
    assert result.status[1] == MemberStatus.TOO_MANY_STEPS
    assert np.isfinite(result.embeddings[0]).all()
    with pytest.raises(IntegrationError, match=r"1 of 2 swarms failed; the first, \(1,\): max_steps were not enough"):
        result.raise_for_status()
    drifted = swarm.Trajectory(
        times=np.array([0.0, 1.0]),
        embeddings=np.zeros((2, 1, 1)),
        decoder=np.zeros((2, 1, 1)),
        bias=np.zeros((2, 1)),
        drift=np.array(1e-3),
        status=np.array(0, dtype=np.int8),
        tolerance=1e-6,
    )
    with pytest.raises(IntegrationError, match=r"drift by 0\.001, more than 1e-06"):
        drifted.raise_for_status()


def test_a_swarm_at_the_origin():
    result = swarm.integrate([[0.0], [0.0]], [[0.0]], None, [[1], [0]], [0, 10], 1, 1, 1)
    assert result.succeeded
    assert np.all(result.embeddings == 0)
    assert result.bias[-1, 0] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": [0]}, "times must be one-dimensional and increasing, at least two"),
        ({"times": [1, 0]}, "times must be one-dimensional and increasing"),
        ({"tolerance": 0}, r"tolerance must lie in \[1e-11, 0.01\]; got 0"),
        ({"eta_bias": -1}, r"eta_bias must lie in \[0, 1e\+100\]; got -1"),
        ({"eta_decoder": 0}, "eta_decoder must lie in"),
        ({"loss": "huber"}, "loss must be one of"),
        ({"embeddings": np.zeros((0, 2, 1))}, r"embeddings must hold at least one swarm; got shape \(0, 2, 1\)"),
        ({"max_steps": 0}, "max_steps must be an integer >= 1"),
        ({"targets": [[np.nan], [0]]}, "targets must lie in"),
    ],
)
def test_bad_input_is_refused_by_name(changes, message):
    good = {
        "embeddings": [[0.1], [0.2]],
        "decoder": [[1.0]],
        "bias": [0.0],
        "targets": [[1], [0]],
        "times": [0, 1],
        "eta_decoder": 1,
        "eta_encoder": 1,
    }
    with pytest.raises(InvalidInput, match=message):
        swarm.integrate(**(good | changes))
