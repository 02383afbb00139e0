"""Statements in numbers."""

from geneft_theory import catalogue


def stated(key, **values):
    """Return what a statement of this theory gives for some values."""
    return float(catalogue[f"alignment.{key}"](**values))
