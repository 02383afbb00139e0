"""What makes two chunks of networks the same: their settings and the version of the trainer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from geneft_theory.errors import InvalidInput, shown

SCHEMA_VERSION = 1
"""The layout of loaded and stored datasets; that of the files in a run folder is `migrations.LAYOUT_VERSION`."""

_NAMING = 1
"""The rule by which chunks are named; a new one would compute every finished run again."""


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, every float with all its digits.

    Parameters
    ----------
    value : JSON value
        Text, finite numbers, booleans, None, and lists, tuples and dictionaries of them. 1 and 1.0 are different.

    Returns
    -------
    str
        ASCII text; equal values give equal text, whatever the order of their keys.

    Raises
    ------
    InvalidInput
        When the value holds something that JSON cannot say (nan, infinity, an array, an object).

    Examples
    --------
    >>> canonical_json({"seed": 3, "fraction": 0.1, "relation": "modulo:3"})
    '{"fraction":0.1,"relation":"modulo:3","seed":3}'
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as trouble:
        raise InvalidInput(f"settings must be JSON values; got {shown(value)} ({trouble})") from None


def chunk_name(chunk: Sequence[Mapping[str, Any]], engine: str) -> str:
    """Return the name of a chunk's shard: the sha256 of everything that its numbers depend on.

    Parameters
    ----------
    chunk : sequence of settings
        One dictionary of JSON values for each network, in their order.
    engine : str
        The version of the trainer; a trainer that gives other numbers must have another.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InvalidInput
        When the settings are not JSON values.

    Examples
    --------
    >>> first = chunk_name([{"fraction": 0.1, "seed": 0}], engine="1")
    >>> first == chunk_name([{"seed": 0, "fraction": 0.1}], engine="1")
    True
    >>> first == chunk_name([{"seed": 0, "fraction": 0.1}], engine="2")
    False
    """
    identity = canonical_json({"networks": list(chunk), "schema_version": _NAMING, "engine": engine})
    return hashlib.sha256(identity.encode("ascii")).hexdigest()
