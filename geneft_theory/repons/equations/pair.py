"""The pair of repons as statements, in the order of the derivation: motion, solution, probability, weight decay."""

from __future__ import annotations

from geneft_theory.repons.equations import pair_decay, pair_motion, pair_probability, pair_solution
from geneft_theory.statements.statement import Statement

STATEMENTS: tuple[Statement, ...] = (
    *pair_motion.STATEMENTS,
    *pair_solution.STATEMENTS,
    *pair_probability.STATEMENTS,
    *pair_decay.STATEMENTS,
)
