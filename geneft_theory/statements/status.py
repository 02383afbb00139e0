"""How far a statement can be trusted, and on whose word."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """Where a statement stands between a paper's claim and our own result.

    Examples
    --------
    >>> Status.CORRECTED.meaning
    'differs from the published form; the note says why, and a test shows it'
    """

    PAPER = "the paper's equation, seen in the paper"
    REPORTED = "attributed to the paper by a secondary source, not seen in it"
    REDERIVED = "the paper's equation, derived again from its premises by code in this repository"
    DERIVED = "ours; a test derives or verifies it"
    APPROXIMATION = "not exact even within the model; the note says when it fails"
    CORRECTED = "differs from the published form; the note says why, and a test shows it"

    def __str__(self) -> str:
        return self.name

    @property
    def meaning(self) -> str:
        """What the status promises, in one sentence."""
        return self.value
