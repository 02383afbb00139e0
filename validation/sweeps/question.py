"""What a run was asked: two runs with the same question give the same numbers, and may share a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from geneft_theory.errors import InvalidInput, require_integer, shown
from validation.sweeps.identity import canonical_json


@dataclass(frozen=True)
class Question:
    """Everything that decides which networks are trained, and on which random streams.

    Parameters
    ----------
    experiment : str
        The experiment's name, for example "statics".
    preset : str
        The preset it started from.
    sweep_seed : int
        The root of every random stream of the sweep, >= 0.
    options : mapping
        All options at the values they had, given or not: JSON values with text keys; a None is left out.
    engine : str
        The version of the trainer. Numbers of two trainers are two runs.

    Raises
    ------
    InvalidInput
        When the seed is not an integer >= 0 or an option cannot be written down.

    Examples
    --------
    >>> five = Question("statics", "quick", sweep_seed=0, options={"n": 30, "seeds": 5, "mode": (1, 2)})
    >>> five == Question("statics", "quick", sweep_seed=0, options={"mode": [1, 2], "n": 30, "seeds": 5})
    True
    >>> five.differences(Question("statics", "quick", sweep_seed=1, options={"n": 30, "seeds": 3, "mode": (1, 2)}))
    ['options.seeds is 5 there, 3 here', 'sweep_seed is 0 there, 1 here']
    """

    experiment: str
    preset: str
    sweep_seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    engine: str = ""

    def __post_init__(self) -> None:
        for name in ("experiment", "preset", "engine"):
            if not isinstance(getattr(self, name), str):
                raise InvalidInput(f"{name} must be a text; got {shown(getattr(self, name))}")
        object.__setattr__(self, "sweep_seed", require_integer("sweep_seed", self.sweep_seed, minimum=0))
        canonical_json(self.options)
        object.__setattr__(self, "options", _plain("options", self.options))

    def to_dict(self) -> dict[str, Any]:
        """Return the question as values that TOML and JSON can hold."""
        names = ("experiment", "preset", "sweep_seed", "engine")
        return {name: getattr(self, name) for name in names} | {"options": dict(self.options)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Question:
        """Return the question that `to_dict` wrote."""
        return cls(**{str(name): value for name, value in values.items()})

    def differences(self, asked: Question) -> list[str]:
        """Return one phrase for every value in which this question (there) differs from the one asked (here)."""
        there, here = (dict(_leaves(question.to_dict())) for question in (self, asked))
        phrases = []
        for name in sorted(there.keys() | here.keys()):
            values = [shown(side[name], 40) if name in side else "not given" for side in (there, here)]
            if name not in there or name not in here or there[name] != here[name]:
                phrases.append(f"{name} is {values[0]} there, {values[1]} here")
        return phrases


def _plain(name: str, value: Any) -> Any:
    """Return a JSON value as it would come back from a TOML file: tuples as lists, no None."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise InvalidInput(f"{name} must have text as keys; got {shown(list(value))}")
        return {key: _plain(f"{name}.{key}", entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, (list, tuple)):
        if any(entry is None for entry in value):
            raise InvalidInput(f"{name} must be a list without None; got {shown(value)}")
        return [_plain(name, entry) for entry in value]
    return value


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
