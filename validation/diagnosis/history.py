"""The record of a training that `diagnose` reads: what is needed, what may be added, and the checks on both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_number, shown
from geneft_theory.relations import Relation, parse

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class History:
    """Embeddings of n symbols at T steps of a training, and whatever else is known of it.

    Parameters
    ----------
    steps : array_like, shape (T,)
        Steps taken before each record, >= 0 and increasing, T >= 2; the first is where the theory starts from.
    embeddings : array_like, shape (T, n, d)
        Embedding of every symbol.
    relation : Relation, array_like of bool (n, n), or str
        What is learned: an object, its table, or a name such as "modulo:3".
    eta_encoder, eta_decoder : float, optional
        Learning rates of the embeddings and of the decoder, > 0: needed for conserved quantities and predictions.
    decoder : array_like, shape (T, p, d), optional
        The weights that the embeddings meet first, all that depends on an embedding x depending on decoder @ x. For
        a concatenated pair W [x1, x2], stack the two halves of W, (T, 2 width, d).
    outputs : array_like, shape (T, n, n), optional
        The network's output for every ordered pair of symbols.
    training : array_like of bool, shape (n, n), optional
        Which ordered pairs are trained on.
    train_accuracy, test_accuracy : array_like, shape (T,), optional
        In [0, 1]; taken from outputs and training where these are given.
    output_threshold : float
        The output above which the network answers "yes": 0 for a logit, 1/2 for a prediction of 0 or 1.

    Raises
    ------
    InvalidInput
        When an entry lies outside its domain, or its shape does not fit the embeddings.

    Examples
    --------
    >>> history = History(steps=[0, 10], embeddings=np.zeros((2, 3, 1)), relation="modulo:2", eta_encoder=0.1)
    >>> history.records, history.symbols, history.relation
    (2, 3, Relation('modulo:2', n=3))
    """

    # Declared as what they become; anything array-like is taken.
    steps: Array
    embeddings: Array
    relation: Relation
    eta_encoder: float | None = None
    eta_decoder: float | None = None
    decoder: Array | None = None
    outputs: Array | None = None
    training: NDArray[np.bool_] | None = None
    train_accuracy: Array | None = None
    test_accuracy: Array | None = None
    output_threshold: float = 0.0

    def __post_init__(self) -> None:
        steps = require_array("steps", self.steps, low=0)
        if steps.ndim != 1 or steps.size < 2 or np.any(np.diff(steps) <= 0):
            raise InvalidInput(f"steps must be increasing numbers, at least 2; got {shown(self.steps)}")
        self._keep("steps", steps)
        table = require_array("embeddings", self.embeddings)
        if table.ndim != 3 or table.shape[0] != steps.size or 0 in table.shape:
            raise InvalidInput(f"embeddings must have shape ({steps.size}, symbols, dimensions); got {table.shape}")
        self._keep("embeddings", table)
        n = self.symbols
        self._keep("relation", _as_relation(self.relation, n))
        for name in ("eta_encoder", "eta_decoder"):
            if getattr(self, name) is not None:
                self._keep(name, require_number(name, getattr(self, name), low=0, open_low=True))
        self._shaped("outputs", (steps.size, n, n))
        self._shaped("train_accuracy", (steps.size,), low=0, high=1)
        self._shaped("test_accuracy", (steps.size,), low=0, high=1)
        self._shaped("training", (n, n), low=0, high=1)
        if self.training is not None:
            self._keep("training", self.training > 0)
        if self.decoder is not None:
            weights = require_array("decoder", self.decoder)
            if weights.ndim != 3 or (weights.shape[0], weights.shape[2]) != (steps.size, table.shape[2]):
                shape = f"({steps.size}, rows, {table.shape[2]})"
                raise InvalidInput(f"decoder must have shape {shape}; got {weights.shape}")
            self._keep("decoder", weights)
        self._keep("output_threshold", require_number("output_threshold", self.output_threshold))

    @classmethod
    def of(cls, entries: History | Mapping[str, Any]) -> History:
        """Return a history as it is, or make one from a mapping with the same entries.

        Raises
        ------
        InvalidInput
            When an entry is unknown, missing, or outside its domain.

        Examples
        --------
        >>> History.of({"steps": [0, 1], "embeddings": np.zeros((2, 3, 1)), "relation": "modulo:2"}).symbols
        3
        """
        if isinstance(entries, History):
            return entries
        if not isinstance(entries, Mapping):
            raise InvalidInput(f"history must be a History or a mapping with its entries; got {shown(entries)}")
        known = [field.name for field in fields(cls)]
        unknown = [name for name in entries if name not in known]
        missing = [name for name in known[:3] if name not in entries]
        if unknown or missing:
            trouble = f"unknown {shown(unknown[0])}" if unknown else f"no {missing[0]}"
            raise InvalidInput(
                f"history must hold {', '.join(known[:3])} and may hold {', '.join(known[3:])}; {trouble}"
            )
        return cls(**entries)

    @property
    def records(self) -> int:
        """T, the number of records."""
        return self.steps.size

    @property
    def symbols(self) -> int:
        """n, the number of symbols."""
        return int(self.embeddings.shape[1])

    def _shaped(self, name: str, shape: tuple[int, ...], **domain: Any) -> None:
        if getattr(self, name) is None:
            return
        array = require_array(name, getattr(self, name), **domain)
        if array.shape != shape:
            raise InvalidInput(f"{name} must have shape {shape}; got {array.shape}")
        self._keep(name, array)

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _as_relation(relation: Relation | ArrayLike | str, n: int) -> Relation:
    made = parse(relation, n) if isinstance(relation, str) else relation
    made = made if isinstance(made, Relation) else Relation(np.asarray(made))
    if made.n != n:
        raise InvalidInput(f"relation must be on the {n} symbols that have embeddings; got one on {made.n}")
    return made
