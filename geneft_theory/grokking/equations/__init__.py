"""Grokking as representation learning, as statements: structure, flow, rates, and what data force."""

from geneft_theory.grokking.equations import flow, ideal, rates, structure

STATEMENTS = (*structure.STATEMENTS, *flow.STATEMENTS, *rates.STATEMENTS, *ideal.STATEMENTS)

__all__ = ["STATEMENTS"]
