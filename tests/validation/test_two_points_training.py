"""Deep networks on a few points: gradients, independence of companions, records, early ends, starts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from geneft_theory import alignment
from geneft_theory.errors import InvalidInput
from validation.sweeps import Interrupted
from validation.two_points import (
    ACTIVATIONS,
    DeepSettings,
    TwoPointSettings,
    initial_weights,
    pair_states,
    train_deep,
    train_two_points,
    two_points,
)
from validation.two_points.perceptrons import Perceptrons
from validation.two_points.reference import OneByOne, activated

SMALL = {"depth": 4, "width": 20, "gain": 0.9, "eta": 0.02, "steps": 40}
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


@pytest.mark.parametrize("architecture", ["perceptron", "residual"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("points", "inputs", "outputs"), [(2, 1, 1), (5, 3, 2)])
def test_the_ensemble_takes_the_steps_of_the_plain_network(architecture, activation, points, inputs, outputs):
    generator = np.random.default_rng(0)
    networks = [
        DeepSettings(**SMALL, seed=k, architecture=architecture, activation=activation, precision="float64")
        for k in range(2)
    ]
    data = generator.normal(size=(2, points, inputs)), generator.normal(size=(2, points, outputs))
    engines = Perceptrons(networks, *data), OneByOne(networks, *data)
    for _ in range(5):
        for engine in engines:
            engine.forward()
            engine.step()
    for engine in engines:
        engine.forward()
    assert torch.allclose(engines[0].outputs(), engines[1].outputs(), rtol=1e-11, atol=1e-13)
    for layer in range(4):
        assert torch.allclose(engines[0].hidden(layer), engines[1].hidden(layer), rtol=1e-11, atol=1e-13)


def test_without_hidden_biases_there_are_none():
    networks = [DeepSettings(**SMALL, seed=0, hidden_biases=False, precision="float64")]
    data = np.ones((1, 3, 2)), np.ones((1, 3, 1))
    engines = Perceptrons(networks, *data), OneByOne(networks, *data)
    for engine in engines:
        for _ in range(5):
            engine.forward()
            engine.step()
        engine.forward()
    assert torch.allclose(engines[0].outputs(), engines[1].outputs(), rtol=1e-11)
    assert all(not bool(biases.any()) for biases in engines[0].biases[:-1])
    assert bool(engines[0].biases[-1].any())


def test_a_step_with_dropped_inputs_goes_down_the_gradient_of_what_is_left():
    settings = DeepSettings(**SMALL, seed=0, dropout=0.3, precision="float64")
    generator = np.random.default_rng(0)
    inputs, targets = generator.normal(size=(1, 5, 3)), generator.normal(size=(1, 5, 2))
    engine = Perceptrons([settings], inputs, targets)
    before = [weights.clone().requires_grad_() for weights in engine.weights]
    engine.forward()
    engine.step()
    values = torch.nn.functional.pad(torch.from_numpy(inputs), (0, 13))
    for k, (weights, mask) in enumerate(zip(before, engine._masks, strict=True)):
        values = (values * mask) @ weights
        values = activated("leaky_relu", values) if k < 4 else values
    loss = (values[..., :2] - torch.from_numpy(targets)).square().sum(2).mean() / 2
    for weights, now, slope in zip(before, engine.weights, torch.autograd.grad(loss, before), strict=True):
        assert torch.allclose(now, weights - settings.eta * slope, rtol=1e-10, atol=1e-14)
    kept = torch.cat([mask.flatten() for mask in engine._masks]) > 0
    # Four standard errors of a share.
    assert abs(kept.double().mean() - 0.7) < 4 * np.sqrt(0.21 / len(kept))
    assert {round(float(value), 6) for value in engine._masks[1].unique()} == {0.0, round(1 / 0.7, 6)}


@pytest.mark.parametrize("width", [37, 100])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_what_a_network_learns_does_not_depend_on_its_companions(width, dropout):
    networks = [DeepSettings(**(SMALL | {"width": width}), seed=k, dropout=dropout) for k in range(7)]
    generator = np.random.default_rng(0)
    inputs, targets = generator.normal(size=(7, 5, 3)), generator.normal(size=(7, 5, 2))
    together = train_deep(networks, inputs, targets)
    for part in ([3], [0, 6], [5, 1, 2]):
        some = train_deep([networks[k] for k in part], inputs[part], targets[part])
        for name in ("distances", "outputs", "loss"):
            assert np.array_equal(getattr(some, name), getattr(together, name)[part])


def test_a_mixture_comes_back_in_order():
    kinds = [
        {"activation": "tanh"},
        {"architecture": "convolutional", "depth": 1, "width": 40},
        {},
        {"activation": "tanh", "gain": 0.5},
    ]
    networks = [DeepSettings(**(SMALL | kind), seed=3) for kind in kinds]
    mixture = train_deep(networks, *XOR, layers=[0, 1], keep_representations=True)
    assert mixture.networks == tuple(networks)
    for k, settings in enumerate(networks):
        alone = train_deep([settings], *XOR, layers=[0, 1], keep_representations=True)
        assert np.array_equal(alone.distances[0], mixture.distances[k])
        units = alone.representations[1].shape[-1]
        assert np.array_equal(alone.representations[1][0], mixture.representations[1][k][..., :units])
        assert np.isnan(mixture.representations[1][k][..., units:]).all()


def test_a_convolution_is_one():
    settings = DeepSettings(architecture="convolutional", depth=1, width=40, seed=0, precision="float64", steps=1)
    engine = OneByOne([settings], np.array([[[0.3]]]), np.array([[[1.0]]]))
    engine.forward()
    first, onto, back, last = initial_weights(settings, 1, 1)
    rest = np.maximum

    def leaky(values):
        return rest(values, 0.01 * values)

    values = leaky(0.3 * first[0])
    channels = [leaky(np.correlate(values, taps[0], "valid")) for taps in onto]
    line = leaky(sum(np.correlate(each, taps, "valid") for each, taps in zip(channels, back[0], strict=True)))
    assert settings.lengths == (40, 30, 20)
    assert engine.hidden(1)[0, 0].numpy() == pytest.approx(np.concatenate(channels), rel=1e-12)
    assert engine.outputs()[0, 0, 0].item() == pytest.approx((line @ last).item(), rel=1e-12)


def test_measurements_are_made_before_the_step():
    network = DeepSettings(**SMALL, seed=0, precision="float64")
    courses = train_deep([network], *XOR, record_steps=[1, 7], keep_representations=True)
    assert courses.record_steps.tolist() == [0, 1, 7, 40]
    inputs, targets = (np.array([values], dtype=float) for values in XOR)
    engine = Perceptrons([network], inputs, targets)
    engine.forward()
    assert np.array_equal(engine.outputs().numpy(), courses.outputs[:, 0])
    assert courses.loss[0, 0] == pytest.approx(((engine.outputs().numpy() - targets) ** 2).mean() / 2)
    engine.step()
    engine.forward()
    assert np.array_equal(engine.outputs().numpy(), courses.outputs[:, 1])
    hidden = courses.representations[2][0, -1].astype(float)
    apart = ((hidden[:, None] - hidden) ** 2).sum(-1)
    assert courses.distances[0, -1, 2] == pytest.approx(apart, rel=1e-5, abs=1e-12)


def test_who_has_learned_rests():
    networks = [TwoPointSettings(seed=k, eta=0.1, steps=600, depth=2, width=50, stop_below=1e-3) for k in range(3)]
    courses = train_two_points(networks, record_steps=range(0, 601, 10))
    for loss, taken in zip(courses.loss, courses.steps_taken, strict=True):
        below = loss < 1e-3
        assert below.any()
        assert taken == courses.record_steps[below.argmax()]
        assert (loss[below.argmax() :] == loss[-1]).all()
    free = train_two_points([replace(networks[0], stop_below=0.0)], record_steps=range(0, 601, 10))
    upto = courses.record_steps <= courses.steps_taken[0]
    assert np.array_equal(free.loss[0][upto], courses.loss[0][upto])
    assert free.loss[0, -1] < courses.loss[0, -1]
    assert free.steps_taken.tolist() == [600]


def test_progress_adds_up_and_training_can_be_stopped():
    networks = [TwoPointSettings(seed=k, eta=0.1, steps=300, depth=2, width=20, stop_below=0.1) for k in range(2)]
    done = []
    train_two_points(networks, progress=done.append)
    assert sum(done) == 600
    with pytest.raises(Interrupted):
        train_two_points(networks, stopped=lambda: True)


def test_a_network_that_diverges_is_told_from_the_others():
    networks = [TwoPointSettings(seed=0, eta=eta, steps=100, depth=2, width=20, gain=2.0) for eta in (0.01, 100.0)]
    courses = train_two_points(networks)
    assert courses.diverged.tolist() == [False, True]
    assert np.isfinite(courses.loss[0]).all()


def test_initial_weights_have_the_deviation_of_xavier():
    weights = initial_weights(DeepSettings(seed=1, depth=2, width=200, gain=1.3), inputs=50, outputs=1)[1]
    # The relative error of a variance from n draws is sqrt(2/n); four of them.
    assert weights.var() == pytest.approx(1.3**2 * 2 / 400, rel=4 * np.sqrt(2 / weights.size))
    double = initial_weights(DeepSettings(seed=1, depth=2, width=200, gain=2.6), inputs=50, outputs=1)[1]
    assert double == pytest.approx(2 * weights, rel=1e-12)


def test_the_mean_start_is_that_of_the_theory():
    settings = [TwoPointSettings(seed=k, gain=1.1, depth=5, width=30, steps=1) for k in range(400)]
    h, y, _ = pair_states(train_two_points(settings, record_steps=[0]))
    for layer in (0, 3):
        seen = h[:, 0, layer]
        said, outputs = alignment.expected_start(1.1, layer, 5, 30, slope=0.01)
        assert abs(seen.mean() - said) < 4 * seen.std() / 20
        assert abs(y[:, 0].mean() - outputs) < 4 * y[:, 0].std() / 20


def test_two_points_lie_where_the_official_code_puts_them():
    inputs, targets = two_points(TwoPointSettings(seed=0, X=4.0, Y=0.25, inputs=4, outputs=1))
    assert inputs == pytest.approx(np.array([[-0.5] * 4, [0.5] * 4]))
    assert targets == pytest.approx(np.array([[0.6], [1.1]]))
    inputs, _ = two_points(TwoPointSettings(seed=0, X=4.0, centred=True))
    assert inputs == pytest.approx(np.array([[-1.0], [1.0]]))
    assert np.sum((inputs[1] - inputs[0]) ** 2) == pytest.approx(4)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"architecture": "transformer"}, "architecture"),
        ({"activation": "gelu"}, "activation"),
        ({"precision": "float16"}, "precision"),
        ({"depth": 0}, "depth"),
        ({"width": 1.5}, "width"),
        ({"steps": 0}, "steps"),
        ({"gain": 0.0}, "gain"),
        ({"dropout": 1.0}, "dropout"),
        ({"eta": -0.1}, "eta"),
        ({"eta": float("nan")}, "eta"),
        ({"stop_below": -1.0}, "stop_below"),
        ({"seed": -1}, "seed"),
        ({"hidden_biases": 1}, "hidden_biases"),
        ({"centred": "yes"}, "centred"),
        ({"X": 0.0}, "X"),
        ({"Y": -0.5}, "Y"),
        ({"inputs": 0}, "inputs"),
        ({"architecture": "convolutional", "depth": 20}, "width"),
        ({"architecture": "convolutional", "depth": 2, "dropout": 0.1}, "dropout"),
    ],
)
def test_settings_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named} must"):
        TwoPointSettings(**({"seed": 0} | changes))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"networks": []}, "networks"),
        ({"networks": [3]}, "networks"),
        ({"networks": [DeepSettings(seed=0), DeepSettings(seed=0, steps=5)]}, "networks"),
        ({"inputs": [1.0, 2.0]}, "inputs"),
        ({"inputs": np.zeros((2, 4, 2))}, "inputs"),
        ({"inputs": [[np.nan, 0.0]] * 4}, "inputs"),
        ({"targets": [[0.0]]}, "inputs and targets"),
        ({"record_steps": [41]}, "record_steps"),
        ({"layers": [4]}, "layers"),
        ({"layers": [True]}, "layers"),
    ],
)
def test_arguments_outside_their_domain_are_refused_by_name(arguments, named):
    usual = {"networks": [DeepSettings(**SMALL, seed=0)], "inputs": XOR[0], "targets": XOR[1]}
    with pytest.raises(InvalidInput, match=f"^{named} must"):
        train_deep(**(usual | arguments))
