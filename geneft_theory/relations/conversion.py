"""Relations from what a user already has: a matrix or a networkx graph."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.relations.relation import Relation, require_relation_matrix, require_symbols

if TYPE_CHECKING:
    import networkx


def from_matrix(matrix: ArrayLike, name: str = "matrix") -> Relation:
    """Return the relation with the given matrix.

    Parameters
    ----------
    matrix : array_like, (n, n)
        Zeros and ones, or booleans; entry (i, j) is R(i, j). It is copied.
    name : str
        What reports call the relation.

    Returns
    -------
    Relation
        The relation, of no named family.

    Raises
    ------
    InvalidInput
        When the matrix is not square, empty, or holds masked entries or anything but zeros and ones (also nan).

    Examples
    --------
    >>> from_matrix([[0, 1], [1, 0]]).logical_properties()
    ('irreflexive', 'symmetric', 'connected', 'complete_bipartite')
    """
    if isinstance(matrix, np.ma.MaskedArray) and np.any(np.ma.getmaskarray(matrix)):
        raise InvalidInput("matrix must have no masked entries; got a masked array")
    return Relation(require_relation_matrix(matrix), name)


def from_networkx(
    graph: networkx.Graph, nodes: Iterable[Hashable] | None = None, name: str = "networkx graph"
) -> Relation:
    """Return the adjacency relation of a `networkx` graph, loops included; weights and attributes are ignored.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        An undirected edge gives R(u, v) = R(v, u) = 1. Multigraphs are refused.
    nodes : iterable of nodes, optional
        Each node once: symbol i is the i-th of them. By default the order in which the graph lists its nodes.
    name : str
        What reports call the relation.

    Returns
    -------
    Relation
        The relation, of no named family.

    Raises
    ------
    InvalidInput
        When `graph` is no such graph, is a multigraph or has no nodes, or `nodes` are not its nodes.

    Examples
    --------
    >>> import networkx
    >>> path = networkx.DiGraph([("a", "b"), ("b", "c"), ("c", "c")])
    >>> from_networkx(path).matrix.astype(int).tolist()
    [[0, 1, 0], [0, 0, 1], [0, 0, 1]]
    >>> from_networkx(path, nodes="cba").matrix.astype(int).tolist()
    [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
    """
    import networkx

    if not isinstance(graph, networkx.Graph):
        raise InvalidInput(f"graph must be a networkx Graph or DiGraph; got {shown(graph)}")
    if graph.is_multigraph():
        raise InvalidInput(f"graph must not be a multigraph, a relation holds or does not; got {shown(graph)}")
    try:
        order = list(graph.nodes if nodes is None else nodes)
        index = {node: symbol for symbol, node in enumerate(order)}
    except TypeError:
        raise InvalidInput(f"nodes must be a sequence of nodes; got {shown(nodes)}") from None
    if len(index) != len(order) or index.keys() != set(graph.nodes):
        raise InvalidInput(f"nodes must hold each node of the graph once; got {shown(order)}")
    matrix = np.zeros((require_symbols(len(order)),) * 2, dtype=np.bool_)
    for source, target in graph.edges:
        matrix[index[source], index[target]] = True
    return Relation(matrix if graph.is_directed() else matrix | matrix.T, name)
