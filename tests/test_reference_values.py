"""Every number of `reference_values.toml`, computed through the public function that it names."""

import tomllib
from functools import cache
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

import geneft_theory
from geneft_theory import Status, catalogue, grokking, relations

FILE = Path(__file__).with_name("reference_values.toml")
VALUES = tomllib.loads(FILE.read_text(encoding="utf-8"))["value"]


def hashable(value):
    return tuple(map(hashable, value)) if isinstance(value, list) else value


@cache
def compute(function, arguments):
    arguments = dict(arguments)
    if function.startswith("catalogue:"):
        return catalogue[function.removeprefix("catalogue:")](**arguments)
    if "held_out" in arguments:
        table = grokking.addition(arguments.pop("p"))
        shown = [pair for pair in table.samples.tolist() if tuple(pair) not in arguments["held_out"]]
        arguments["training_set"] = grokking.TrainingSet(shown, table)
        del arguments["held_out"]
    if "relation" in arguments:
        arguments["relation"] = relations.parse(arguments["relation"], arguments.pop("n"))
    computed = attrgetter(function)(geneft_theory)(**arguments)
    # Of the training set that a function constructs, it is the size that is quoted.
    return len(computed) if isinstance(computed, grokking.TrainingSet) else computed


@pytest.mark.parametrize("reference", VALUES, ids=lambda reference: reference["key"])
def test_the_package_reproduces(reference):
    computed = compute(
        reference["function"],
        tuple((k, hashable(v)) for k, v in reference["arguments"].items()),
    )
    failure = f"{reference['what']} ({reference['source']}; statement {reference['statement']})"
    if isinstance(reference["value"], str):
        assert str(computed) == reference["value"], failure
        return
    if "standard_errors" in reference:
        estimate = getattr(computed, reference["attribute"]) if "attribute" in reference else computed
        # The spread of a single draw is taken to be that of the quoted simulation as well.
        error = estimate.standard_error * np.hypot(1, np.sqrt(estimate.draws / reference["draws"]))
        allowed = reference["standard_errors"] * error + reference["tolerance"]
        assert abs(estimate.value - reference["value"]) <= allowed, failure
        return
    difference = np.abs(np.asarray(computed, dtype=float) - np.asarray(reference["value"], dtype=float))
    assert np.all(difference <= reference["tolerance"]), failure


@pytest.mark.parametrize("reference", VALUES, ids=lambda reference: reference["key"])
def test_a_reference_value_says_where_it_comes_from(reference):
    assert reference["status"] in Status.__members__
    assert reference["statement"] in catalogue
    assert reference["source"]


def test_keys_are_unique():
    keys = [reference["key"] for reference in VALUES]
    assert len(keys) == len(set(keys))
