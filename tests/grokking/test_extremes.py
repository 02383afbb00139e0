"""Best and worst training sets: against all of them where that is possible, and the proofs' claims beyond."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.grokking import (
    TrainingSet,
    TrainingSets,
    addition,
    best_training_set,
    ideal_accuracy,
    modular_addition,
    nullity,
    smallest_complete_set,
    smallest_forcing_set,
    symmetric_group,
    worst_training_set,
)
from geneft_theory.grokking.extremes import _leave_out
from geneft_theory.grokking.implied import answered

# The most samples that m of the 21 of six symbols can imply, m = 0 ... 21, from all 2^21 training sets.
BEST_OF_SIX = [0, 1, 2, 3, 4, 6, 7, 9, 11, 13, 15, 17, 18, 19, 20, 21, 21, 21, 21, 21, 21, 21]


@pytest.fixture(scope="module", params=[3, 4, 5])
def everything(request):
    """All training sets of an addition, their sizes, answers and nullities."""
    operation = addition(request.param)
    total = len(operation.samples)
    sets = TrainingSets(((np.arange(2**total)[:, None] >> np.arange(total)) & 1).astype(bool), operation)
    return operation, sets.masks.sum(axis=1), answered(sets.masks, operation).sum(axis=1), nullity(sets)


def test_no_training_set_is_better_or_worse(everything):
    operation, sizes, answers, _ = everything
    total = len(operation.samples)
    for size in range(total + 1):
        best, worst = best_training_set(size, p=operation.p), worst_training_set(size, p=operation.p)
        assert len(best.training_set) == len(worst.training_set) == size
        assert best.accuracy * total == pytest.approx(answers[sizes == size].max())
        assert worst.accuracy * total == pytest.approx(answers[sizes == size].min())
        assert best.exact
        assert worst.exact


def test_smallest_sets_are_smallest(everything):
    operation, sizes, answers, dimensions = everything
    assert len(smallest_forcing_set(operation.p)) == sizes[dimensions == 2].min()
    assert len(smallest_complete_set(operation.p)) == sizes[answers == len(operation.samples)].min()
    # What can be left out and still force: all but p - 2 samples may leave a symbol undetermined.
    assert sizes[dimensions > 2].max() == len(operation.samples) - (operation.p - 2)


def test_six_symbols():
    found = [best_training_set(size, p=6) for size in range(22)]
    assert [round(each.accuracy * 21) for each in found] == BEST_OF_SIX
    assert all(each.exact for each in found)


def test_a_search_finds_nothing_better_at_eight_symbols():
    operation = addition(8)
    for size in (11, 14, 17):
        searched = answered(_leave_out(size, operation, sign=1)[None], operation).mean()
        assert best_training_set(size, p=8).accuracy >= searched


@pytest.mark.parametrize("p", [4, 5, 8, 10, 17, 40])
def test_smallest_sets_for_any_p(p):
    forcing, complete = smallest_forcing_set(p), smallest_complete_set(p)
    assert (len(forcing), nullity(forcing)) == (p, 2)
    assert (len(complete), nullity(complete), ideal_accuracy(complete)) == (3 * p - 3, 2, 1)
    # Neither has a sample to spare.
    for training_set in (forcing, complete):
        masks = np.repeat(training_set.mask[None], len(training_set), axis=0)
        masks[np.arange(len(training_set)), training_set.indices] = False
        shorter = TrainingSets(masks, training_set.operation)
        assert (nullity(shorter) > 2).all() if training_set is forcing else (ideal_accuracy(shorter) < 1).all()


@given(st.integers(2, 14), st.floats(0, 1))
def test_best_and_worst_enclose_random_sets(p, share):
    operation = addition(p)
    size = round(share * len(operation.samples))
    best, worst = best_training_set(size, p=p), worst_training_set(size, p=p)
    assert (len(best.training_set), len(worst.training_set)) == (size, size)
    assert best.accuracy == ideal_accuracy(best.training_set)
    random = ideal_accuracy(TrainingSets.draw(operation, size=size, draws=50, seed=0))
    assert worst.accuracy <= random.min()
    assert random.max() <= best.accuracy
    if p > 2:
        assert worst.accuracy == size / len(operation.samples)
    if size >= 3 * p - 3:
        assert best.accuracy == 1


@pytest.mark.parametrize("operation", [modular_addition(4), modular_addition(5)])
def test_other_operations_are_looked_at_in_full(operation):
    total = len(operation.samples)
    for size in (3, 4, 7):
        chosen = np.array(list(itertools.combinations(range(total), size)))
        masks = np.zeros((len(chosen), total), dtype=bool)
        np.put_along_axis(masks, chosen, True, axis=1)
        accuracies = ideal_accuracy(TrainingSets(masks, operation))
        best, worst = (function(size, operation=operation) for function in (best_training_set, worst_training_set))
        assert (best.exact, worst.exact, best.method) == (True, True, "exhaustive")
        assert (best.accuracy, worst.accuracy) == (accuracies.max(), accuracies.min())


def test_a_search_says_that_it_is_one():
    found = best_training_set(30, operation=symmetric_group(3))
    assert (found.method, found.accuracy, found.exact) == ("search", 1, True)
    found = best_training_set(9, operation=modular_addition(8))
    assert (found.method, found.exact) == ("search", False)
    assert found.accuracy > 9 / 36


@pytest.mark.parametrize("function", [best_training_set, worst_training_set])
def test_bad_input_is_refused(function):
    for size in (-1, 11, 2.0):
        with pytest.raises(InvalidInput, match="size must be an integer"):
            function(size, p=4)
    with pytest.raises(InvalidInput, match="p must be given"):
        function(3)


@pytest.mark.parametrize("function", [smallest_forcing_set, smallest_complete_set])
def test_too_few_symbols_are_refused(function):
    with pytest.raises(InvalidInput, match="p must be an integer >= 2"):
        function(1)
    assert isinstance(function(2), TrainingSet)
