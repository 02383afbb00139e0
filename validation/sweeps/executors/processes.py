"""Chunks in processes of this machine, each with one thread of arithmetic; one that dies is replaced.

Each worker has a pipe of its own and shares no lock with anyone, so that it can be killed at any moment without
harm to the others. When this process is killed, its workers see their pipes close and end at once.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import pickle
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from geneft_theory.errors import InvalidInput, require_integer
from validation.sweeps.executors.cores import ONE_THREAD, available_cores, deaf, environment, without_interrupts
from validation.sweeps.executors.interface import Report
from validation.sweeps.work import Finished, LostWorkers, Task, Work

_log = logging.getLogger(__name__)

ATTEMPTS = 3
"""How many workers a chunk may take down before it is left out."""

_PATIENCE = 60.0
"""Seconds that a worker has to give up, and to save a checkpoint, before it is killed."""

_REPORT_SECONDS = 0.5
_STOP = "stop"


@dataclass(frozen=True)
class Processes:
    """An executor that computes each chunk in a process of its own.

    Parameters
    ----------
    workers : int, optional
        How many processes, >= 1; by default one on every core.

    Raises
    ------
    InvalidInput
        When `workers` is not an integer >= 1.

    Examples
    --------
    >>> Processes(4)
    Processes(workers=4)
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            require_integer("workers", self.workers, minimum=1)

    def run(self, work: Work, tasks: Iterator[Task], report: Report) -> Generator[Finished]:
        """Yield what becomes of every task; see `Executor`."""
        try:
            packed = pickle.dumps(work)
        except (pickle.PicklingError, AttributeError, TypeError) as trouble:
            raise InvalidInput(f"compute must be a function that other processes can import; {trouble}") from None
        pool = _Pool(packed, self.workers or available_cores())
        try:
            yield from pool.run(tasks, report)
            pool.dismiss()
        finally:
            pool.stop()


class _Worker:
    """A process, our end of its pipe, and what it is doing."""

    def __init__(self, packed: bytes) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process: SpawnProcess = spawn.Process(target=_serve, args=(theirs,), daemon=True, name="geneft-worker")
        with environment(ONE_THREAD), without_interrupts():
            self.process.start()
        # While we hold their end open, its death would not show on ours.
        theirs.close()
        self.task: Task | None = None
        self.began = False
        self.tell(packed)

    def tell(self, message: object) -> None:
        """Send a message; what a dead worker was told shows when its answer is waited for."""
        with contextlib.suppress(OSError):
            self.pipe.send(message)

    def bury(self) -> None:
        """Make sure that the process is gone."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


class _Pool:
    def __init__(self, packed: bytes, size: int) -> None:
        self._packed, self._size = packed, size
        self._workers: list[_Worker] = []
        self._again: deque[Task] = deque()
        self._attempts: dict[int, int] = {}
        self._given_up: list[Task] = []
        self._stillborn = 0

    def run(self, tasks: Iterator[Task], report: Report) -> Generator[Finished]:
        while True:
            self._hand_out(tasks)
            busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
            if not busy:
                break
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                finished = self._answer(busy[pipe], report)
                if finished is not None:
                    yield finished
        if self._given_up:
            first = self._given_up[0]
            raise LostWorkers(
                f"chunks must not end the process that computes them; {len(self._given_up)} did, {ATTEMPTS} times each "
                f"(the first is {first.name[:12]}, networks {first.position} to "
                f"{first.position + len(first.chunk) - 1} of the sweep); all others are finished"
            )

    def _hand_out(self, tasks: Iterator[Task]) -> None:
        """Give every idle worker a task, and start workers while there are too few."""
        idle = [worker for worker in self._workers if worker.task is None]
        while idle or len(self._workers) < self._size:
            task = self._again.popleft() if self._again else next(tasks, None)
            if task is None:
                return
            if idle:
                worker = idle.pop()
            else:
                worker = _Worker(self._packed)
                self._workers.append(worker)
            worker.task = task
            worker.tell(task)

    def _answer(self, worker: _Worker, report: Report) -> Finished | None:
        task = worker.task
        assert task is not None
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker, task)
            report(task.index, 0.0)
            return None
        worker.began = True
        if isinstance(answer, float):
            report(task.index, answer)
            return None
        worker.task = None
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Finished)
        return answer

    def _replace(self, worker: _Worker, task: Task) -> None:
        """Let another worker try the task of one that died, in smaller parts; not for ever."""
        self._workers.remove(worker)
        worker.process.join(timeout=5.0)
        code = worker.process.exitcode
        worker.bury()
        if not worker.began:
            self._stillborn += 1
            if self._stillborn >= ATTEMPTS:
                raise InvalidInput(
                    f"executor must be able to start worker processes; they end at once with exit code {code} "
                    "(a script that runs a sweep must do so below: if __name__ == '__main__')"
                )
        attempts = self._attempts[task.index] = self._attempts.get(task.index, 0) + 1
        if attempts < ATTEMPTS:
            _log.warning("a worker ended with exit code %s in chunk %s: another tries again", code, task.name[:12])
            self._again.append(replace(task, parts=2 * task.parts))
        else:
            _log.warning("chunk %s ended %d workers and is left out", task.name[:12], ATTEMPTS)
            self._given_up.append(task)

    def dismiss(self) -> None:
        """Send all workers home."""
        for worker in self._workers:
            worker.tell(None)
        for worker in self._workers:
            worker.process.join(timeout=_PATIENCE)

    def stop(self) -> None:
        """Let the workers give up and save what they must; kill those that take too long, or on another Ctrl-C."""
        try:
            busy = [worker for worker in self._workers if worker.task is not None]
            for worker in busy:
                worker.tell(_STOP)
            end = time.monotonic() + _PATIENCE
            for worker in busy:
                _hear_out(worker.pipe, end)
        finally:
            for worker in self._workers:
                worker.bury()
            self._workers.clear()


def _hear_out(pipe: Connection, end: float) -> None:
    """Wait until a worker has said its last word on its task, or has died."""
    try:
        while pipe.poll(max(0.0, end - time.monotonic())):
            if not isinstance(pipe.recv(), float):
                return
    except (EOFError, OSError):
        return


def _serve(pipe: Connection) -> None:
    """Compute tasks until sent home: the whole life of a worker process."""
    # We are told by pipe what to do.
    deaf()
    try:
        work: Work = pickle.loads(pipe.recv())
    except (EOFError, OSError):
        return  # the run was killed before it said anything
    told: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(pipe, told, stop), daemon=True).start()
    sending = threading.Lock()

    def send(message: Any) -> None:
        with sending:
            pipe.send(message)

    while (task := told.get()) is not None:
        send(0.0)
        answer: Finished | BaseException
        try:
            answer = work.finish(task, stop.is_set, _Sparing(send))
        except BaseException as trouble:
            answer = _sendable(trouble)
        send(answer)


def _listen(pipe: Connection, told: queue.SimpleQueue[Task | None], stop: threading.Event) -> None:
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            # Nobody is there any more to take results; shards are whole or absent, so this can be at any moment.
            os._exit(1)
        if message == _STOP:
            stop.set()
        else:
            told.put(message)
        if message is None:
            return


class _Sparing:
    """Pass on how far a chunk is, twice a second at most."""

    def __init__(self, send: Any) -> None:
        self._send, self._last = send, time.monotonic()

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._last >= _REPORT_SECONDS:
            self._last = now
            self._send(float(share))


def _sendable(trouble: BaseException) -> BaseException:
    """Return an exception that survives the journey, with the traceback that it would lose."""
    text = "".join(traceback.format_exception(trouble))
    try:
        copy: BaseException = pickle.loads(pickle.dumps(trouble))
    except Exception:
        return RuntimeError(f"a worker process failed:\n{text}")
    copy.add_note(f"in a worker process:\n{text}")
    return copy
