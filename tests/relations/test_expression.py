"""Relations from text: the meaning is Python's, and nothing but arithmetic gets in."""

import contextlib
import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from geneft_theory.errors import InvalidInput
from geneft_theory.relations import from_expression, greater_than, modulo

integers = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["i", "j", "n"]),
        st.integers(0, 7).map(str),
        st.tuples(integers, st.sampled_from(["+", "-", "*", "//", "%"]), integers).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(integers, st.integers(0, 2)).map("({0[0]} ** {0[1]})".format),
        integers.map("(-{})".format),
        integers.map("(+{})".format),
    )
)
truths = st.deferred(
    lambda: st.one_of(
        st.tuples(integers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), integers)
        .map(" ".join)
        .map("({})".format),
        st.tuples(integers, integers, integers).map("({0[0]} < {0[1]} <= {0[2]})".format),
        st.tuples(truths, st.sampled_from(["and", "or", "&", "|", "^"]), truths).map(" ".join).map("({})".format),
        truths.map("(not {})".format),
    )
)


@settings(max_examples=150)
@given(truths.filter(lambda text: len(text) < 100), st.integers(1, 6))
def test_the_meaning_is_pythons(text, n):
    code = compile(text, "reference", "eval")
    try:
        expected = [bool(eval(code, {"i": i, "j": j, "n": n})) for i, j in itertools.product(range(n), repeat=2)]
    except ZeroDivisionError:
        with pytest.raises(InvalidInput, match="divide by zero"):
            from_expression(n, text)
        return
    assert from_expression(n, text).matrix.ravel().tolist() == expected


def test_known_relations():
    assert from_expression(9, "i > j") == greater_than(9)
    assert from_expression(9, "i % 3 == j % 3") == modulo(9, 3)
    assert from_expression(9, "(i - j) ** 2 < 1") == modulo(9, 9)
    assert from_expression(2, "0 < 1").density == 1


def test_many_blocks_of_rows_equal_one():
    # 600 symbols need more than one block; the smaller relation needs one.
    assert (from_expression(600, "i * j % 7 < 3").matrix[:50, :50] == from_expression(50, "i * j % 7 < 3").matrix).all()


def test_conditions_stop_as_soon_as_they_are_decided():
    assert from_expression(4, "j > 0 and i % j == 0").matrix.astype(int).tolist() == [
        [0, 1, 1, 1],
        [0, 1, 0, 0],
        [0, 1, 1, 0],
        [0, 1, 0, 1],
    ]
    assert from_expression(4, "j == 0 or i % j == 0").matrix[:, 0].all()
    assert not from_expression(4, "0 < j < i // j").matrix[:, 0].any()
    assert from_expression(3, "i < 0 and 1 // 0 == 0").density == 0


REFUSED = {
    "abs(i - j) == 1": "a call",
    "__import__('os').system('true') == 0": "a call",
    "i.real == j": "an attribute",
    "().__class__ == 1": "an attribute",
    "k == i": "an unknown name",
    "i == True": "a constant that is no integer",
    "i == 0.5": "a constant that is no integer",
    "i == 'a'": "a constant that is no integer",
    "i == None": "a constant that is no integer",
    "i / 2 == j": "type BinOp",
    "i << 2 == j": "type BinOp",
    "i @ j == 0": "type BinOp",
    "~i == 0": "type UnaryOp",
    "i in (1, 2)": "type Compare",
    "i is j": "type Compare",
    "[i][0] == j": "type Subscript",
    "(i for i in j) == 1": "type GeneratorExp",
    "(lambda: i)() == 1": "a call",
    "(k := i) == 1": "type NamedExpr",
    "f'{i}' == 1": "type JoinedStr",
    "i if j else n": "type IfExp",
    "{} == 1": "type Dict",
    "i": "got a number",
    "i + j": "got a number",
    "i and j": "must have a truth value where 'i' stands",
    "not i": "must have a truth value where 'i' stands",
    "i & 1 == 0": "must have a truth value where 'i' stands in 'i & 1'",
    "i < j & j < n": "must have a truth value where 'j' stands in 'j & j'",
    "(i < j) + 1 == 2": "must have an integer where 'i < j' stands",
    "(i < j) == (j < n)": "must have an integer where 'i < j' stands",
    "-(i < j)": "must have an integer",
    "i // j == 0": "divide by zero",
    "i % (j - 1) == 0": "divide by zero",
    "1 // 0 == 0": "divide by zero",
    "2 ** (i - 1) == 0": "negative power",
    "9 ** 9 ** 9 == 0": "below 2\\*\\*62",
    "2 ** 62 == 0": "below 2\\*\\*62",
    "(2 ** 31) * (2 ** 31) == 0": "below 2\\*\\*62",
    "2 ** 61 + 2 ** 61 == 0": "below 2\\*\\*62",
    "-(2 ** 61) - 2 ** 61 == 0": "below 2\\*\\*62",
    "i + 99999999999999999999999999 == 0": "below 2\\*\\*62",
    "i < 5000000000000000000": "below 2\\*\\*62",
    "": "one expression",
    "   ": "one expression",
    "i = j": "one expression",
    "i == j; i == j": "one expression",
    "import os": "one expression",
    "i ==": "one expression",
    "i == j)": "one expression",
    "i \0 == j": "one expression",
    "(" * 300 + "i" + ")" * 300 + " == 0": "one expression",
    "not " * 200 + "i < j": "nested",
    "-" * 900 + "i < j": "nested|one expression",
    "i" + " + i" * 100 + " == 0": "nested",
    "abs(" + "-" * 900 + "i)": "nested|one expression",
    "i == j or " * 200 + "i == j": "at most 1000 characters",
    "9" * 5000 + " == i": "at most 1000 characters",
    "9" * 900 + " == i": "below 2\\*\\*62",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_everything_else_is_refused_in_one_line(text):
    with pytest.raises(InvalidInput, match=REFUSED[text]) as complaint:
        from_expression(3, text)
    assert "\n" not in str(complaint.value)
    assert len(str(complaint.value)) < 300


@pytest.mark.parametrize("text", [None, 3, b"i < j", ["i < j"]])
def test_only_text_is_read(text):
    with pytest.raises(InvalidInput, match="text must be a string"):
        from_expression(3, text)


@given(st.text(max_size=40))
def test_no_text_does_anything_but_build_or_be_refused(text):
    with contextlib.suppress(InvalidInput):
        assert from_expression(3, text).n == 3


def test_powers_at_the_edge():
    assert from_expression(2, "2 ** 61 > i").density == 1
    assert from_expression(2, "1 ** 99999 == 1").density == 1
    assert from_expression(2, "0 ** i == 1").matrix.astype(int).tolist() == [[1, 1], [0, 0]]
    assert from_expression(3, "(0 - 2) ** 3 == i - 8 + j").matrix[0, 0]
