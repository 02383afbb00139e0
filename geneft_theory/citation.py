"""BibTeX for exactly what was used: a statement, a function, or all that this process has called so far."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any, ParamSpec, TypeVar

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.statements.catalogue import catalogue
from geneft_theory.statements.statement import Statement
from geneft_theory.statements.status import Status

SOFTWARE = "geneft_theory"

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

_used: dict[str, None] = {}


class Citation(str):
    """BibTeX text that shows as a short line in an interactive session, where it has just been printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<BibTeX: {self.count('@')} entries>"


def based_on(
    *keys: str, methods: Iterable[str] = ()
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Mark a function with the statements it evaluates and the papers of its methods, so that `cite` knows them."""

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        @functools.wraps(function)
        def recorded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
            _used.update(dict.fromkeys((*keys, *methods)))
            return function(*args, **kwargs)

        recorded.cites = (*keys, *methods)  # type: ignore[attr-defined]
        return recorded

    return decorate


@functools.cache
def bibliography() -> dict[str, str]:
    """Return every BibTeX entry of the package by its key."""
    text = (files("geneft_theory") / "bibliography.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in re.split(r"\n(?=@)", text) if entry.strip()]
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in entries}


def short_reference(paper: str) -> str:
    """Return authors and year of an entry as they stand in running text.

    Examples
    --------
    >>> short_reference("baek2024geneft")
    'Baek, Liu & Tegmark (2024)'
    """
    entry = bibliography()[paper]
    authors = re.search(r"author = \{(.*)\},", entry)
    year = re.search(r"year = \{(\d+)\}", entry)
    if authors is None or year is None:
        raise AssertionError(f"bibliography entry {paper} lacks authors or year")
    surnames = [author.split(",")[0].strip("{} ") for author in authors[1].split(" and ")]
    names = surnames[0] if len(surnames) == 1 else ", ".join(surnames[:-1]) + " & " + surnames[-1]
    return f"{names} ({year[1]})"


def bibtex(*items: str | Statement | Callable[..., Any]) -> str:
    """Return BibTeX for the given statements, their keys, functions or methods' papers, the software always first.

    Each entry is preceded by comment lines that say what it was used for, with status and corrections. With no item,
    it covers everything that this process has called so far.

    Raises
    ------
    InvalidInput
        If an item is neither a statement, nor a key of the catalogue or the bibliography, nor a public function that
        evaluates one.

    Examples
    --------
    >>> text = bibtex("statics.critical_fraction")
    >>> text.count("@"), "baek2024geneft" in text
    (2, True)
    """
    reasons: dict[str, list[str]] = {SOFTWARE: ["the software itself"]}
    for item in items or tuple(_used):
        for paper, reason in _papers(item):
            lines = reasons.setdefault(paper, [])
            if reason not in lines:
                lines.append(reason)
    blocks = ["\n".join([*(f"% {line}" for line in lines), bibliography()[paper]]) for paper, lines in reasons.items()]
    return "\n\n".join(blocks)


def cite(*items: str | Statement | Callable[..., Any]) -> Citation:
    """Print BibTeX for exactly what was used, and return it; the items are those of `bibtex`.

    Examples
    --------
    >>> citation = cite("statics.known_fraction")  # doctest: +ELLIPSIS
    % the software itself
    @misc{geneft_theory,
    ...
    % statics.known_fraction: Eq. 3 (REDERIVED)
    @article{baek2024geneft,
    ...
    """
    citation = Citation(bibtex(*items))
    print(citation)
    return citation


def _papers(item: str | Statement | Callable[..., Any]) -> list[tuple[str, str]]:
    if isinstance(item, Statement):
        return [(item.source.paper, _reason(item))]
    if callable(item):
        keys: tuple[str, ...] | None = getattr(item, "cites", None)
        if keys is None:
            raise InvalidInput(f"item must be a statement, a key, or a function that evaluates one; got {shown(item)}")
        return [pair for key in keys for pair in _papers(key)]
    if item == SOFTWARE:
        return []
    if item in bibliography():
        return [(item, "a method used")]
    try:
        return [pair for statement in catalogue.find(item) for pair in _papers(statement)]
    except (InvalidInput, AttributeError, TypeError):
        raise InvalidInput(
            f"key must be one of the catalogue or the bibliography, or the start of one; got {shown(item)}"
        ) from None


def _reason(statement: Statement) -> str:
    corrected = f"; corrected: {statement.note}" if statement.status is Status.CORRECTED else ""
    return f"{statement.key}: {statement.source.place} ({statement.status.name}){corrected}"
