"""A run is a folder: what was asked, the finished chunks, and what was made of them."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geneft_theory.errors import InvalidInput, shown
from validation.sweeps.arrays import read_regular
from validation.sweeps.atomic import CHECKPOINT_SUFFIX, TEMPORARY_SUFFIX, remove_stale, write_atomically
from validation.sweeps.migrations import LAYOUT_VERSION, NewerLayout, migrated
from validation.sweeps.provenance import provenance
from validation.sweeps.question import Question

_PLAN = "plan.toml"
_LARGEST_PLAN = 2**24
_ROOMS = ("shards", "figures", "tables")
LONGEST_PATH = 400  # in a message: a path cut in the middle helps nobody
_ACCEPTED = "out must be a new folder, an empty one, or one that holds this same run"


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, known to hold one run and to be that run's.

    Made by `open`, to run or to resume, or by `existing`, to read.

    Attributes
    ----------
    path : Path
        The folder.
    question : Question
        What the run was asked.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as place:
    ...     run = RunFolder.open(Path(place) / "a-run", Question("statics", "quick", sweep_seed=0))
    ...     print(sorted(entry.name for entry in run.path.iterdir()))
    ['figures', 'plan.toml', 'shards', 'tables']
    """

    path: Path
    question: Question

    @classmethod
    def open(cls, out: str | os.PathLike[str], question: Question) -> RunFolder:
        """Make the folder of a run, or enter it again when it holds the same run.

        Parameters
        ----------
        out : path
            A folder that is new (parents are made), empty, or holds a run with the same question. Versions may differ
            from those it was begun with: each shard records its own.
        question : Question
            What the run is asked.

        Returns
        -------
        RunFolder
            With `plan.toml` and the folders for shards, figures and tables in place.

        Raises
        ------
        InvalidInput
            When `out` is a file, cannot be written, holds another run, or holds anything else. What was there is
            untouched then, and nothing is added.

        Examples
        --------
        >>> with tempfile.TemporaryDirectory() as place:
        ...     first = RunFolder.open(place, Question("statics", "quick", sweep_seed=0))
        ...     again = RunFolder.open(place, Question("statics", "quick", sweep_seed=0))
        ...     other = Question("statics", "quick", sweep_seed=1)
        ...     try:
        ...         RunFolder.open(place, other)
        ...     except InvalidInput as refusal:
        ...         print(str(refusal).endswith("holds another run: sweep_seed is 0 there, 1 here"))
        True
        """
        run = cls(Path(out), question)
        try:
            if run.path.exists():
                run._require_acceptable()
                _clock(run.path)
            with _undone_on_failure(run.path):
                if not run.plan.exists():
                    write_atomically(run.plan, _plan_text(question).encode("utf-8"))
                # Read back even what was just written: of two commands that began at once, only one plan stands.
                run._require_acceptable()
                run._bring_up_to_date()
                for room in _ROOMS:
                    (run.path / room).mkdir(exist_ok=True)
            now = _clock(run.path)
            for folder in (run.path, run.shards, run.checkpoints):
                remove_stale(folder, now)
            run._remove_spent_checkpoints()
        except OSError as trouble:
            reason = trouble.strerror or str(trouble)
            raise InvalidInput(
                f"out must be a folder that can be written; {shown(str(out), LONGEST_PATH)}: {reason}"
            ) from None
        return run

    @classmethod
    def entered(cls, out: str | os.PathLike[str], question: Question) -> RunFolder:
        """Return the folder of a run that `open` would enter, without making or changing anything in it.

        Raises
        ------
        InvalidInput
            When `open` would refuse `out`, but for what only writing can show.

        Examples
        --------
        >>> with tempfile.TemporaryDirectory() as place:
        ...     run = RunFolder.entered(place, Question("statics", "quick", sweep_seed=0))
        ...     list(run.path.iterdir())
        []
        """
        run = cls(Path(out), question)
        try:
            run._require_acceptable()
        except OSError as trouble:
            place = shown(str(out), LONGEST_PATH)
            reason = trouble.strerror or str(trouble)
            raise InvalidInput(f"out must be a folder that can be read; {place}: {reason}") from None
        return run

    @classmethod
    def existing(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Return the run that a folder holds, for reading.

        Parameters
        ----------
        path : path
            A run folder.

        Returns
        -------
        RunFolder
            The run, with the question it was asked.

        Raises
        ------
        InvalidInput
            When the folder holds no `plan.toml`, or one that this version cannot read.

        Examples
        --------
        >>> with tempfile.TemporaryDirectory() as place:
        ...     _ = RunFolder.open(place, Question("statics", "quick", sweep_seed=7))
        ...     RunFolder.existing(place).question.sweep_seed
        7
        """
        if not isinstance(path, str | os.PathLike):
            raise InvalidInput(f"folder must be a run folder or a path to one; got {shown(path)}")
        folder = Path(path)
        try:
            return cls(folder, _read_plan(folder / _PLAN)[1])
        except _UnreadablePlan as trouble:
            raise InvalidInput(f"folder must be a run folder; {shown(str(path), LONGEST_PATH)} {trouble}") from None

    @property
    def plan(self) -> Path:
        """The file that says what was asked and with what the run was begun."""
        return self.path / _PLAN

    @property
    def shards(self) -> Path:
        """The folder of the finished chunks."""
        return self.path / "shards"

    @property
    def checkpoints(self) -> Path:
        """The folder of the chunks under way; there once the first long chunk has kept its state."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """The folder for the run's figures."""
        return self.path / "figures"

    @property
    def tables(self) -> Path:
        """The folder for the run's tables."""
        return self.path / "tables"

    @property
    def report(self) -> Path:
        """Where the run's page belongs."""
        return self.path / "report.html"

    def shard_files(self) -> list[Path]:
        """Return the finished chunks' files, by name; none of them half-written."""
        return sorted(self.shards.glob("*.npz"))

    def _remove_spent_checkpoints(self) -> None:
        """Remove the states of chunks that are finished: their writer was killed before it could."""
        for file in self.checkpoints.glob("*" + CHECKPOINT_SUFFIX):
            if (self.shards / f"{file.name.partition('.')[0]}.npz").exists():
                with contextlib.suppress(FileNotFoundError):
                    file.unlink()

    def _bring_up_to_date(self) -> None:
        """Raise an old plan to this version's layout, so that no older version takes the new shards for damaged."""
        plan, _, layout = _read_plan(self.plan)
        if layout != LAYOUT_VERSION:
            import tomli_w

            write_atomically(self.plan, tomli_w.dumps(plan).encode("utf-8"))

    def _require_acceptable(self) -> None:
        """Refuse whatever is neither this run nor empty; a killed writer's temporary files count as nothing."""
        place = shown(str(self.path), LONGEST_PATH)
        if not self.path.is_dir():
            raise InvalidInput(f"{_ACCEPTED}; {place} is a file")
        held = sorted(entry.name for entry in self.path.iterdir() if not entry.name.endswith(TEMPORARY_SUFFIX))
        if not held:
            return
        if _PLAN not in held:
            listing = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
            raise InvalidInput(f"{_ACCEPTED}; {place} holds other files: {listing}")
        try:
            there = _read_plan(self.plan)[1]
        except _UnreadablePlan as trouble:
            raise InvalidInput(f"{_ACCEPTED}; {place} {trouble}") from None
        differences = there.differences(self.question)
        if differences:
            rest = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
            raise InvalidInput(f"{_ACCEPTED}; {place} holds another run: {'; '.join(differences[:3])}{rest}")


class _UnreadablePlan(Exception):
    """A plan is missing, broken, or of another schema; the message goes on from the folder's name."""


def _plan_text(question: Question) -> str:
    import tomli_w

    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    plan: dict[str, Any] = {
        "schema_version": LAYOUT_VERSION,
        "question": question.to_dict(),
        "begun_with": {"created": created} | provenance(),
    }
    return tomli_w.dumps(plan)


def _read_plan(path: Path) -> tuple[dict[str, Any], Question, int]:
    """Return a plan in the layout of this version, its question, and the layout that the file has."""
    try:
        written = tomllib.loads(read_regular(path, _LARGEST_PLAN).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _UnreadablePlan(f"holds no {_PLAN}") from None
    except (ValueError, RecursionError) as trouble:
        raise _UnreadablePlan(f"holds a {_PLAN} that cannot be read: {trouble}") from None
    try:
        plan = migrated("plan", written)
    except (NewerLayout, ValueError) as trouble:
        raise _UnreadablePlan(f"holds a {_PLAN} of {trouble}") from None
    try:
        return plan, Question.from_dict(plan["question"]), int(written["schema_version"])
    except (InvalidInput, KeyError, TypeError, AttributeError, RecursionError):
        raise _UnreadablePlan(f"holds a {_PLAN} without a readable question") from None


def _clock(folder: Path) -> float:
    """Return the time by the clock of the folder's file system; fail now if nothing can be written there.

    An OSError here is better than one after the first chunk has been trained.
    """
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"?")
        probe.flush()
        return os.stat(probe.fileno()).st_mtime


@contextlib.contextmanager
def _undone_on_failure(folder: Path) -> Iterator[None]:
    """Make a folder with its parents; if the block fails, remove again what was made, as far as it is empty."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()
        raise
