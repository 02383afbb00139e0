"""With what a result was made: versions, platform, threads, commit; nothing that names a person or a machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from geneft_theory._version import __version__


def provenance() -> dict[str, Any]:
    """Return what a run's numbers may depend on beyond their settings.

    Returns
    -------
    dict
        `versions` (python, numpy, numba, torch, geneft, and the git commit where the package runs from its repository),
        `platform` (system and processor family), `processors` and `threads` (those torch uses once it is loaded).

    Examples
    --------
    >>> made_by = provenance()
    >>> sorted(made_by)
    ['platform', 'processors', 'threads', 'versions']
    >>> made_by["versions"]["python"] == platform.python_version()
    True
    """
    processors = os.cpu_count() or 1
    torch = sys.modules.get("torch")
    return {
        "versions": _versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processors": processors,
        "threads": int(torch.get_num_threads()) if torch is not None else processors,
    }


@cache
def _installed() -> dict[str, str]:
    versions = {"python": platform.python_version(), "geneft": __version__}
    for name in ("numpy", "numba", "torch"):
        # Not from the module: asking torch for its version would load it.
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _versions() -> dict[str, str]:
    versions, commit = dict(_installed()), _commit()
    return versions | ({"commit": commit} if commit else {})


@cache
def _commit() -> str | None:
    """Return the commit, with "-dirty" where files differ from it; None for an installed package."""
    repository = Path(__file__).resolve().parents[2]
    # A package installed into somebody else's repository must not claim that repository's commit.
    if not (repository / ".git").exists():
        return None
    # Without optional locks: looking must not get into the way of whoever is committing.
    command = ["git", "--no-optional-locks", "-C", str(repository)]
    command += ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
