"""Networks that learn many points, and their twins: what is predicted of each pair, and who depends on whom."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from geneft_theory import alignment
from geneft_theory.errors import InvalidInput
from validation.structure import VARIABLES, StructureSettings, points, train_structures
from validation.structure.merging import merging_course
from validation.structure.tasks import twin_points
from validation.structure.training import _linear_start
from validation.sweeps import Interrupted
from validation.two_points import train_deep

XOR = StructureSettings(task="xor", gain=0.9, eta=0.05, twin_gain=0.9, twin_eta=0.05, depth=2, layer=1, width=20,
                        steps=300, seed=0)  # fmt: skip
IDENTICAL = replace(XOR, task="identical", outputs=30, steps=600)
DIGITS = replace(XOR, task="digits", images=2, steps=40)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("settings", "pairs"), [(XOR, 6), (IDENTICAL, 1), (DIGITS, 190)], ids=["xor", "same", "digits"]
)
def test_outcomes_have_the_shapes_that_they_say(settings, pairs):
    outcomes = train_structures([settings, replace(settings, seed=1)])
    assert outcomes.keys() == VARIABLES.keys()
    for name, variable in VARIABLES.items():
        assert outcomes[name].shape == ((2, pairs) if variable.axes else (2,)), name
    assert not outcomes["diverged"].any()
    assert (outcomes["h_end"] > 0).all()


def test_a_network_does_not_notice_its_companions():
    networks = [replace(XOR, seed=seed, gain=gain) for seed in range(2) for gain in (0.6, 1.2)]
    every = train_structures(networks)
    alone = train_structures(networks[2:3])
    for name, values in alone.items():
        np.testing.assert_array_equal(values[0], every[name][2], err_msg=name)


def test_every_pair_is_predicted_by_the_final_distance_of_two_points():
    outcomes = train_structures([XOR])
    inputs, targets = points(XOR)
    first, second = np.triu_indices(4, 1)
    courses = train_deep([XOR.network], inputs, targets, layers=[XOR.layer], record_steps=[])
    answers = courses.outputs[0, 0]
    for k, (i, j) in enumerate(zip(first, second, strict=True)):
        X, Y = (np.square(each[i] - each[j]).sum() for each in (inputs, targets))
        y = np.square(answers[i] - answers[j]).sum()
        expected = alignment.final_distance(outcomes["h_start"][0, k], y, outcomes["ratio"][0], X, Y)
        assert outcomes["predicted"][0, k] == pytest.approx(float(expected))
        assert outcomes["h_end"][0, k] == pytest.approx(courses.distances[0, -1, 0, i, j])
        assert (outcomes["input_distance"][0, k], outcomes["target_distance"][0, k]) == (X, Y)


def test_the_linear_start_is_that_of_the_network():
    separation, decoder = _linear_start(IDENTICAL)
    inputs, targets = points(IDENTICAL)
    courses = train_deep([IDENTICAL.network], inputs, targets, layers=[1], record_steps=[])
    assert np.square(separation).sum() == pytest.approx(courses.distances[0, 0, 0, 0, 1], rel=1e-5)
    between = courses.outputs[0, 0, 1] - courses.outputs[0, 0, 0]
    np.testing.assert_allclose(decoder @ separation, between, rtol=0, atol=1e-6)


def test_identical_targets_merge_with_many_outputs_and_not_with_one():
    many, one = (
        train_structures([replace(IDENTICAL, outputs=outputs, steps=3000, seed=seed) for seed in range(3)])
        for outputs in (100, 1)
    )
    assert (many["h_end"] < 0.05 * many["h_start"]).all()
    assert (one["h_end"] > 0.2 * one["h_start"]).all()
    assert (many["exact"] < 0.05 * many["h_start"][:, 0]).all()
    assert (one["exact"] > 0.5 * one["h_start"][:, 0]).all()


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("outputs", [1, 3, 12])
def test_the_course_of_identical_targets_is_that_of_the_exact_flow(scale, outputs):
    generator = np.random.default_rng(outputs)
    separation, decoder = generator.normal(size=6), scale * generator.normal(size=(outputs, 6))
    times = [0.0, 0.3, 2.0, 9.0]
    expected, _, _ = alignment.exact_trajectory(times, separation, decoder, np.zeros(outputs), 0.2, 0.4, 1.5)
    found = [merging_course(time, separation, decoder, 0.2, 0.4, 1.5) for time in times]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    final = alignment.exact_final_distance(separation, decoder, ratio=0.5, X=1.5)
    assert merging_course(1e9, separation, decoder, 0.2, 0.4, 1.5) == pytest.approx(float(final), abs=1e-6)


def test_images_are_those_of_their_classes_and_differ_between_seeds():
    inputs, targets = points(DIGITS)
    assert inputs.shape == (20, 64)
    assert inputs.min() == 0
    assert inputs.max() == 1
    assert targets.argmax(1).tolist() == np.repeat(np.arange(10), 2).tolist()
    assert not np.array_equal(inputs, points(replace(DIGITS, seed=1))[0])
    images, classes = twin_points(DIGITS)
    np.testing.assert_array_equal(images, inputs[[0, 2]])
    assert classes.argmax(1).tolist() == [0, 1]


def test_the_formula_for_classes_knows_classes_only():
    block = train_structures([DIGITS])["block"][0]
    first, second = np.triu_indices(20, 1)
    classes = np.sort(np.stack([first // 2, second // 2]), axis=0)
    for kind in np.unique(classes, axis=1).T:
        own = block[(classes == kind[:, None]).all(0)]
        np.testing.assert_allclose(own, own[0])
    assert (block[classes[0] == classes[1]] == 0).all()


def test_a_network_that_diverges_says_so():
    outcomes = train_structures([replace(XOR, eta=1e6, twin_eta=1e6)])
    assert outcomes["diverged"].all()
    assert np.isnan(outcomes["predicted"]).all()


def test_progress_adds_up_and_a_training_stops_when_told():
    steps = []
    train_structures([XOR, replace(XOR, seed=1)], progress=steps.append)
    assert sum(steps) == 2 * 2 * XOR.steps
    with pytest.raises(Interrupted):
        train_structures([XOR], stopped=lambda: True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"task": "and"}, "task"),
        ({"gain": 0.0}, "gain"),
        ({"twin_eta": -1.0}, "twin_eta"),
        ({"layer": 2}, "layer"),
        ({"task": "identical", "layer": 0}, "layer"),
        ({"outputs": 0}, "outputs"),
        ({"images": 1}, "images"),
        ({"steps": 0}, "steps"),
    ],
)
def test_settings_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named}"):
        replace(XOR, **changes)


def test_networks_that_share_no_computation_are_refused():
    with pytest.raises(InvalidInput, match="networks"):
        train_structures([XOR, IDENTICAL])
    with pytest.raises(InvalidInput, match="networks"):
        train_structures([])
