"""The relation itself: values, immutability, derived relations, conversions, logical properties."""

import itertools
import pickle
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from geneft_theory import relations as r
from geneft_theory.errors import InvalidInput
from tests.relations.known_graphs import relabelled_relations, relations

BAD_MATRICES = {
    "no rows": np.zeros((0, 0)),
    "not square": np.zeros((2, 3)),
    "one axis": [0, 1],
    "three axes": np.zeros((2, 2, 2)),
    "a two": [[0, 2], [0, 0]],
    "a negative": [[0, -1], [0, 0]],
    "a fraction": [[0.5, 0], [0, 0]],
    "nan": [[np.nan, 0], [0, 0]],
    "infinity": [[np.inf, 0], [0, 0]],
    "complex": [[1j, 0], [0, 0]],
    "text": [["0", "1"], ["1", "0"]],
    "objects": [[None, 1], [1, 0]],
    "ragged": [[1, 0], [1]],
    "a number": 1,
    "a graph": nx.path_graph(2),
    "too large": np.zeros((10_001, 10_001), dtype=bool),
}


def test_what_a_relation_knows():
    relation = r.modulo(30, 3)
    assert (relation.n, relation.pairs, relation.density) == (30, 900, 1 / 3)
    assert (relation.name, relation.family, dict(relation.parameters)) == ("modulo:3", "modulo", {"k": 3})
    assert relation.matrix.dtype == bool
    assert relation.matrix.shape == (30, 30)
    assert repr(relation) == "Relation('modulo:3', n=30)"
    assert len(repr(r.ancestor([-1] * 1000))) < 100


def test_nothing_can_be_changed():
    source = np.zeros((2, 2), dtype=bool)
    relation = r.Relation(source, parameters={"k": 1})
    source[:] = True
    assert not relation.matrix.any()
    with pytest.raises(ValueError, match="read-only"):
        relation.matrix[0, 0] = True
    with pytest.raises(ValueError, match="WRITEABLE"):
        relation.matrix.setflags(write=True)
    with pytest.raises(TypeError):
        relation.parameters["k"] = 2
    for name in ("matrix", "name", "n", "is_symmetric"):
        with pytest.raises(AttributeError):
            setattr(relation, name, None)


@given(relations())
def test_equality_and_hash_are_those_of_the_matrix(relation):
    same = r.Relation(relation.matrix.astype(float), name="another name")
    assert relation == same
    assert hash(relation) == hash(same)
    assert relation != relation.complement()
    assert relation != relation.matrix.tolist()


def test_a_pickled_relation_comes_back_whole_and_read_only():
    relation = r.equivalence([2, 3])
    again = pickle.loads(pickle.dumps(relation))
    assert again == relation
    assert (again.name, again.family, again.parameters) == (relation.name, relation.family, relation.parameters)
    with pytest.raises(ValueError, match="read-only"):
        again.matrix[0, 0] = False


@given(relabelled_relations())
def test_relabelled_complement_converse_by_definition(pair):
    relation, permutation = pair
    moved = relation.relabel(permutation)
    for i, j in itertools.product(range(relation.n), repeat=2):
        assert moved.matrix[permutation[i], permutation[j]] == relation.matrix[i, j]
        assert relation.converse().matrix[j, i] == relation.matrix[i, j]
        assert relation.complement().matrix[i, j] != relation.matrix[i, j]
    assert moved.relabel(np.argsort(permutation)) == relation
    assert moved.density == relation.density


def test_greater_than_reversed_is_the_same_order_in_other_names():
    relation = r.greater_than(6)
    assert relation.converse() == relation.relabel(range(5, -1, -1))


@given(relations())
def test_networkx_there_and_back(relation):
    graph = relation.to_networkx()
    assert sorted(graph.nodes) == list(range(relation.n))
    assert graph.number_of_edges() == relation.matrix.sum()
    assert r.from_networkx(graph) == relation


def test_from_networkx_orders_and_directions():
    graph = nx.Graph([("b", "a"), ("a", "a")])
    assert r.from_networkx(graph).matrix.astype(int).tolist() == [[0, 1], [1, 1]]
    assert r.from_networkx(graph, nodes=["a", "b"]).matrix.astype(int).tolist() == [[1, 1], [1, 0]]
    assert r.from_networkx(nx.DiGraph([(1, 0)]), nodes=[0, 1]).matrix.astype(int).tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("graph", "nodes", "message"),
    [
        (nx.MultiGraph([(0, 1), (0, 1)]), None, "multigraph"),
        (nx.MultiDiGraph([(0, 1)]), None, "multigraph"),
        (nx.Graph(), None, "n must be"),
        (np.eye(2), None, "graph must be a networkx"),
        (nx.path_graph(3), [0, 1], "nodes must hold each node"),
        (nx.path_graph(3), [0, 1, 1, 2], "nodes must hold each node"),
        (nx.path_graph(3), [0, 1, 5], "nodes must hold each node"),
        (nx.path_graph(3), 3, "nodes must be a sequence"),
        (nx.path_graph(3), [[0], [1], [2]], "nodes must be a sequence"),
    ],
)
def test_from_networkx_refuses(graph, nodes, message):
    with pytest.raises(InvalidInput, match=message):
        r.from_networkx(graph, nodes)


@pytest.mark.parametrize("kind", [bool, int, float, np.uint8, np.float32])
def test_from_matrix_takes_zeros_and_ones_of_any_type(kind):
    assert r.from_matrix(np.eye(3, dtype=kind), name="equality") == r.modulo(3, 3)
    assert r.from_matrix([[1, 0], [1, 1]]).family is None


@pytest.mark.parametrize("name", BAD_MATRICES)
@pytest.mark.parametrize("build", [r.from_matrix, r.Relation])
def test_bad_matrices_are_refused(build, name):
    with pytest.raises(InvalidInput, match=r"^(matrix|n) must be") as complaint:
        build(BAD_MATRICES[name])
    assert "\n" not in str(complaint.value)


@pytest.mark.parametrize("change", [{"name": ""}, {"name": 3}, {"family": 3}, {"parameters": [1]}])
def test_bad_labels_are_refused(change):
    with pytest.raises(InvalidInput, match=next(iter(change))):
        r.Relation([[1]], **change)


@pytest.mark.parametrize("permutation", [[0, 1], [0, 1, 1], [0, 1, 3], [0.0, 1.0, 2.0], [False, True, 2], 3, "012"])
def test_bad_permutations_are_refused(permutation):
    with pytest.raises(InvalidInput, match=r"permutation must hold each of 0 \.\.\. 2 once"):
        r.cycle(3).relabel(permutation)


def by_definition(relation):
    """The logical properties, spelled out as loops over symbols."""
    holds, symbols = relation.matrix.tolist(), range(relation.n)
    pairs = list(itertools.product(symbols, repeat=2))
    triples = list(itertools.product(symbols, repeat=3))
    sides = [set(side) for size in range(1, relation.n) for side in itertools.combinations(symbols, size)]
    found = {
        "reflexive": all(holds[i][i] for i in symbols),
        "irreflexive": all(not holds[i][i] for i in symbols),
        "symmetric": all(holds[j][i] for i, j in pairs if holds[i][j]),
        "antisymmetric": all(i == j for i, j in pairs if holds[i][j] and holds[j][i]),
        "asymmetric": all(not holds[j][i] for i, j in pairs if holds[i][j]),
        "transitive": all(holds[i][k] for i, j, k in triples if holds[i][j] and holds[j][k]),
        "connected": all(holds[i][j] or holds[j][i] for i, j in pairs if i != j),
        "strongly_connected": all(holds[i][j] or holds[j][i] for i, j in pairs),
        "complete_bipartite": any(all(holds[i][j] == ((i in s) != (j in s)) for i, j in pairs) for s in sides),
    }
    found["equivalence"] = found["reflexive"] and found["symmetric"] and found["transitive"]
    found["partial_order"] = found["reflexive"] and found["antisymmetric"] and found["transitive"]
    found["strict_partial_order"] = found["irreflexive"] and found["antisymmetric"] and found["transitive"]
    found["total_order"] = found["partial_order"] and found["strongly_connected"]
    found["strict_total_order"] = found["strict_partial_order"] and found["connected"]
    found["tournament"] = all(holds[i][j] + holds[j][i] == (i != j) for i, j in pairs)
    return {name for name, value in found.items() if value}


def test_logical_properties_of_all_small_relations_by_definition():
    for n in (1, 2, 3):
        for bits in itertools.product([0, 1], repeat=n * n):
            relation = r.from_matrix(np.reshape(bits, (n, n)))
            assert set(relation.logical_properties()) == by_definition(relation)


@given(relabelled_relations(largest=5))
def test_logical_properties_by_definition_and_under_new_names(pair):
    relation, permutation = pair
    assert set(relation.logical_properties()) == by_definition(relation)
    assert relation.relabel(permutation).logical_properties() == relation.logical_properties()


@pytest.mark.parametrize(
    ("relation", "property_name"),
    [
        (r.modulo(7, 3), "is_equivalence"),
        (r.equivalence([2, 3, 1]), "is_equivalence"),
        (r.greater_than(7), "is_strict_total_order"),
        (r.greater_than(7).converse().complement(), "is_total_order"),
        (r.divisibility(12), "is_partial_order"),
        (r.balanced_tree(9, 3), "is_strict_partial_order"),
        (r.complete_bipartite(7, 3), "is_complete_bipartite"),
        (r.successor(5), "is_asymmetric"),
        (r.grid(3, 4), "is_symmetric"),
        (r.cycle(5), "is_irreflexive"),
        (r.random_relation(9, 0.4, 1, symmetric=True), "is_symmetric"),
    ],
)
def test_families_have_the_property_they_are_known_for(relation, property_name):
    assert getattr(relation, property_name)
    assert property_name.removeprefix("is_") in relation.logical_properties()


def test_import_is_light():
    code = (
        "import sys, geneft_theory.relations; heavy = {'networkx', 'scipy', 'sympy', 'torch'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
