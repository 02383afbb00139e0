"""The loop that carries an ensemble forward in time, every member by steps of its own size.

Members advance in blocks small enough for the processor's cache. Where members of a block have ended, waiting ones take
their places, so that the block stays full until the last have begun. All arithmetic is entry by entry: a member's
result does not depend, bit for bit, on which others stand beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geneft_theory.numerics.blocks import ACTIVE, Block, Problem, Results, Trial, as_array
from geneft_theory.numerics.dormand_prince import ERROR, NODES, STAGES, without_zeros
from geneft_theory.numerics.observing import begin_events, happenings, record
from geneft_theory.numerics.rows import Array, Row, take
from geneft_theory.numerics.trajectories import MemberStatus
from geneft_theory.numerics.walls import depart, meet

# A step of the size that would just meet the tolerance is made smaller by SAFETY; no step changes by more than these.
SAFETY, SMALLEST_FACTOR, LARGEST_FACTOR = 0.85, 0.2, 10.0
# Ended members are replaced once they are this fraction of the block.
REFILL = 0.0625
# Stands for an error that is not a number.
HUGE = 1e300

STAGE_WEIGHTS = [without_zeros(row) for row in STAGES]
ERROR_WEIGHTS = without_zeros(ERROR)


def run(problem: Problem, results: Results, block_size: int) -> None:
    """Integrate every member of the ensemble, filling `results`."""
    members = problem.initial.shape[1]
    with np.errstate(all="ignore"):
        waiting = min(block_size, members)
        block = begin(problem, results, np.arange(waiting))
        workspace = Workspace(problem, block.size)
        while block.size:
            ended = block.status != ACTIVE
            count = np.count_nonzero(ended)
            if count > REFILL * block.size or count == block.size:
                slots = np.flatnonzero(ended)
                store(problem, results, block, slots)
                fresh = np.arange(waiting, min(waiting + len(slots), members))
                waiting += len(fresh)
                if len(fresh):
                    block.put(slots[: len(fresh)], begin(problem, results, fresh))
                if len(fresh) < len(slots):
                    ended[slots[: len(fresh)]] = False
                    block = block.keep(np.flatnonzero(~ended))
                    workspace = Workspace(problem, block.size)
                continue
            advance(problem, results, block, workspace)


class Workspace:
    """Memory for one step of a block, and the arithmetic of the method."""

    def __init__(self, problem: Problem, members: int) -> None:
        dimensions = len(problem.initial)
        self._problem = problem
        self.increments = np.empty((7, dimensions, members))
        self.argument, self.product, self.error = np.empty((3, dimensions, members))

    def attempt(self, block: Block) -> tuple[Array, Array]:
        """Return the state one step later, and by how much the error exceeds the tolerance: <= 1 is good enough."""
        problem, increments, state, step = self._problem, self.increments, block.state, block.step
        np.multiply(block.velocity, step, out=increments[0])
        for stage, weights in enumerate(STAGE_WEIGHTS, start=1):
            self._combine(weights, self.argument)
            self.argument += state
            time = block.time if problem.autonomous else block.time + float(NODES[stage]) * step
            self.velocities = problem.velocities(time, self.argument, block.constants)
            for row, velocity in zip(increments[stage], self.velocities, strict=True):
                np.multiply(velocity, step, out=row)
        self._combine(ERROR_WEIGHTS, self.error)
        relative_tolerance, absolute_tolerance = block.tolerances
        scale = np.maximum(np.abs(state), np.abs(self.argument))
        scale *= relative_tolerance
        scale += absolute_tolerance
        np.abs(self.error, out=self.error)
        self.error /= scale
        # The largest over the variables, since a mean would let one of them err more. fmin takes nan for a huge error.
        return self.argument, np.fmin(np.max(self.error, axis=0), HUGE)

    def _combine(self, weights: list[tuple[int, float]], out: Array) -> None:
        """Sum weighted increments in a fixed order; a matrix product's order would depend on the block's width."""
        index, weight = weights[0]
        np.multiply(self.increments[index], weight, out=out)
        for index, weight in weights[1:]:
            np.multiply(self.increments[index], weight, out=self.product)
            out += self.product


def begin(problem: Problem, results: Results, members: NDArray[np.intp]) -> Block:
    """Return a block of members at the start, with their first step sizes."""
    count = len(members)
    state = take(problem.initial, members)
    constants = take(problem.constants, members)
    tolerances = take((problem.relative_tolerance, problem.absolute_tolerance), members)
    time = np.full(count, problem.start)
    velocity = as_array(problem.velocities(time, state, constants), state)
    block = Block(
        member=members,
        status=np.where(np.isfinite(velocity).all(axis=0), ACTIVE, MemberStatus.NOT_FINITE).astype(np.int8),
        time=time,
        step=first_step(problem, time, state, velocity, constants, tolerances),
        state=state,
        velocity=velocity,
        steps=np.zeros(count, dtype=np.int64),
        attempts=np.zeros(count, dtype=np.int64),
        next_record=np.zeros(count, dtype=np.intp),
        event_signs=np.empty((len(problem.events), count)),
        constants=constants,
        event_constants=take(problem.event_constants, members),
        tolerances=tolerances,
        landing=np.zeros((problem.switching.surfaces if problem.switching else 0, count), dtype=np.bool_),
        resume=np.zeros(count),
    )
    if len(problem.times) and problem.times[0] == problem.start:
        results.states[members, 0] = state.T
        block.next_record += 1
    if problem.events:
        begin_events(problem, results, block)
    return block


def first_step(
    problem: Problem,
    time: Array,
    state: Array,
    velocity: Array,
    constants: tuple[Row, ...],
    tolerances: tuple[Row, ...],
) -> Array:
    """Return a first step whose error is about a hundredth of the tolerance, judged by the change along a short one.

    The idea of Hairer, Norsett & Wanner (II.4), in a form without a unit of time: units in which everything runs k
    times faster give a k times smaller step.
    """
    span = problem.end - problem.start
    relative_tolerance, absolute_tolerance = tolerances
    scale = absolute_tolerance + relative_tolerance * np.abs(state)
    size = np.max(np.abs(state / scale), axis=0)
    speed = np.max(np.abs(velocity / scale), axis=0)
    short = np.fmin(0.01 * np.maximum(size, 1) / speed, span)
    probe = as_array(problem.velocities(time + short, state + short * velocity, constants), state)
    change = np.max(np.abs((probe - velocity) / scale), axis=0)
    # Over the short step s the velocity changes by its fraction q: the error of a step h is about speed h (q h / s)^4.
    estimate = short * (0.01 / (speed * short * (change / speed) ** 4)) ** 0.2
    estimate = np.fmin(np.fmax(estimate, 0.01 * short), np.fmin(100 * short, span))
    estimate = np.where(np.isfinite(change), estimate, short)
    return np.asarray(np.where(speed > 0, estimate, span))


def advance(problem: Problem, results: Results, block: Block, workspace: Workspace) -> None:
    """Try one step with every member of the block."""
    remaining = problem.end - block.time
    np.minimum(block.step, remaining, out=block.step)
    state, error = workspace.attempt(block)
    active = block.status == ACTIVE
    accepted = (error <= 1) & active
    time = block.time + block.step
    np.copyto(time, problem.end, where=block.step == remaining)
    trial = Trial(accepted, time, state, workspace.increments)
    too_long = meet(problem.switching, block, trial) if problem.switching else None
    stopped = happenings(problem, results, block, trial) if problem.events else None
    if len(problem.times) > 1:
        record(problem, results, block, trial)
    if stopped is not None:
        slots, state[:, slots] = stopped

    np.copyto(block.state, state, where=accepted)
    np.copyto(block.time, time, where=accepted)
    for row, velocity in zip(block.velocity, workspace.velocities, strict=True):
        np.copyto(row, velocity, where=accepted)
    block.steps += accepted
    block.attempts += active
    tried = block.step if too_long is None else np.array(block.step)
    block.step *= np.clip(SAFETY * error**-0.2, SMALLEST_FACTOR, LARGEST_FACTOR)
    if too_long is not None:
        slots, fraction = too_long
        block.resume[slots] = block.step[slots]
        block.step[slots] = fraction * tried[slots]
    if problem.switching:
        depart(problem, problem.switching, block, accepted)

    block.status[(block.time == problem.end) & (block.status == ACTIVE)] = MemberStatus.REACHED_END
    give_up(problem, block, error, np.flatnonzero(active & ~(error <= 1)))


def give_up(problem: Problem, block: Block, error: Array, rejected: NDArray[np.intp]) -> None:
    """End members whose step has shrunk to nothing, or who have used up their steps."""
    if len(rejected):
        nothing = 4 * np.finfo(np.float64).eps * np.abs(block.time[rejected])
        stuck = rejected[block.step[rejected] <= nothing]
        finite = error[stuck] < HUGE
        block.status[stuck] = np.where(finite, MemberStatus.STEP_TOO_SMALL, MemberStatus.NOT_FINITE)
    if block.attempts.max() >= problem.max_steps:
        block.status[(block.attempts >= problem.max_steps) & (block.status == ACTIVE)] = MemberStatus.TOO_MANY_STEPS


def store(problem: Problem, results: Results, block: Block, slots: NDArray[np.intp]) -> None:
    """Write down how these members of the block ended."""
    members = block.member[slots]
    results.final_times[members] = block.time[slots]
    results.final_states[members] = block.state[:, slots].T
    results.status[members] = block.status[slots]
    results.steps[members] = block.steps[slots]
    results.attempts[members] = block.attempts[slots]
    at_end = slots[block.time[slots] == problem.end]
    results.states[block.member[at_end], -1] = block.state[:, at_end].T
