"""The symmetry group against known groups, product formulas, brute force and igraph."""

import dataclasses
import math

import hypothesis.strategies as st
import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from geneft_theory import relations as r
from geneft_theory.errors import InvalidInput
from tests.relations.known_graphs import (
    brute_force_group,
    circulant,
    copies,
    higman_sims,
    orbits_of_maps,
    paley,
    paley_hadamard,
    relabelled_relations,
    relations,
    shrikhande,
    structured_relations,
)

KNOWN_GRAPHS = {
    "petersen": (nx.petersen_graph(), 120),
    "desargues": (nx.desargues_graph(), 240),
    "heawood": (nx.heawood_graph(), 336),
    "pappus": (nx.pappus_graph(), 216),
    "moebius-kantor": (nx.moebius_kantor_graph(), 96),
    "dodecahedron": (nx.dodecahedral_graph(), 120),
    "icosahedron": (nx.icosahedral_graph(), 120),
    "frucht": (nx.frucht_graph(), 1),
    "tutte": (nx.tutte_graph(), 3),
    "hoffman-singleton": (nx.hoffman_singleton_graph(), 252_000),
    "4 x 4 rook": (nx.line_graph(nx.complete_bipartite_graph(4, 4)), 2 * 24**2),
    "triangular 8": (nx.line_graph(nx.complete_graph(8)), math.factorial(8)),
}


def test_a_cubic_graph_that_a_port_of_nauty_gets_wrong():
    """canonaut 1.0.0 gives 2 in its undirected mode; trying all 8! permutations gives 4."""
    edges = [(0, 7), (0, 4), (0, 2), (1, 2), (1, 7), (1, 3), (2, 4), (3, 6), (3, 5), (4, 5), (5, 6), (6, 7)]
    graph = nx.Graph(edges)
    found = sum(1 for _ in nx.isomorphism.GraphMatcher(graph, graph).isomorphisms_iter())
    assert r.automorphism_order(r.from_networkx(graph)) == found == 4


@pytest.mark.parametrize("name", KNOWN_GRAPHS)
def test_known_graphs(name):
    graph, order = KNOWN_GRAPHS[name]
    assert r.automorphism_order(r.from_networkx(graph)) == order


def test_higman_sims():
    group = r.automorphism_group(higman_sims())
    assert group.order == 88_704_000
    assert group.orbits == (tuple(range(100)),)


def test_strongly_regular_graphs_with_equal_parameters_are_told_apart():
    rook = nx.to_numpy_array(KNOWN_GRAPHS["4 x 4 rook"][0])
    other = shrikhande().matrix
    assert r.automorphism_order(shrikhande()) == 192
    both = np.block([[rook, np.zeros((16, 16))], [np.zeros((16, 16)), other]])
    assert r.automorphism_order(r.from_matrix(both)) == 192 * 1152
    assert len(r.automorphism_group(r.from_matrix(both)).orbits) == 2


@pytest.mark.parametrize(("q", "order"), [(11, 2 * 2 * 95_040), (19, 2 * 2 * 3_420)])
def test_hadamard_matrices(q, order):
    # Hall (1962), Kantor (1969): 2 M_12 and 2 PSL(2, q) act on the rows; here rows and columns change places, too.
    assert r.automorphism_order(paley_hadamard(q)) == order


@pytest.mark.parametrize("dimension", range(1, 9))
def test_hypercubes(dimension):
    cube = r.from_networkx(nx.hypercube_graph(dimension))
    assert r.automorphism_order(cube) == 2**dimension * math.factorial(dimension)


@pytest.mark.parametrize("p", [5, 13, 17, 29, 7, 11, 19, 23])
def test_paley_graphs_and_tournaments(p):
    # Carlitz (1960): exactly the maps x -> a x + b with a nonzero square a.
    relation = paley(p)
    assert relation.is_tournament == (p % 4 == 3)
    assert relation.is_symmetric == (p % 4 == 1)
    assert r.automorphism_order(relation) == p * (p - 1) // 2


def test_paley_graph_of_nine_elements_is_the_rook_graph():
    assert r.automorphism_order(r.from_networkx(nx.line_graph(nx.complete_bipartite_graph(3, 3)))) == 72


@pytest.mark.parametrize("n", [3, 4, 7, 30, 101])
def test_cycles_and_directed_cycles(n):
    assert r.automorphism_order(r.cycle(n)) == (2 * n if n != 4 else 8)
    assert r.automorphism_order(circulant(n, [1])) == n


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("family", [r.cycle(5), circulant(5, [1]), r.greater_than(4), r.successor(3), paley(7)])
def test_disjoint_copies_and_their_complement(family, count):
    expected = math.factorial(count) * r.automorphism_order(family) ** count
    union = copies(family.matrix, count)
    assert r.automorphism_order(union) == expected
    assert r.automorphism_order(union.complement()) == expected


def test_many_unlike_regular_pieces():
    # A search through the union as a whole takes time exponential in the number of pieces.
    cycles = r.from_networkx(nx.disjoint_union_all([nx.cycle_graph(k) for k in [*range(3, 14), *range(3, 14)]]))
    lengths = [2 * k if k != 4 else 8 for k in range(3, 14)]
    assert r.automorphism_order(cycles) == math.prod(2 * length**2 for length in lengths)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_equivalence_relations(sizes):
    expected = math.prod(math.factorial(size) for size in sizes)
    expected *= math.prod(math.factorial(sizes.count(size)) for size in set(sizes))
    assert r.automorphism_order(r.equivalence(sizes)) == expected


@given(st.integers(1, 40), st.integers(1, 12))
def test_modulo(n, k):
    sizes = [len(range(rest, n, k)) for rest in range(min(n, k))]
    assert r.automorphism_order(r.modulo(n, k)) == r.automorphism_order(r.equivalence(sizes))


@given(st.integers(2, 40), st.data())
def test_complete_bipartite(n, data):
    a = data.draw(st.integers(1, n - 1))
    expected = math.factorial(a) * math.factorial(n - a) * (2 if 2 * a == n else 1)
    assert r.automorphism_order(r.complete_bipartite(n, a)) == expected


@pytest.mark.parametrize("n", [1, 2, 30, 200])
def test_rigid_families(n):
    assert r.automorphism_order(r.greater_than(n)) == 1
    assert r.automorphism_order(r.successor(n)) == 1
    assert r.automorphism_order(r.ancestor([*range(-1, n - 1)])) == 1


@pytest.mark.parametrize(
    ("rows", "columns", "order"), [(1, 1, 1), (1, 7, 2), (7, 1, 2), (2, 2, 8), (3, 5, 4), (5, 5, 8), (2, 9, 4)]
)
def test_grids(rows, columns, order):
    assert r.automorphism_order(r.grid(rows, columns)) == order


@pytest.mark.parametrize("depth", range(7))
def test_balanced_binary_trees(depth):
    tree = r.balanced_tree(2 ** (depth + 1) - 1)
    assert r.automorphism_order(tree) == 2 ** (2**depth - 1)
    assert len(r.automorphism_group(tree).orbits) == depth + 1


@pytest.mark.parametrize("n", [30, 100])
def test_divisibility(n):
    # Only primes above sqrt(n) with equally many multiples up to n can be exchanged, each with its multiples.
    primes = [p for p in range(2, n + 1) if all(p % d for d in range(2, p))]
    multiples = [n // p for p in primes if p * p > n]
    expected = math.prod(math.factorial(multiples.count(number)) for number in set(multiples))
    assert r.automorphism_order(r.divisibility(n)) == expected


def test_large_relations_with_huge_groups():
    assert r.automorphism_order(r.modulo(1000, 1)) == math.factorial(1000)
    assert r.automorphism_order(r.equivalence([500, 300, 200])) == math.prod(map(math.factorial, [500, 300, 200]))
    assert r.automorphism_order(r.from_expression(999, "i // 3 < j // 3")) == 6**333


@pytest.mark.parametrize("degree", [3, 4])
def test_random_regular_graphs_and_their_complements(degree):
    for seed in range(5):
        graph = nx.random_regular_graph(degree, 60, seed=seed)
        expected = igraph.Graph.from_networkx(graph).count_automorphisms()
        assert r.automorphism_order(r.from_networkx(graph)) == expected
        assert r.automorphism_order(r.from_networkx(graph).complement()) == expected


def test_unlabelled_graphs_add_up_to_all_labelled_graphs():
    labelled = dict.fromkeys(range(1, 8), 0)
    for graph in nx.graph_atlas_g()[1:]:
        n = graph.number_of_nodes()
        labelled[n] += math.factorial(n) // r.automorphism_order(r.from_networkx(graph))
    assert labelled == {n: 2 ** (n * (n - 1) // 2) for n in labelled}


@given(relations())
def test_order_orbits_and_twins_against_brute_force(relation):
    maps = brute_force_group(relation)
    group = r.automorphism_group(relation)
    assert group.order == len(maps)
    assert group.orbits == orbits_of_maps(relation.n, maps)
    transpositions = maps[(maps != np.arange(relation.n)).sum(axis=1) == 2]
    assert group.twin_classes == orbits_of_maps(relation.n, transpositions)


def test_structured_relations_against_igraph():
    for relation in structured_relations(count=300, seed=5):
        loops = relation.matrix.diagonal()
        arcs = np.argwhere(relation.matrix & ~np.diag(loops)).tolist()
        graph = igraph.Graph(n=relation.n, edges=arcs, directed=True)
        group = r.automorphism_group(relation)
        assert group.order == graph.count_automorphisms(color=loops.astype(int).tolist())
        generators = graph.automorphism_group(color=loops.astype(int).tolist())
        assert group.orbits == orbits_of_maps(relation.n, generators)


@given(relabelled_relations(largest=12))
def test_relabelling_complement_and_converse_change_nothing(pair):
    relation, permutation = pair
    group = r.automorphism_group(relation)
    moved = r.automorphism_group(relation.relabel(permutation))
    assert moved.order == group.order
    assert moved.orbits == tuple(sorted(tuple(sorted(permutation[i] for i in orbit)) for orbit in group.orbits))
    assert r.automorphism_group(relation.complement()) == group
    assert r.automorphism_group(relation.converse()) == group


@given(relations(largest=9))
def test_order_divides_the_number_of_permutations_and_is_a_multiple_of_orbit_sizes(relation):
    group = r.automorphism_group(relation)
    assert type(group.order) is int
    assert math.factorial(relation.n) % group.order == 0
    assert all(group.order % len(orbit) == 0 for orbit in group.orbits)
    assert sorted(symbol for orbit in group.orbits for symbol in orbit) == list(range(relation.n))


def test_group_is_immutable():
    group = r.automorphism_group(r.cycle(3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        group.order = 1


@pytest.mark.parametrize("function", [r.automorphism_order, r.automorphism_group])
@pytest.mark.parametrize("value", [None, [[1]], "modulo:3", np.eye(3)])
def test_other_objects_are_refused(function, value):
    with pytest.raises(InvalidInput, match="relation must be a Relation"):
        function(value)
