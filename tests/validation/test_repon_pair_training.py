"""Repons in training: gradients, optimisers, what steps conserve, and what the closed forms say of each member."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.repons import pair
from validation.repons import ReponSettings, draw_start, first_times, forecast, forecast_probability, train_repons
from validation.repons.forecast import matrix_separation
from validation.repons.gradients import Members
from validation.repons.training import begin

SHAPES = [
    {},
    {"cluster": 4},
    {"dimension": 2, "outputs": 5, "cluster": 2},
    {"start": "gaussian", "target": 0.7},
    {"start": "gaussian", "bias": "frozen", "dimension": 3, "outputs": 3},
]


def leaves(settings):
    """The start as tensors with gradients, and the loss of all members by autograd's own route."""
    decoder, offset, embeddings = (torch.from_numpy(part.copy()).requires_grad_() for part in draw_start(settings))

    def loss():
        outputs = torch.einsum("pdk,ndk->npk", decoder, embeddings) + offset
        return 0.5 * (outputs**2).sum()

    return (decoder, offset, embeddings), loss


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_that_of_autograd(shape):
    settings = ReponSettings(ratio=2.0, draws=7, **shape)
    parameters, loss = leaves(settings)
    expected = torch.autograd.grad(loss(), parameters)
    members = Members(*map(torch.from_numpy, draw_start(settings)), bias_trained=settings.bias == "trained")
    members.compute_gradients()
    assert float(members.loss().sum()) == pytest.approx(float(loss().detach()))
    own = members.gradient.split(members.rows)
    for name, mine, theirs in zip(("decoder", "offset", "embeddings"), own, expected, strict=True):
        wanted = theirs if name != "offset" or settings.bias == "trained" else torch.zeros_like(theirs)
        torch.testing.assert_close(mine, wanted.reshape(-1, 7), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize("shape", SHAPES)
def test_steps_are_those_of_the_optimiser_in_torch(shape, optimiser):
    settings = ReponSettings(ratio=3.0, draws=5, optimiser=optimiser, learning_rate=0.01, **shape)
    (decoder, offset, embeddings), loss = leaves(settings)
    rates = {"decoder": settings.time_step * settings.eta_decoder, "encoder": settings.time_step * settings.eta_encoder}
    trained = [decoder] if settings.bias == "frozen" else [decoder, offset]
    groups = [{"params": trained, "lr": rates["decoder"]}, {"params": [embeddings], "lr": rates["encoder"]}]
    reference = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimiser](groups, lr=1.0)
    members, step = begin(settings, draw_start(settings))
    for taken in range(1, 31):
        reference.zero_grad()
        loss().backward()
        reference.step()
        members.compute_gradients()
        step(taken)
    # Adam divides by the size of gradients, which are rounding noise where they should be 0.
    close = {"rtol": 1e-9, "atol": 1e-12 if optimiser == "sgd" else 1e-9}
    torch.testing.assert_close(members.decoder, decoder.detach(), **close)
    torch.testing.assert_close(members.offset, offset.detach(), **close)
    torch.testing.assert_close(members.embeddings, embeddings.detach(), **close)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 100), st.floats(1e-3, 0.1))
def test_a_step_multiplies_the_invariant_by_a_known_factor(a, c, ratio, learning_rate):
    """So that the boundary C = 0 of a pair is that of the flow, however long the steps are."""
    settings = ReponSettings(ratio=ratio, draws=1, learning_rate=learning_rate)
    decoder, encoder, step = settings.eta_decoder, settings.eta_encoder, settings.time_step
    after = a * (1 - 2 * decoder * c**2 * step), c * (1 - encoder * a**2 * step)
    factor = 1 - 2 * decoder * encoder * a**2 * c**2 * step**2
    before = float(pair.invariant(a, c, decoder, encoder))
    scale = a**2 / decoder + c**2 / encoder
    assert float(pair.invariant(*after, decoder, encoder)) == pytest.approx(before * factor, abs=1e-12 * scale + 1e-300)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_the_invariant_set_of_a_pair_is_kept_exactly(optimiser):
    settings = ReponSettings(ratio=0.3, draws=50, optimiser=optimiser, horizon=5.0, target=0.3)
    end = train_repons(settings).end
    assert not np.any(end.embeddings.sum(axis=0))
    assert not np.any(end.offset)


def test_half_the_step_leaves_every_fate_but_those_on_the_verge_of_the_horizon():
    settings = ReponSettings(ratio=1.0, draws=2000, horizon=20.0, learning_rate=0.04)
    outcomes = train_repons(settings)
    halved = train_repons(replace(settings, learning_rate=0.02))
    assert not outcomes.diverged.any()
    differing = outcomes.collapsed != halved.collapsed
    assert differing.mean() < 0.005
    # Those on the verge have all but reached the threshold, or have just done so.
    assert np.all(np.abs(np.log(outcomes.separation[differing] / settings.separation)) < 0.5)


@pytest.mark.parametrize("shape", [{}, {"cluster": 4}, {"dimension": 2, "outputs": 3}, {"dimension": 2, "outputs": 2}])
def test_members_have_the_fate_of_the_exact_solution(shape):
    """All but those on the verge of the horizon; and their share is the law's within 4 standard errors."""
    settings = ReponSettings(ratio=2.0, draws=2000, horizon=20.0, separation=0.05, **shape)
    outcomes = train_repons(settings)
    assert (forecast(settings, outcomes.start) == outcomes.collapsed).mean() > 0.995
    law = forecast_probability(settings)
    error = np.hypot(np.sqrt(law.value * (1 - law.value) / settings.draws), law.standard_error)
    assert abs(outcomes.collapsed.mean() - law.value) < 4 * error


def test_adam_with_small_steps_is_nearly_a_sign_flow():
    settings = ReponSettings(ratio=1.0, draws=500, optimiser="adam", horizon=8.0, learning_rate=1e-3)
    outcomes = train_repons(settings)
    assert (forecast(settings, outcomes.start) == outcomes.collapsed).mean() > 0.97


def test_a_frozen_bias_makes_nearly_all_collapse_and_a_trained_one_does_not():
    settings = ReponSettings(ratio=2.0, draws=500, start="gaussian", horizon=50.0)
    trained, frozen = (train_repons(replace(settings, bias=bias)).collapsed.mean() for bias in ("trained", "frozen"))
    assert frozen > 0.98
    assert trained < 0.6


def test_the_exact_solution_in_two_dimensions_solves_its_equation():
    settings = ReponSettings(ratio=0.5, draws=6, dimension=2, outputs=3, cluster=3, horizon=4.0)
    start = draw_start(settings)
    found = matrix_separation(settings, start)
    rate = settings.eta_decoder * 2 * 3 / 4

    def motion(_, state):
        decoder, r = state[:6].reshape(3, 2), state[6:]
        return np.concatenate(
            [(-2 * rate * np.outer(decoder @ r, r)).ravel(), -settings.eta_encoder * decoder.T @ decoder @ r]
        )

    for member in range(settings.draws):
        state = np.concatenate([start.decoder[..., member].ravel(), start.half_separation[:, member]])
        end = solve_ivp(motion, (0, settings.horizon), state, method="DOP853", rtol=1e-11, atol=1e-13).y[6:, -1]
        assert found[member] == pytest.approx(np.linalg.norm(end), rel=1e-8, abs=1e-12)


@given(st.floats(0.02, 50), st.floats(0.1, 300), st.integers(1, 6))
def test_in_one_dimension_the_matrix_solution_is_that_of_the_pair(ratio, horizon, cluster):
    settings = ReponSettings(ratio=ratio, draws=20, cluster=cluster, horizon=horizon)
    start = draw_start(settings)
    rate = settings.eta_decoder * 2 * cluster / (cluster + 1)
    a, c = start.decoder[0, 0], start.half_separation[0]
    _, expected = pair.trajectory(horizon, a, c, rate, settings.eta_encoder)
    np.testing.assert_allclose(matrix_separation(settings, start), np.abs(expected), rtol=1e-7, atol=1e-12)


@given(st.floats(0.02, 50), st.sampled_from(["sgd", "adam"]), st.floats(1, 100))
def test_more_time_and_a_slower_decoder_make_collapse_likelier(ratio, optimiser, horizon):
    settings = ReponSettings(ratio=ratio, draws=1, optimiser=optimiser, horizon=horizon)
    law = forecast_probability(settings).value
    assert 0 < law <= forecast_probability(replace(settings, horizon=2 * horizon)).value + 1e-9
    assert (
        forecast_probability(settings, forever=True).value
        > forecast_probability(replace(settings, ratio=1.5 * ratio), forever=True).value
    )


def test_a_larger_ensemble_holds_the_smaller_one_and_seeds_differ():
    settings = ReponSettings(ratio=1.0, draws=1500)
    few = draw_start(replace(settings, draws=30))
    np.testing.assert_array_equal(draw_start(settings).embeddings[..., :30], few.embeddings)
    assert not np.any(draw_start(replace(settings, draws=30, seed=1)).decoder == few.decoder)
    apart = draw_start(replace(settings, draws=30, start="gaussian"))
    np.testing.assert_allclose(apart.half_separation, few.half_separation, rtol=0, atol=1e-15)


def test_progress_adds_up_and_an_exception_in_it_stops_the_training():
    settings = ReponSettings(ratio=1.0, draws=10, horizon=30.0)
    told = []
    train_repons(settings, progress=told.append)
    assert sum(told) == settings.steps

    def give_up(steps):
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError):
        train_repons(settings, progress=give_up)


@pytest.mark.parametrize("watched", ["separation", "decoder"])
def test_first_times_are_those_of_the_formula(watched):
    settings = ReponSettings(ratio=1.0, draws=1, learning_rate=1e-3, horizon=40.0)
    a, c = np.array([1.0, 0.5, -2.0, 0.3]), np.array([0.2, -0.3, 1.0, 2.0])
    times = first_times(settings, a, c, [0.1, 0.01], watched=watched)
    for level, found in zip((0.1, 0.01), times, strict=True):
        # Decoder and separation change roles with their rates.
        forms = {"separation": (a, c, 1.0, 1.0), "decoder": (c, a, 0.5, 2.0)}
        expected = pair.collapse_time(level, *forms[watched])
        known = np.isfinite(expected)
        # Steps of length h make a rate k faster by k h/2, here by at most 0.4 %.
        np.testing.assert_allclose(found[known], expected[known], rtol=5e-3, atol=settings.time_step)
        assert np.isnan(found[np.isinf(expected)]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratio": 0.0}, "ratio must lie in"),
        ({"draws": 0}, "draws must be an integer >= 1"),
        ({"cluster": 0}, "cluster must be an integer >= 1"),
        ({"dimension": 2}, "outputs must be an integer >= dimension = 2; got 1"),
        ({"start": "anywhere"}, "start must be one of centred, gaussian"),
        ({"bias": "free"}, "bias must be one of trained, frozen"),
        ({"optimiser": "sign"}, "optimiser must be one of sgd, adam"),
        ({"horizon": float("inf")}, "horizon must lie in"),
        ({"horizon": 1e9}, "horizon must take at most 10000000 steps"),
        ({"separation": -1.0}, "separation must lie in"),
        ({"embedding_scale": 0}, "embedding_scale must lie in"),
    ],
)
def test_settings_outside_their_domain_are_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        ReponSettings(**({"ratio": 1.0, "draws": 10} | changes))


def test_what_the_theory_does_not_know_is_refused():
    settings = ReponSettings(ratio=1.0, draws=3, optimiser="adam", cluster=2)
    with pytest.raises(InvalidInput, match="optimiser must be sgd except for a pair"):
        forecast(settings, draw_start(settings))
    with pytest.raises(InvalidInput, match="watched must be one of"):
        first_times(settings, [1.0], [1.0], [0.1], watched="bias")
