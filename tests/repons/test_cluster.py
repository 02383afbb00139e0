"""One repon against a cluster: N + 1 separate particles against the reduced law, and the correction of Eq. 13."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.repons import cluster, pair

amplitude = st.floats(-10, 10)
rate = st.floats(1e-2, 1e2)
size = st.integers(1, 1000)


def particles(size, eta_decoder, eta_encoder, eta_bias=1.0, target=0.7):
    """The gradient flow of N + 1 embeddings, each with its own residual, of decoder and bias."""

    def motion(_, state):
        a, b, embeddings = state[0], state[1], state[2:]
        residual = a * embeddings + b - target
        return np.concatenate(
            [[-eta_decoder * residual @ embeddings, -eta_bias * residual.sum()], -eta_encoder * a * residual]
        )

    return motion


@pytest.mark.parametrize("size", [1, 2, 5])
def test_separate_particles_move_as_the_closed_form_says(size):
    generator = np.random.default_rng(size)
    a, c = generator.standard_normal(2)
    eta_decoder, eta_encoder = 10 ** generator.uniform(-0.5, 0.5, 2)
    # The repon sits N times as far from the weighted centroid as the cluster.
    start = [a, 0.7, 2 * size * c / (size + 1), *[-2 * c / (size + 1)] * size]
    motion = particles(size, eta_decoder, eta_encoder)
    times = np.linspace(0, 8, 9)
    solved = solve_ivp(motion, (0, 8), start, method="DOP853", t_eval=times, rtol=1e-11, atol=1e-13).y
    decoder, separation = cluster.trajectory(times, a, c, eta_decoder, eta_encoder, size)
    np.testing.assert_allclose(solved[0], decoder, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose((solved[2] - solved[3]) / 2, separation, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(solved[3:], np.broadcast_to(solved[3], solved[3:].shape), atol=1e-12)
    np.testing.assert_allclose((solved[2] + solved[3:].sum(axis=0)) / (size + 1), 0, atol=1e-10)


def particles_collapse(size, eta_decoder, eta_encoder, draws, seed):
    """The share of N + 1 bodies that end at one place, all draws integrated as one system by classical steps."""
    generator = np.random.default_rng(seed)
    a, c = generator.standard_normal((2, draws))
    embeddings = np.array([2 * size * c / (size + 1), *[-2 * c / (size + 1)] * size])
    state = np.vstack([a, np.zeros(draws), embeddings])

    def motion(state):
        residual = state[0] * state[2:] + state[1]
        return -np.vstack(
            [
                eta_decoder * (residual * state[2:]).sum(axis=0),
                residual.sum(axis=0),
                eta_encoder * state[0] * residual,
            ]
        )

    step = 0.02
    for _ in range(3000):
        first = motion(state)
        second = motion(state + step / 2 * first)
        third = motion(state + step / 2 * second)
        state = state + step / 6 * (first + 2 * second + 2 * third + motion(state + step * third))
    return np.abs(state[2] - state[3]) / 2 < np.abs(state[0]) * np.sqrt(eta_encoder / eta_decoder / 2)


@pytest.mark.parametrize("size", [2, 4])
def test_absorption_is_as_frequent_as_the_corrected_law_says_and_not_as_printed(size):
    collapsed = particles_collapse(size, 1.0, 1.0, draws=4000, seed=size)
    share, error = collapsed.mean(), collapsed.std() / np.sqrt(collapsed.size)
    corrected = cluster.collapse_probability(1.0, 1.0, size)
    as_relayed = 2 / np.pi * np.arctan(np.sqrt(1 / (4 * (1 + 1 / size))))
    assert abs(share - corrected) < 4 * error
    assert abs(share - as_relayed) > 4 * error


def test_eq_13_as_relayed_contradicts_eq_12():
    # CORRECTED: 4 (1 + 1/N) is 8 at N = 1, where the pair has 2; 4/(1 + 1/N) is 2.
    as_relayed = 2 / np.pi * np.arctan(np.sqrt(1 / (4 * (1 + 1))))
    assert cluster.collapse_probability(1, 1, 1) == pair.collapse_probability(1, 1)
    assert abs(as_relayed - float(pair.collapse_probability(1, 1))) > 0.17


@given(st.floats(0, 1e3), amplitude, amplitude, rate, rate)
def test_a_cluster_of_one_is_a_pair(t, a, c, eta_decoder, eta_encoder):
    state = (a, c, eta_decoder, eta_encoder)
    np.testing.assert_array_equal(cluster.trajectory(t, *state, 1), pair.trajectory(t, *state))
    assert cluster.invariant(*state, 1) == pair.invariant(*state)
    assert cluster.collapse_time(0.1, *state, 1) == pair.collapse_time(0.1, *state)
    alone = pair.collapse_probability(eta_decoder, eta_encoder)
    assert cluster.collapse_probability(eta_decoder, eta_encoder, 1) == alone


@given(rate, rate, size)
def test_larger_clusters_absorb_less_down_to_twice_the_decoders_rate(eta_decoder, eta_encoder, members):
    smaller, larger, huge = cluster.collapse_probability(eta_decoder, eta_encoder, [members, members + 1, 10**12])
    assert huge < larger < smaller
    assert huge == pytest.approx(float(pair.collapse_probability(2 * eta_decoder, eta_encoder)), rel=1e-11)


@given(st.floats(0, 1e3), amplitude, amplitude, rate, rate, size)
def test_the_invariant_holds(t, a, c, eta_decoder, eta_encoder, members):
    later = cluster.trajectory(t, a, c, eta_decoder, eta_encoder, members)
    drift = cluster.invariant(*later, eta_decoder, eta_encoder, members)
    drift = drift - cluster.invariant(a, c, eta_decoder, eta_encoder, members)
    assert abs(drift) <= 1e-12 * (a**2 / eta_decoder + c**2 / eta_encoder) + 1e-300


@given(amplitude, amplitude, rate, rate, size)
def test_at_the_collapse_time_the_distance_is_reached(a, c, eta_decoder, eta_encoder, members):
    time = float(cluster.collapse_time(0.1, a, c, eta_decoder, eta_encoder, members))
    if 0 < time < np.inf:
        decoder, separation = cluster.trajectory(time, a, c, eta_decoder, eta_encoder, members)
        assert abs(separation) == pytest.approx(0.1, rel=1e-11 * (1 + eta_encoder * decoder**2 * time))
    else:
        stays = abs(c) > 0.1
        assert (time == np.inf) == stays


def test_a_horizon_counts_what_its_collapse_times_count():
    generator = np.random.default_rng(5)
    a, c = generator.standard_normal((2, 100_000))
    within = cluster.collapse_time(0.01, a, c, 0.3, 0.5, 3) <= 40
    law = cluster.collapse_probability(0.3, 0.5, 3, horizon=40, separation=0.01)
    assert abs(within.mean() - law) < 4 * within.std() / np.sqrt(within.size)


def test_everything_broadcasts():
    assert cluster.trajectory(np.ones((2, 1)), 1, 1, 1, 1, [1, 2, 3])[0].shape == (2, 3)
    assert cluster.collapse_probability(np.ones((2, 1)), 1, [1, 2, 3]).shape == (2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cluster.trajectory(1, 1, 1, 1, 1, 0), r"cluster must lie in \[1, inf\); got 0"),
        (lambda: cluster.trajectory(-1, 1, 1, 1, 1, 2), "t must lie in"),
        (lambda: cluster.invariant(1, 1, 1, 1, 2.5), "cluster must be an integer >= 1; got 2.5"),
        (lambda: cluster.invariant(1, 1, -1, 1, 2), "eta_decoder must lie in"),
        (lambda: cluster.collapse_time(0, 1, 1, 1, 1, 2), "separation must lie in"),
        (lambda: cluster.collapse_probability(1, 1, np.nan), "cluster must lie in"),
        (lambda: cluster.collapse_probability(1, 1, 2, horizon=1), "horizon without separation"),
        (lambda: cluster.trajectory(1, 1, 1, [1, 2], 1, [1, 2, 3]), "broadcast"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
