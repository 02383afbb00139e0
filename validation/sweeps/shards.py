"""A shard: the outcomes of one chunk of networks in one file, whole or absent, readable without the trainer."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.sweeps.atomic import write_atomically
from validation.sweeps.identity import SCHEMA_VERSION, chunk_name
from validation.sweeps.variables import Variable

_HEADER = "header"
_OUTCOME = "outcome."
_DAMAGE: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, SyntaxError)
_DAMAGE += (zipfile.BadZipFile, zlib.error, struct.error)


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
    header = {
        "schema_version": SCHEMA_VERSION,
        "engine": shard.engine,
        "networks": list(shard.networks),
        "variables": {name: variable.to_dict() for name, variable in shard.variables.items()},
        "position": shard.position,
        "provenance": dict(shard.provenance),
    }
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode("ascii"), dtype=np.uint8)
    members = {_HEADER: text} | {_OUTCOME + name: values for name, values in shard.outcomes.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **members)
    path = folder / f"{shard.name}.npz"
    write_atomically(path, buffer.getvalue())
    return path


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
    content = path.read_bytes()
    try:
        shard = _parse(content)
        name = shard.name
    except _DAMAGE as trouble:
        raise DamagedShard(f"not a whole shard: {trouble}") from None
    if path.stem != name:
        raise DamagedShard(f"not the chunk that its name says, but {name}")
    return shard


def _parse(content: bytes) -> Shard:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise ValueError(f"the checksum of {broken} is wrong")
    with np.load(io.BytesIO(content), allow_pickle=False) as members:
        header = json.loads(members[_HEADER].tobytes())
        if header["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"it has schema version {header['schema_version']}, not {SCHEMA_VERSION}")
        described = header["variables"].items()
        return Shard(
            networks=tuple(header["networks"]),
            outcomes={name: members[_OUTCOME + name] for name, _ in described},
            variables={name: Variable.from_dict(description) for name, description in described},
            engine=header["engine"],
            position=header["position"],
            provenance=header["provenance"],
        )


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
