"""Statements on swarm."""

from __future__ import annotations

from geneft_theory.statements.statement import Statement

STATEMENTS: tuple[Statement, ...] = ()
