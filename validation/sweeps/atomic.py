"""Files that exist whole or not at all, whatever kills the writer."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"
CHECKPOINT_SUFFIX = ".checkpoint"
STALE_AFTER_SECONDS = 3600.0
"""A write takes seconds; a temporary file untouched for an hour has no living writer."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a temporary name in the same folder; readers see the old file or the new, never a part.

    Parameters
    ----------
    path : Path
        Where the file shall stand; its folder must exist. An older file of that name is replaced.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        When the folder cannot be written or the disk is full; the temporary file is then gone.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "numbers.txt", b"1 2 3")
    ...     [file.name for file in Path(folder).iterdir()]
    ['numbers.txt']
    """
    # Only the random name keeps two writers of one shard apart, on one machine or on two that share the folder: no
    # lock and no exclusive creation is needed, which not every network file system has.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(12)}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _rename(temporary, path, content)
    except BaseException:
        # Also for KeyboardInterrupt: a Ctrl-C in the middle of a write leaves nothing.
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def remove_stale(folder: Path, now: float | None = None) -> list[str]:
    """Remove the temporary files that killed writers left in a folder; those of living writers are young and stay.

    Parameters
    ----------
    folder : Path
        An existing folder; subfolders are not searched.
    now : float, optional
        The time by the clock that dates the folder's files, which on a shared file system is not this machine's.

    Returns
    -------
    list of str
        The names of the removed files.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     half_written = Path(folder) / "shard.npz.12-ab.tmp"
    ...     _ = half_written.write_bytes(b"half")
    ...     young = remove_stale(Path(folder))
    ...     os.utime(half_written, (0, 0))
    ...     old = remove_stale(Path(folder))
    >>> young, old
    ([], ['shard.npz.12-ab.tmp'])
    """
    removed, present = [], time.time() if now is None else now
    for file in sorted(folder.glob("*" + TEMPORARY_SUFFIX)):
        # Another process may tidy the same folder at the same moment.
        with contextlib.suppress(FileNotFoundError):
            if present - file.stat().st_mtime > STALE_AFTER_SECONDS:
                file.unlink()
                removed.append(file.name)
    return removed


def _rename(temporary: Path, path: Path, content: bytes) -> None:
    try:
        os.replace(temporary, path)
    except FileNotFoundError:
        # A network file system whose answer was lost asks again, and is then told that the old name is gone.
        if not path.is_file() or path.read_bytes() != content:
            raise


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut, where the system and the file system have a way to ask."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
