"""A run's shards as one labelled dataset in long form: one row a network."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from validation.sweeps.folder import LONGEST_PATH, RunFolder
from validation.sweeps.identity import SCHEMA_VERSION, canonical_json
from validation.sweeps.phases import PHASE, phase_attributes
from validation.sweeps.shards import Shard
from validation.sweeps.survey import Part, Survey, survey

if TYPE_CHECKING:
    import xarray


def load(
    folder: RunFolder | str | os.PathLike[str], outcomes: Iterable[str] | None = None, *, delay: float | None = None
) -> xarray.Dataset:
    """Return all finished networks of a run, in the order of the sweep.

    Parameters
    ----------
    folder : RunFolder or path
        A run folder; the run need not be complete.
    outcomes : iterable of str, optional
        The outcomes wanted, such as "phase" and "held_out_accuracy"; by default all. Curves and embeddings are most of
        a run's size: left out here, they take no memory.
    delay : float, optional
        From how many steps between training and held-out threshold it is grokking, > 0; by default what the run was
        asked, or 1000 steps.

    Returns
    -------
    xarray.Dataset
        Dimension `network`. Settings are coordinates on it, at full precision: a missing or None setting is nan among
        numbers and "" among texts; lists, dictionaries and integers beyond 2**53 are JSON text. Outcomes are variables
        with `units` and `long_name`. An axis such as `step` is the union of what the networks recorded; where a
        network has no entry stands nan. A network that lies in two shards (a run resumed with other chunks) counts
        once. Attributes: `schema_version`, `engine`, and as JSON text `question` and `made_by` (each different set of
        versions, platform and threads).

        `phase` is derived from the times to threshold: the place in `validation.measure.PHASES`, or -1 where it was
        not measured. Its attributes `flag_values` and `flag_meanings` say so in the words of the CF conventions.

    Raises
    ------
    InvalidInput
        When the folder is not a run's, holds no finished chunk, a shard is damaged, or there is no such outcome.

    Notes
    -----
    Every shard is read twice, one at a time: first for the sizes, then into arrays of the final size. Memory is that
    of the dataset. A setting that all networks share is stored once, and cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from validation.sweeps.question import Question
    >>> from validation.sweeps.shards import write_shard
    >>> with tempfile.TemporaryDirectory() as place:
    ...     run = RunFolder.open(place, Question("squares", "quick", sweep_seed=0))
    ...     shard = Shard(({"x": 0.5}, {"x": 1.5}), {"square": np.array([0.25, 2.25])})
    ...     _ = write_shard(run.shards, shard)
    ...     squares = load(place)
    >>> squares.sizes["network"], squares["x"].values, float(squares["square"][1])
    (2, array([0.5, 1.5]), 2.25)
    """
    run = folder if isinstance(folder, RunFolder) else RunFolder.existing(folder)
    return dataset_of(run, surveyed(run, delay), outcomes)


def surveyed(run: RunFolder, delay: float | None = None) -> Survey:
    """Return the survey of a run that is whole as far as it goes, or refuse one that is damaged or empty."""
    found = survey(run, delay)
    if found.damaged:
        rest = f" and {len(found.damaged) - 1} more" if len(found.damaged) > 1 else ""
        raise InvalidInput(
            f"folder must hold whole shards; {found.damaged[0]}{rest}: the same run again, without --shard, mends it"
        )
    if not found.networks:
        place = shown(str(run.path), LONGEST_PATH)
        raise InvalidInput(f"folder must hold at least one finished chunk of networks; {place} holds none")
    return found


def dataset_of(run: RunFolder, found: Survey, outcomes: Iterable[str] | None = None) -> xarray.Dataset:
    """Return what was surveyed, with the outcomes wanted."""
    import xarray

    wanted = chosen_outcomes(found, outcomes)
    arrays = _gathered(found, wanted)
    dataset = xarray.Dataset(
        coords={
            name: ("network", column.values(found.order), {"long_name": name.replace("_", " ")})
            for name, column in found.settings.items()
        },
        attrs={
            "schema_version": SCHEMA_VERSION,
            "engine": run.question.engine,
            "question": canonical_json(run.question.to_dict()),
            "made_by": canonical_json(found.made_by),
        },
    )
    for name in wanted:
        variable = found.layouts[name].variable
        dataset[name] = (variable.dims, arrays.pop(name), outcome_attributes(found, name))
        for axis in variable.axes:
            if axis in found.recorded:
                dataset.coords[axis] = (axis, found.axes[axis], outcome_attributes(found, axis))
    return dataset


def outcome_attributes(found: Survey, name: str) -> dict[str, Any]:
    """Return unit and meaning of an outcome, and of its codes where it has codes."""
    layout = found.layouts[name]
    attributes: dict[str, Any] = {"units": layout.variable.units, "long_name": layout.variable.long_name}
    return attributes | phase_attributes(found.delay) if name == PHASE and layout.dtype == np.int8 else attributes


def chosen_outcomes(found: Survey, outcomes: Iterable[str] | None) -> list[str]:
    """Return the names of the outcomes wanted, axes left out, or refuse one that there is not."""
    available = [name for name in found.layouts if name not in found.axes]
    if outcomes is None:
        return available
    asked = [outcomes] if isinstance(outcomes, str) else list(outcomes)
    for name in asked:
        if name not in available:
            raise InvalidInput(f"outcomes must be of {', '.join(available)}; got {shown(name)}")
    return [name for name in available if name in asked]


def _gathered(found: Survey, wanted: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return the outcomes of all networks on the common axes, read chunk by chunk into their places."""
    arrays = {}
    for name in wanted:
        dtype, absent = found.stored_type(name)
        shape = (found.networks, *(found.axes[axis].size for axis in found.layouts[name].variable.axes))
        arrays[name] = np.empty(shape, dtype) if found.is_complete(name) else np.full(shape, absent, dtype)
    if arrays:
        for part, shard in found.chunks():
            for name in arrays.keys() & shard.outcomes.keys():
                places = _places(part, shard, name, found)
                arrays[name][places] = shard.outcomes[name][part.rows]
    return arrays


def _places(part: Part, shard: Shard, name: str, found: Survey) -> tuple[NDArray[Any], ...]:
    """Return the index of every entry of a block in the common array, one broadcastable array an axis."""
    shape, axes = shard.outcomes[name].shape, shard.variables[name].axes
    places = [np.arange(part.first, part.first + part.rows.size).reshape(-1, *[1] * len(axes))]
    for k, axis in enumerate(axes, start=1):
        if axis in found.recorded:
            index = np.searchsorted(found.axes[axis], shard.outcomes[axis][part.rows])
        else:
            index = np.arange(shape[k])[np.newaxis]
        places.append(index.reshape(index.shape[0], *[1] * (k - 1), shape[k], *[1] * (len(axes) - k)))
    return tuple(places)
