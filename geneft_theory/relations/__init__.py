"""Relations on n symbols, the learning tasks of the theory, and their symmetry.

A `Relation` is an n x n table of truth values. It comes from a named family, a matrix, a graph or a line of
arithmetic; it knows its logical properties; and `automorphism_order` counts its symmetries exactly.

>>> relation = parse("modulo:3", 30)
>>> relation.is_equivalence, automorphism_order(relation)
(True, 286708355039232000000)
"""

from geneft_theory.relations.automorphisms import AutomorphismGroup, automorphism_group, automorphism_order
from geneft_theory.relations.conversion import from_matrix, from_networkx
from geneft_theory.relations.expression import from_expression
from geneft_theory.relations.families import (
    complete_bipartite,
    divisibility,
    equivalence,
    greater_than,
    modulo,
    random_relation,
)
from geneft_theory.relations.graph_families import ancestor, balanced_tree, cycle, grid, successor
from geneft_theory.relations.naming import known_relations, parse
from geneft_theory.relations.relation import Relation

__all__ = [
    "AutomorphismGroup",
    "Relation",
    "ancestor",
    "automorphism_group",
    "automorphism_order",
    "balanced_tree",
    "complete_bipartite",
    "cycle",
    "divisibility",
    "equivalence",
    "from_expression",
    "from_matrix",
    "from_networkx",
    "greater_than",
    "grid",
    "known_relations",
    "modulo",
    "parse",
    "random_relation",
    "successor",
]
