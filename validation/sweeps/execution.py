"""How a run is to be carried out: what a user chooses and no number depends on."""

from __future__ import annotations

from dataclasses import dataclass

from geneft_theory.errors import InvalidInput, require_choice, shown
from validation.sweeps.executors.interface import Executor
from validation.sweeps.progress import Progress

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Execution:
    """Where and how chunks are computed, and who is told.

    Parameters
    ----------
    executor : Executor, optional
        Threads of this process by default, one on every core.
    shard : pair of int, optional
        (I, N): compute every N-th chunk only, those whose number leaves the rest I when divided by N.
    device : str
        "cpu", "cuda", or "auto": a GPU where there is one. GPUs round otherwise than CPUs.
    progress : Progress, optional
        Is told how far the run is.

    Raises
    ------
    InvalidInput
        When the device is unknown or the shard no such pair.

    Examples
    --------
    >>> Execution(shard=(1, 4)).device
    'auto'
    """

    executor: Executor | None = None
    shard: tuple[int, int] | None = None
    device: str = "auto"
    progress: Progress | None = None

    def __post_init__(self) -> None:
        require_choice("device", self.device, DEVICES)
        if self.shard is not None:
            require_shard(self.shard)


class Unfinished(Exception):
    """Chunks are missing that other shards of the run compute, so that there is nothing to report yet.

    Attributes
    ----------
    missing, chunks : int
        How many of how many.
    """

    def __init__(self, missing: int, chunks: int) -> None:
        super().__init__(f"{missing} of {chunks} chunks are missing")
        self.missing, self.chunks = missing, chunks


def require_shard(shard: object) -> tuple[int, int]:
    """Return a pair (I, N) with 0 <= I <= N and N >= 1, or refuse it.

    I = N is the same as I = 0: array jobs are counted from 0 or from 1, and both must work.

    Examples
    --------
    >>> require_shard((4, 4))
    (0, 4)
    """
    match shard:
        case (int(i), int(n)) if n >= 1 and 0 <= i <= n:
            return i % n, n
    raise InvalidInput(f"shard must be I/N with integers 0 <= I <= N, N >= 1; got {shown(shard)}")


def shard_from(text: str) -> tuple[int, int]:
    """Return the pair that a text like "3/8" means.

    Raises
    ------
    InvalidInput
        When it is none.

    Examples
    --------
    >>> shard_from("3/8")
    (3, 8)
    """
    first, slash, second = text.partition("/")
    if not (slash and first.isdecimal() and second.isdecimal() and len(text) < 30):
        raise InvalidInput(f"shard must be I/N with integers 0 <= I <= N, N >= 1; got {shown(text)}")
    return require_shard((int(first), int(second)))
