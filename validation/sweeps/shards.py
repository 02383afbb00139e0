"""A shard: the outcomes of one chunk of networks in one file, whole or absent, readable without the trainer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.sweeps.arrays import UNREADABLE, pack, read_regular, unpack
from validation.sweeps.atomic import write_atomically
from validation.sweeps.identity import canonical_json, chunk_name
from validation.sweeps.migrations import LAYOUT_VERSION, NewerLayout, migrated
from validation.sweeps.variables import Variable

_HEADER = "header"
_OUTCOME = "outcome."


class DamagedShard(ValueError):
    """A shard file is truncated, altered, or does not hold what its name says."""


@dataclass(frozen=True, eq=False)
class Shard:
    """The outcomes of one chunk, with everything needed to read them.

    Parameters
    ----------
    networks : tuple of dict
        The settings of each network, JSON values.
    outcomes : mapping from name to array
        Booleans or numbers; the first axis of each is the network.
    variables : mapping from name to Variable
        What each outcome is; those left out get axes named after the outcome.
    engine : str
        The version of the trainer.
    position : int
        Where the chunk's first network stands in the sweep; only for the order of the loaded results.
    provenance : mapping
        Versions, threads, wall time; JSON values.

    Raises
    ------
    InvalidInput
        When there is no network, an outcome has another first axis, another number of axes than described or no
        numbers, or is named like a setting.

    Examples
    --------
    >>> shard = Shard(({"seed": 0}, {"seed": 1}), {"accuracy": np.array([0.9, 1.0])})
    >>> len(shard.name), shard.variables["accuracy"].dims
    (64, ('network',))
    """

    networks: tuple[dict[str, Any], ...]
    outcomes: Mapping[str, NDArray[Any]]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    engine: str = ""
    position: int = 0
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        networks = tuple(dict(settings) for settings in self.networks)
        if not networks:
            raise InvalidInput("networks must hold the settings of at least one network; got none")
        taken = {"network"}.union(*networks)
        outcomes = {name: _checked(name, values, len(networks), taken) for name, values in self.outcomes.items()}
        variables = {name: self.variables.get(name) or _undescribed(name, outcomes[name]) for name in outcomes}
        for name, variable in variables.items():
            if len(variable.dims) != outcomes[name].ndim:
                shape = outcomes[name].shape
                raise InvalidInput(
                    f"outcome {name!r} must have the axes {variable.dims}; got an array of shape {shape}"
                )
        for name, value in (("networks", networks), ("outcomes", outcomes), ("variables", variables)):
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """The sha256 that names the file."""
        return chunk_name(self.networks, self.engine)


def write_shard(folder: Path, shard: Shard) -> Path:
    """Write a shard under its own name; a reader sees all of it or nothing.

    Parameters
    ----------
    folder : Path
        An existing folder.
    shard : Shard
        What to write.

    Returns
    -------
    Path
        The file, `<sha256>.npz`: plain NumPy arrays, never pickled objects.

    Raises
    ------
    OSError
        When the folder cannot be written; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> shard = Shard(({"seed": 0}, {"seed": 1}), {"accuracy": np.array([0.9, 1.0])})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_shard(write_shard(Path(folder), shard)).outcomes["accuracy"]
    array([0.9, 1. ])
    """
    path = folder / f"{shard.name}.npz"
    write_atomically(path, shard_content(shard))
    return path


def shard_content(shard: Shard) -> bytes:
    """Return the bytes of a shard's file, for a reader that trusts nothing (`arrays.unpack`)."""
    settings, shared, own = _settings_once(shard.networks)
    header = {
        "schema_version": LAYOUT_VERSION,
        "engine": shard.engine,
        "settings": settings,
        "shared": shared,
        "networks": own,
        "variables": {name: variable.to_dict() for name, variable in shard.variables.items()},
        "position": shard.position,
        "provenance": dict(shard.provenance),
    }
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode("ascii"), dtype=np.uint8)
    return pack({_HEADER: text} | {_OUTCOME + name: values for name, values in shard.outcomes.items()})


def read_shard(path: Path) -> Shard:
    """Read a shard and check it: every checksum in the file, and that it holds the networks its name says.

    Parameters
    ----------
    path : Path
        A file that `write_shard` wrote.

    Returns
    -------
    Shard
        What was written, bit for bit.

    Raises
    ------
    DamagedShard
        When the file is truncated or altered, or stands under another chunk's name.
    NewerLayout
        When a later version of geneft wrote it.
    OSError
        When the file cannot be read at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_shard(Path(folder), Shard(({"seed": 0},), {"accuracy": np.array([0.9])}))
    ...     _ = path.write_bytes(path.read_bytes()[:-100])
    ...     read_shard(path)
    Traceback (most recent call last):
        ...
    validation.sweeps.shards.DamagedShard: not a whole shard: File is not a zip file
    """
    # Read first, parse after: a file that cannot be opened is not a damaged one and must not be set aside.
    try:
        content = read_regular(path)
    except ValueError as trouble:
        raise DamagedShard(f"not a whole shard: {trouble}") from None
    return parse_shard(content, path.stem)


def parse_shard(content: bytes, name: str) -> Shard:
    """Return the shard in these bytes, which must be that of the chunk with this name.

    Raises
    ------
    DamagedShard, NewerLayout
        As in `read_shard`.
    """
    try:
        shard = _parsed(unpack(content))
        actual = shard.name
    except NewerLayout as trouble:
        raise NewerLayout(f"it has {trouble}") from None
    except UNREADABLE as trouble:
        raise DamagedShard(f"not a whole shard: {trouble}") from None
    if name != actual:
        raise DamagedShard(f"not the chunk that its name says, but {actual}")
    return shard


def _parsed(members: Mapping[str, NDArray[Any]]) -> Shard:
    header = migrated("shard", json.loads(members[_HEADER].tobytes(), parse_constant=_refused))
    # The settings are held against the shard's name; the rest must at least be what JSON can say: no infinity.
    canonical_json([header["provenance"], header["variables"], header["position"]])
    described = {str(name): Variable.from_dict(entry) for name, entry in header["variables"].items()}
    if not isinstance(header["position"], int) or not isinstance(header["provenance"], dict):
        raise TypeError("its position or provenance is of another kind")
    return Shard(
        networks=_settings_of_each(header["settings"], header["shared"], header["networks"]),
        outcomes={name: members[_OUTCOME + name] for name in described},
        variables=described,
        engine=str(header["engine"]),
        position=header["position"],
        provenance=header["provenance"],
    )


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _settings_once(
    networks: Sequence[Mapping[str, Any]],
) -> tuple[list[str], dict[str, Any], list[dict[str, Any]]]:
    """Return the settings' names in order, those that all networks share, and each network's others.

    A network has some thirty settings, of which two or three differ within a chunk: together they would outweigh the
    outcomes. Networks whose settings have different names share none.
    """
    names = list(networks[0])
    if any(list(settings) != names for settings in networks):
        return [], {}, [dict(settings) for settings in networks]
    # As text: in Python 1, 1.0 and True are equal.
    shared = {
        name: networks[0][name] for name in names if len({canonical_json(settings[name]) for settings in networks}) == 1
    }
    own = [{name: value for name, value in settings.items() if name not in shared} for settings in networks]
    return names, shared, own


def _settings_of_each(
    names: Sequence[str], shared: Mapping[str, Any], own: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return every network's settings in their order, as `_settings_once` was given them."""
    if not names:
        return tuple(dict(settings) for settings in own)
    return tuple({name: shared[name] if name in shared else settings[name] for name in names} for settings in own)


def _checked(name: str, values: NDArray[Any], networks: int, taken: set[str]) -> NDArray[Any]:
    array = np.asarray(values)
    if name in taken:
        raise InvalidInput(f"outcome {name!r} must have another name; that is already a setting or an axis")
    if array.dtype.kind not in "biuf":
        raise InvalidInput(f"outcome {name!r} must hold numbers or booleans; got dtype {array.dtype}")
    if array.ndim == 0 or array.shape[0] != networks:
        raise InvalidInput(f"outcome {name!r} must have first axis {networks}, the networks; got shape {array.shape}")
    return array


def _undescribed(name: str, values: NDArray[Any]) -> Variable:
    return Variable.undescribed(name, values.ndim - 1)
