"""How files of earlier layouts become files of this one, a version at a time, so that old runs open for ever.

`MIGRATIONS[kind][k]` takes a document of layout k and returns it in layout k + 1; `migrated` applies as many as it
takes. A document is what a file says beside its arrays: the header of a shard, the whole of a plan. Nothing is
rewritten on disk for being read. Only the plan is, when a newer version goes on with an old run: then it tells an older
version, which could not read the new shards, to keep away.

Layout 1 wrote all settings of every network into a shard. Layout 2 writes those that a chunk's networks share once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from geneft_theory.errors import InvalidInput, shown

Document = dict[str, Any]
Migration = Callable[[Document], Document]

LAYOUT_VERSION = 2
"""The layout of shards and plans that this version writes."""


class NewerLayout(InvalidInput):
    """A file was written by a later version of geneft, and nothing is wrong with it."""


def migrated(kind: str, document: Mapping[str, Any]) -> Document:
    """Return a document in the layout of this version.

    Parameters
    ----------
    kind : str
        "shard" or "plan".
    document : mapping
        With its layout as `schema_version`.

    Raises
    ------
    NewerLayout
        When it is of a later layout.
    ValueError
        When it says no layout.

    Examples
    --------
    >>> migrated("shard", {"schema_version": 1, "engine": "1", "networks": [{"seed": 0}]})
    {'schema_version': 2, 'engine': '1', 'networks': [{'seed': 0}], 'settings': [], 'shared': {}}
    """
    version = document.get("schema_version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValueError(f"schema version {shown(version)}")
    if version > LAYOUT_VERSION:
        raise NewerLayout(f"schema version {version}; this version reads up to {LAYOUT_VERSION}: geneft must be newer")
    result = dict(document)
    for earlier in range(version, LAYOUT_VERSION):
        result = MIGRATIONS[kind][earlier](result) | {"schema_version": earlier + 1}
    return result


def _nothing_shared(header: Document) -> Document:
    return header | {"settings": [], "shared": {}}


def _as_it_was(plan: Document) -> Document:
    return plan


MIGRATIONS: dict[str, dict[int, Migration]] = {"shard": {1: _nothing_shared}, "plan": {1: _as_it_was}}
