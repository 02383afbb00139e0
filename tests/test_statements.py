"""Statements: complete, derived where they say so, rendered, solved, evaluated, and refused where they should be."""

from itertools import product

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, Status, catalogue
from geneft_theory.citation import bibliography
from geneft_theory.numerics import compile
from geneft_theory.statements import Quantity, Source, Statement

DERIVED = [key for key, statement in catalogue.items() if statement.derivation is not None]


@pytest.mark.parametrize("key", DERIVED)
def test_a_derivation_ends_in_the_statement(key):
    statement = catalogue[key]
    assert statement.derive()[-1].expression == statement.expression


@pytest.mark.parametrize("key", list(catalogue))
def test_every_statement_says_where_it_comes_from_and_renders(key):
    statement = catalogue[key]
    assert statement.key == key
    assert statement.source.paper in bibliography()
    assert statement.latex() in statement._repr_latex_()
    assert statement.text()
    assert statement.as_dict()["status"] in Status.__members__
    if statement.status in (Status.CORRECTED, Status.APPROXIMATION):
        assert statement.note or statement.assumptions
    if statement.status is Status.REDERIVED:
        assert statement.derivation is not None


def test_no_statement_claims_to_have_been_seen_in_the_paper():
    assert not any(statement.status is Status.PAPER for statement in catalogue.values())


def test_the_critical_fraction_solves_the_equation_for_the_known_fraction():
    critical = catalogue["statics.critical_fraction"]
    known = catalogue["statics.known_fraction"]
    samples = critical.quantity("pairs").symbol * critical.right_side
    at_critical = known.right_side.subs(known.quantity("samples").symbol, samples)
    assert sympy.simplify(at_critical - critical.quantity("accuracy").symbol) == 0


def test_many_bits_is_the_limit_of_the_critical_fraction():
    exact, leading = catalogue["statics.critical_fraction"], catalogue["statics.critical_fraction.many_bits"]
    bits = np.array([1e2, 1e3, 1e4])
    ratio = leading(bits=bits, accuracy=0.9, pairs=900) / exact(bits=bits, accuracy=0.9, pairs=900)
    # The correction is 1/(2b): the log of the known fraction's base is -1/b - 1/(2 b^2) - ...
    np.testing.assert_allclose(ratio - 1, 1 / (2 * bits), rtol=0.01)


def test_solving_inverts():
    known = catalogue["statics.known_fraction"]
    inverse = known.solve("samples")
    np.testing.assert_allclose(inverse(known_fraction=known(samples=50, bits=40), bits=40), 50)
    with pytest.raises(InvalidInput, match="symbol must be one of known_fraction, samples, bits"):
        known.solve("nonsense")
    with pytest.raises(InvalidInput, match="must be an equation"):
        catalogue["statics.clustering"].solve("i")


def test_differentiation():
    known = catalogue["statics.known_fraction"]
    b, m = known.quantity("bits").symbol, known.quantity("samples").symbol
    assert sympy.simplify(known.differentiate("samples") + (1 - 1 / b) ** m * sympy.log(1 - 1 / b)) == 0


def test_evaluation_refuses_what_is_missing_unknown_or_outside():
    known = catalogue["statics.known_fraction"]
    with pytest.raises(InvalidInput, match="must be samples, bits; got bits"):
        known(bits=3)
    with pytest.raises(InvalidInput, match=r"samples must lie in \[0, inf\); got -1"):
        known(samples=-1, bits=3)
    with pytest.raises(InvalidInput, match="symbol = expression"):
        catalogue["statics.clustering"]()
    with pytest.raises(InvalidInput, match="derivation"):
        catalogue["statics.clustering"].derive()


def test_a_statement_declares_its_symbols():
    x, y = sympy.symbols("x y")
    with pytest.raises(InvalidInput, match="got none for y"):
        Statement(
            key="test",
            title="",
            expression=sympy.Eq(x, y),
            quantities=(Quantity(x, "x", "", ""),),
            source=Source("baek2024geneft", "nowhere"),
            status=Status.DERIVED,
        )


def test_find_by_the_start_of_a_key():
    assert [statement.key for statement in catalogue.find("statics.total_order")] == [
        "statics.total_order.description_length",
        "statics.total_order.description_length.approximate",
        "statics.total_order.chance",
    ]
    assert len(catalogue.find()) == len(catalogue)
    with pytest.raises(InvalidInput, match="key must be one of"):
        catalogue.find("static")


@given(st.floats(1.5, 1e15), st.floats(0, 10))
def test_compiled_known_fraction_keeps_its_digits(bits, lifetimes):
    samples = lifetimes * bits
    exact = 1 - (1 - 1 / sympy.Float(bits, 60)) ** sympy.Float(samples, 60)
    known = float(catalogue["statics.known_fraction"](samples=samples, bits=bits))
    # The reference itself has 60 digits of numbers near 1.
    assert known == pytest.approx(float(exact), rel=1e-12, abs=1e-55)


def test_compile_broadcasts_constants_and_names_what_is_missing():
    x = sympy.Symbol("x")
    np.testing.assert_array_equal(compile(sympy.Integer(2), [x])(np.zeros((2, 3))), np.full((2, 3), 2.0))
    with pytest.raises(InvalidInput, match="got none for x"):
        compile(x, [])


def partitions_of_three():
    return [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2)]


def zero_loss(decoder, embeddings, classes):
    pairs = product(range(len(classes)), repeat=2)
    return all(decoder[embeddings[i]][embeddings[j]] == (classes[i] == classes[j]) for i, j in pairs)


def models():
    """Every decoder on three possible embeddings, every embedding of three symbols, every partition."""
    for table in product((0, 1), repeat=9):
        decoder = (table[:3], table[3:6], table[6:])
        for embeddings in product(range(3), repeat=3):
            for classes in partitions_of_three():
                if zero_loss(decoder, embeddings, classes):
                    yield decoder, embeddings, classes


def test_theorem_1_holds_with_the_corrected_hypothesis_and_is_empty_with_the_published_one():
    held, fails_without, published = 0, 0, 0
    for decoder, embeddings, classes in models():
        used = sorted(set(embeddings))
        stacked = {tuple(decoder[x][embeddings[k]] for k in range(3)) for x in used}
        clustered = all(
            (embeddings[i] == embeddings[j]) == (classes[i] == classes[j]) for i, j in product(range(3), repeat=2)
        )
        # Direction (i) needs no injectivity at all.
        assert all(classes[i] == classes[j] for i, j in product(range(3), repeat=2) if embeddings[i] == embeddings[j])
        if len(stacked) == len(used):
            held += 1
            assert clustered
        elif not clustered:
            fails_without += 1
        outputs = [decoder[x][y] for x, y in product(used, repeat=2)]
        if len(set(classes)) >= 2 and len(set(outputs)) == len(outputs):
            published += 1
    assert held > 0
    assert fails_without > 0, "the hypothesis would be superfluous"
    assert published == 0, "an injective decoder cannot reach zero loss with two classes"
