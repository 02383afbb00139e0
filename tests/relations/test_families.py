"""The named families by their definitions, by their names, and at their doors."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from geneft_theory import relations as r
from geneft_theory.errors import InvalidInput

sizes = st.integers(1, 12)


def assert_is(relation, n, holds):
    assert relation.n == n
    for i, j in itertools.product(range(n), repeat=2):
        assert relation.matrix[i, j] == holds(i, j), (i, j)


@given(sizes, st.integers(1, 15))
def test_modulo(n, k):
    assert_is(r.modulo(n, k), n, lambda i, j: i % k == j % k)


def test_modulo_of_a_huge_modulus_is_equality():
    assert r.modulo(5, 10**30) == r.modulo(5, 5)


@given(sizes)
def test_orders_and_chains(n):
    assert_is(r.greater_than(n), n, lambda i, j: i > j)
    assert_is(r.divisibility(n), n, lambda i, j: (j + 1) % (i + 1) == 0)
    assert_is(r.successor(n), n, lambda i, j: j == i + 1)


@given(st.integers(3, 12))
def test_cycle(n):
    assert_is(r.cycle(n), n, lambda i, j: (i - j) % n in (1, n - 1))


@given(st.integers(2, 12), st.data())
def test_complete_bipartite(n, data):
    a = data.draw(st.integers(1, n - 1))
    assert_is(r.complete_bipartite(n, a), n, lambda i, j: (i < a) != (j < a))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_equivalence(class_sizes):
    label = [number for number, size in enumerate(class_sizes) for _ in range(size)]
    assert_is(r.equivalence(class_sizes), len(label), lambda i, j: label[i] == label[j])


@given(st.integers(1, 4), st.integers(1, 4))
def test_grid(rows, columns):
    cells = list(itertools.product(range(rows), range(columns)))

    def touch(i, j):
        return abs(cells[i][0] - cells[j][0]) + abs(cells[i][1] - cells[j][1]) == 1

    assert_is(r.grid(rows, columns), rows * columns, touch)


@st.composite
def forests(draw):
    """A parent list in which parents need not come before their children."""
    n = draw(st.integers(1, 10))
    parents = [draw(st.integers(-1, symbol - 1)) for symbol in range(n)]
    names = draw(st.permutations(range(n)))
    moved = [-1] * n
    for symbol, parent in enumerate(parents):
        moved[names[symbol]] = names[parent] if parent >= 0 else -1
    return moved


@given(forests())
def test_ancestor(parents):
    def above(i, j):
        while (j := parents[j]) >= 0:
            if j == i:
                return True
        return False

    assert_is(r.ancestor(parents), len(parents), above)
    assert r.ancestor([None if parent < 0 else parent for parent in parents]) == r.ancestor(parents)


@given(sizes, st.integers(1, 4))
def test_balanced_tree(n, branching):
    parents = [-1, *((symbol - 1) // branching for symbol in range(1, n))]
    assert r.balanced_tree(n, branching) == r.ancestor(parents)


@given(sizes, st.floats(0, 1), st.integers(0, 2**70))
def test_random_relation_is_reproducible(n, density, seed):
    assert r.random_relation(n, density, seed) == r.random_relation(n, density, seed)
    assert r.random_relation(n, density, seed, symmetric=True).is_symmetric
    assert r.random_relation(n, 0, seed).density == 0
    assert r.random_relation(n, 1, seed, symmetric=True).density == 1


@pytest.mark.parametrize("symmetric", [False, True])
def test_random_relation_has_its_density(symmetric):
    density, n = 0.3, 300
    draws = n * (n + 1) / 2 if symmetric else n**2
    # Off the diagonal a symmetric draw counts twice, so the standard error is that of about n^2 / 2 draws.
    standard_error = np.sqrt(density * (1 - density) / draws)
    assert abs(r.random_relation(n, density, 3, symmetric).density - density) < 4 * standard_error


def test_random_relation_leaves_the_global_generator_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    r.random_relation(5, 0.5, 0)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


NAMED = [
    r.modulo(30, 3),
    r.greater_than(30),
    r.complete_bipartite(30, 10),
    r.equivalence([10, 15, 5]),
    r.divisibility(30),
    r.ancestor([None, 0, 0, 1, None, 4]),
    r.balanced_tree(30),
    r.balanced_tree(30, 3),
    r.grid(5, 6),
    r.cycle(30),
    r.successor(30),
    r.random_relation(30, 0.3, 7),
    r.random_relation(30, 1e-3, 7, symmetric=True),
    r.from_expression(30, "(i + j) % 3 == 0"),
    r.from_expression(30, "  i<j\n or  j < 2 * i "),
]


@pytest.mark.parametrize("relation", NAMED, ids=lambda relation: relation.name)
def test_names_lead_back_to_the_relation(relation):
    again = r.parse(relation.name, relation.n)
    assert again == relation
    assert (again.name, again.family, again.parameters) == (relation.name, relation.family, relation.parameters)
    assert relation.name.partition(":")[0] == relation.family


def test_every_known_name_is_tried_here():
    known = {form.partition(":")[0] for form in r.known_relations()}
    assert known == {relation.family for relation in NAMED}
    assert all(meaning and "\n" not in meaning for meaning in r.known_relations().values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "relation must be one of modulo:K, greater-than,"),
        ("", "relation must be one of"),
        (None, "relation must be one of"),
        ("Modulo:3", "relation must be one of"),
        ("modulo", "form modulo:K"),
        ("modulo:", "form modulo:K"),
        ("modulo:3.5", "k must be an integer"),
        ("modulo:0", "k must be an integer >= 1"),
        ("modulo:" + "9" * 5000, "k must be an integer"),
        ("cycle:3", "takes no arguments"),
        ("greater-than:", None),
        ("equivalence:10,10", "n must be 20"),
        ("equivalence:10,,20", "class size must be an integer"),
        ("equivalence:1" + "0" * 30, "n must be"),
        ("complete-bipartite:30", "a must be an integer >= 1 and <= 29"),
        ("grid:5", "form grid:ROWSxCOLUMNS"),
        ("grid:5x5", "n must be 25"),
        ("grid:5xy", "columns must be an integer"),
        ("ancestor:-1,0", "n must be 2"),
        ("ancestor:x", "parent must be an integer"),
        ("random:0.3", "form random:DENSITY:SEED"),
        ("random:0.3:7:other", "form random:DENSITY:SEED"),
        ("random:x:7", "density must be a number"),
        ("random:nan:7", "density must lie in"),
        ("random:1.5:7", "density must lie in"),
        ("random:0.5:-1", "seed must be an integer >= 0"),
        ("balanced-tree:0", "branching must be"),
        ("expression:i.real == j", "attribute"),
    ],
)
def test_bad_names_are_refused_in_one_line(text, message):
    if message is None:
        assert r.parse(text, 30) == r.greater_than(30)
        return
    with pytest.raises(InvalidInput, match=message) as complaint:
        r.parse(text, 30)
    assert "\n" not in str(complaint.value)
    assert len(str(complaint.value)) < 500


@pytest.mark.parametrize("n", [0, -1, True, 2.0, "30", None, 10_001, 10**30])
@pytest.mark.parametrize(
    "build",
    [
        r.greater_than,
        r.divisibility,
        r.cycle,
        r.successor,
        r.balanced_tree,
        lambda n: r.modulo(n, 3),
        lambda n: r.complete_bipartite(n, 1),
        lambda n: r.random_relation(n, 0.5, 0),
        lambda n: r.from_expression(n, "i < j"),
        lambda n: r.parse("greater-than", n),
    ],
)
def test_bad_sizes_are_refused(build, n):
    with pytest.raises(InvalidInput, match=r"^n must be an integer"):
        build(n)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: r.modulo(3, 0), "k must"),
        (lambda: r.modulo(3, True), "k must"),
        (lambda: r.modulo(3, 1.5), "k must"),
        (lambda: r.complete_bipartite(3, 0), "a must"),
        (lambda: r.complete_bipartite(3, 3), "a must"),
        (lambda: r.complete_bipartite(1, 1), "n must"),
        (lambda: r.cycle(2), "n must"),
        (lambda: r.equivalence([]), "class_sizes must hold"),
        (lambda: r.equivalence([2, 0]), "class_sizes entry must"),
        (lambda: r.equivalence([2, 1.0]), "class_sizes entry must"),
        (lambda: r.equivalence(3), "class_sizes must be a sequence"),
        (lambda: r.equivalence([9000, 2000]), "n must"),
        (lambda: r.ancestor([]), "n must"),
        (lambda: r.ancestor(5), "parents must be a sequence"),
        (lambda: r.ancestor([0]), "got a circle"),
        (lambda: r.ancestor([-1, 2, 3, 1]), "got a circle"),
        (lambda: r.ancestor([-1, 2]), "parents entry must"),
        (lambda: r.ancestor([-2]), "parents entry must"),
        (lambda: r.ancestor(["a"]), "parents entry must"),
        (lambda: r.balanced_tree(3, 0), "branching must"),
        (lambda: r.grid(0, 3), "rows must"),
        (lambda: r.grid(3, -1), "columns must"),
        (lambda: r.grid(101, 100), "n must"),
        (lambda: r.random_relation(3, 1.5, 0), "density must"),
        (lambda: r.random_relation(3, float("nan"), 0), "density must"),
        (lambda: r.random_relation(3, 0.5, -1), "seed must"),
        (lambda: r.random_relation(3, 0.5, None), "seed must"),
        (lambda: r.random_relation(3, 0.5, 0, symmetric=1), "symmetric must"),
    ],
)
def test_bad_parameters_are_refused(build, message):
    with pytest.raises(InvalidInput, match=message):
        build()
