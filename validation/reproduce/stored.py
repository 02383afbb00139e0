"""Stored results: read with their checksum, and written by `geneft reproduce KEY --store`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geneft_theory.errors import InvalidInput
from validation.reproduce.registry import Reproduction

if TYPE_CHECKING:
    import xarray as xr

FOLDER = Path(__file__).parent / "stored"
CHECKSUMS = "checksums.toml"
THEORY = "theory_"


@dataclass(frozen=True, eq=False)
class StoredResult:
    """The outcome of one reproduction: what was measured, what the theory said, and what it took.

    Attributes
    ----------
    results, theory : xarray.Dataset
        As the experiment gave them; `theory` holds attributes at most for an experiment without curves.
    wall_minutes : float
        Training time on the machine that made it.
    """

    results: xr.Dataset
    theory: xr.Dataset
    wall_minutes: float


@cache
def stored_result(reproduction: Reproduction) -> StoredResult:
    """Return the stored result of a reproduction that trains networks.

    Raises
    ------
    InvalidInput
        If nothing is stored for it, or the file is not the one whose checksum is on record.

    Examples
    --------
    >>> from validation.reproduce.registry import require_reproduction
    >>> stored = stored_result(require_reproduction("fig2"))
    >>> stored.results["accuracy"].dims
    ('relation', 'mode', 'fraction', 'seed')
    """
    import xarray as xr

    from validation.sweeps import read_stored

    recorded = tomllib.loads((FOLDER / CHECKSUMS).read_text(encoding="utf-8")).get(reproduction.key)
    if recorded is None:
        raise InvalidInput(f"figure must have a stored result; got {reproduction.key}")
    both = read_stored(FOLDER / f"{reproduction.key}.nc", recorded["sha256"])
    theory_names = [str(name) for name in both.data_vars if str(name).startswith(THEORY)]
    theory = both[theory_names].rename({name: name.removeprefix(THEORY) for name in theory_names})
    results = both.drop_vars(theory_names)
    # Axes of the theory alone, such as a finer grid, are no axes of the results.
    axes = {axis for variable in results.data_vars.values() for axis in variable.dims}
    results = results.drop_vars([name for name, values in results.coords.items() if not axes.issuperset(values.dims)])
    theory.attrs = {name.removeprefix(THEORY): both.attrs[name] for name in both.attrs if name.startswith(THEORY)}
    results.attrs = {name: value for name, value in both.attrs.items() if not name.startswith(THEORY)}
    # Selecting no variable would keep the coordinates of the results.
    theory = theory if theory_names else xr.Dataset(attrs=theory.attrs)
    return StoredResult(results, theory, float(recorded["wall_minutes"]))


def store(reproduction: Reproduction, results: xr.Dataset, theory: xr.Dataset, wall_minutes: float) -> Path:
    """Write a result into the package and its checksum beside it; for those who publish new figures."""
    import tomli_w

    from validation.sweeps import consolidate

    both = results.merge(
        theory.rename({name: f"{THEORY}{name}" for name in theory.data_vars}), combine_attrs="override"
    )
    both.attrs = dict(results.attrs) | {f"{THEORY}{name}": value for name, value in theory.attrs.items()}
    path = FOLDER / f"{reproduction.key}.nc"
    checksum = consolidate(both, path)
    record = FOLDER / CHECKSUMS
    known: dict[str, Any] = tomllib.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    known[reproduction.key] = {"sha256": checksum, "wall_minutes": round(wall_minutes, 1)}
    record.write_text(tomli_w.dumps(dict(sorted(known.items()))), encoding="utf-8")
    return path
