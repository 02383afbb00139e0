"""The two-point theory as statements: motion, the aligned pair, its fate, merging, exact solutions, and repons."""

from geneft_theory.alignment.equations import (
    closure,
    correspondence,
    estimates,
    exact,
    fate,
    initial,
    merging,
    motion,
)

STATEMENTS = (
    *motion.STATEMENTS,
    *closure.STATEMENTS,
    *fate.STATEMENTS,
    *initial.STATEMENTS,
    *merging.STATEMENTS,
    *exact.STATEMENTS,
    *estimates.STATEMENTS,
    *correspondence.STATEMENTS,
)

__all__ = ["STATEMENTS"]
