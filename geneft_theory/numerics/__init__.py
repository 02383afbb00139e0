"""How symbols become numbers."""

from geneft_theory.numerics.compilation import compile, stable

__all__ = ["compile", "stable"]
