"""How contradictory observations are explained: by a shortest chain of facts that cannot all hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from typing import NoReturn, TypeVar

from geneft_theory.errors import InvalidInput

Node = TypeVar("Node", bound=Hashable)
Fact = tuple[int, int, int]
"""(i, j, v): R(i, j) = v was observed."""


def shortest_chain(links: Iterable[tuple[Node, Node, Fact]], start: Node, goal: Node) -> list[Fact]:
    """Return the facts along a shortest non-empty directed path from `start` to `goal`, which must exist."""
    outgoing: dict[Node, list[tuple[Node, Fact]]] = {}
    for source, target, fact in links:
        outgoing.setdefault(source, []).append((target, fact))
    chains: dict[Node, list[Fact]] = {}
    queue: deque[tuple[Node, list[Fact]]] = deque([(start, [])])
    while goal not in chains:
        node, chain = queue.popleft()
        for target, fact in outgoing.get(node, []):
            if target not in chains:
                chains[target] = [*chain, fact]
                queue.append((target, chains[target]))
    return chains[goal]


def refuse(family: str, facts: Iterable[Fact]) -> NoReturn:
    """Raise `InvalidInput` that lists facts which no relation of the family satisfies together."""
    listed = ", ".join(f"R({i}, {j}) = {value}" for i, j, value in dict.fromkeys(facts))
    raise InvalidInput(f"observed must be consistent with {family}; got {listed}")
