"""Relations whose symmetry groups are in the literature, random relations to draw from, and counting by brute force."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from geneft_theory.relations import Relation, from_matrix

# x^11 + x^10 + x^6 + x^5 + x^4 + x^2 + 1 generates the binary Golay code of length 23.
GOLAY_POLYNOMIAL = (0, 2, 4, 5, 6, 10, 11)


def circulant(n, steps):
    """R(i, j) iff i - j (mod n) is one of the steps."""
    return from_matrix(np.isin((np.arange(n)[:, None] - np.arange(n)) % n, list(steps)), name="circulant")


def paley(p):
    """R(i, j) iff i - j is a nonzero square mod the prime p: a graph if p = 1 (mod 4), a tournament if p = 3."""
    return circulant(p, {x * x % p for x in range(1, p)})


def copies(matrix, count):
    """Disjoint copies of a relation."""
    return from_matrix(np.kron(np.eye(count, dtype=int), np.asarray(matrix, dtype=int)))


def witt_blocks():
    """The 77 blocks of the Steiner system S(3, 6, 22), a boolean matrix (77, 22), from the octads of the Golay code."""
    basis = np.zeros((12, 24), dtype=int)
    for shift in range(12):
        basis[shift, [power + shift for power in GOLAY_POLYNOMIAL]] = 1
    basis[:, 23] = basis.sum(axis=1) % 2
    words = np.array(list(itertools.product([0, 1], repeat=12))) @ basis % 2
    octads = words[words.sum(axis=1) == 8]
    return octads[(octads[:, 0] == 1) & (octads[:, 1] == 1)][:, 2:].astype(bool)


def higman_sims():
    """The Higman-Sims graph: a point at infinity, 22 points, 77 blocks; blocks are adjacent if disjoint."""
    blocks = witt_blocks()
    matrix = np.zeros((100, 100), dtype=bool)
    matrix[0, 1:23] = True
    matrix[23:, 1:23] = blocks
    matrix |= matrix.T
    matrix[23:, 23:] = blocks.astype(int) @ blocks.T.astype(int) == 0
    return from_matrix(matrix, name="Higman-Sims")


def paley_hadamard(q):
    """The graph of Paley's Hadamard matrix of order q + 1 (q = 3 mod 4, prime): signed rows against signed columns."""
    squares = {x * x % q for x in range(1, q)}
    positive = np.ones((q + 1, q + 1), dtype=bool)
    positive[1:, 1:] = np.isin((np.arange(q)[:, None] - np.arange(q)) % q, list(squares))
    incidence = np.block([[positive, ~positive], [~positive, positive]])
    matrix = np.kron([[0, 1], [0, 0]], incidence) > 0
    return from_matrix(matrix | matrix.T, name="Paley-Hadamard")


def shrikhande():
    """The Shrikhande graph, with the parameters (16, 6, 2, 2) of the 4 x 4 rook graph but another group."""
    cells = np.array(list(itertools.product(range(4), repeat=2)))
    difference = (cells[:, None] - cells) % 4
    steps = [(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)]
    return from_matrix(np.any([np.all(difference == step, axis=2) for step in steps], axis=0), name="Shrikhande")


def brute_force_group(relation):
    """All automorphisms, one a row, by trying each permutation."""
    permutations = np.array(list(itertools.permutations(range(relation.n))))
    images = relation.matrix[permutations[:, :, None], permutations[:, None, :]]
    return permutations[(images == relation.matrix).all(axis=(1, 2))]


def orbits_of_maps(n, maps):
    """The orbits of the group that some permutations generate, as a sorted tuple of sorted tuples."""
    orbits = {frozenset([symbol]) for symbol in range(n)}
    for image in maps:
        for symbol in range(n):
            ends = {orbit for orbit in orbits if symbol in orbit or image[symbol] in orbit}
            orbits = (orbits - ends) | {frozenset().union(*ends)}
    return tuple(sorted(tuple(sorted(orbit)) for orbit in orbits))


@st.composite
def relations(draw, largest=6):
    """Any relation on at most `largest` symbols."""
    n = draw(st.integers(1, largest))
    bits = draw(st.integers(0, 2 ** (n * n) - 1))
    return from_matrix(np.array([bits >> place & 1 for place in range(n * n)]).reshape(n, n))


@st.composite
def relabelled_relations(draw, largest=6):
    """A relation and a permutation of its symbols."""
    relation: Relation = draw(relations(largest))
    return relation, draw(st.permutations(range(relation.n)))


def structured_relations(count, seed):
    """Random relations with much symmetry, which independent entries would almost never have, in shuffled order."""
    generator = np.random.default_rng(seed)
    for number in range(count):
        kind = number % 6
        n = int(generator.integers(1, 13))
        matrix = generator.random((n, n)) < generator.random()
        if kind == 1:  # independent sets or cliques in place of symbols
            matrix = np.kron(matrix[:3, :3], np.ones((3, 3))) > 0
        elif kind == 2:  # copies of a piece, joined by one of two patterns
            size = min(n, 4)
            between = generator.random((size, size)) < 0.5
            same = np.eye(3, dtype=bool)
            matrix = np.kron(same, matrix[:4, :4]) ^ np.kron(~same, between)
        elif kind == 3:  # regular: every symbol has as many arcs in as out
            matrix = np.zeros((n, n), dtype=bool)
            for _ in range(int(generator.integers(1, 4))):
                matrix[np.arange(n), generator.permutation(n)] = True
        elif kind == 4:  # transitive
            matrix = circulant(n, generator.integers(0, n, 3)).matrix
        elif kind == 5:  # regular and undirected
            matrix = np.zeros((n, n), dtype=bool)
            for _ in range(2):
                matrix[np.arange(n), generator.permutation(n)] = True
            matrix = np.kron([[0, 1], [0, 0]], matrix) > 0
            matrix |= matrix.T
        yield from_matrix(matrix).relabel(generator.permutation(len(matrix)))
