"""The phase of a stored network, from its times to threshold; derived when results are read, never stored.

So runs that were stored before phases had a name have them too, and a phase cannot disagree with the times beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.question import Question
from validation.sweeps.variables import Variable

PHASE = "phase"
UNKNOWN = -1
"""The code of a network whose phase was not measured, or that has no held-out pairs to learn."""
NEEDED = ("steps_to_train_threshold", "steps_to_test_threshold")


def delay_of(question: Question) -> float:
    """Return from how many steps between the two thresholds it is grokking: the run's own, or the usual number."""
    from validation.measure.phases import DELAY

    delay = question.options.get("delay", DELAY)
    return float(delay) if isinstance(delay, (int, float)) and delay > 0 else float(DELAY)


def with_phase(outcomes: Mapping[str, NDArray[Any]], delay: float) -> dict[str, NDArray[Any]]:
    """Return the outcomes of a chunk and, where they decide it, the phase of each network as a small integer.

    Examples
    --------
    >>> steps = {"steps_to_train_threshold": np.array([300.0]), "steps_to_test_threshold": np.array([np.nan])}
    >>> with_phase(steps, delay=1000)["phase"]
    array([2], dtype=int8)
    """
    if PHASE in outcomes or not all(name in outcomes and outcomes[name].ndim == 1 for name in NEEDED):
        return dict(outcomes)
    from validation.measure.phases import PHASES, phase_of

    train, test = (np.asarray(outcomes[name], dtype=np.float64) for name in NEEDED)
    known = np.ones(train.shape, dtype=np.bool_)
    for steps in (train, test):
        known &= np.isnan(steps) | ((steps > 0) & np.isfinite(steps))
    diverged = np.asarray(outcomes.get("diverged", np.zeros(train.shape)), dtype=np.bool_)
    if "held_out_accuracy" in outcomes:
        # Not a number only where every pair is trained on: then nothing says whether the network generalizes.
        known &= ~np.isnan(outcomes["held_out_accuracy"]) | diverged
    codes = np.full(train.shape, UNKNOWN, dtype=np.int8)
    names = phase_of(train[known], test[known], delay, diverged=diverged[known])
    codes[known] = [PHASES.index(name) for name in names]
    return {**outcomes, PHASE: codes}


def phase_variable() -> Variable:
    """Return the description of the phase."""
    return Variable(long_name="phase of learning")


def phase_attributes(delay: float) -> dict[str, Any]:
    """Return what the codes mean, in the words of the CF conventions."""
    from validation.measure.phases import PHASES

    return {
        "flag_values": np.arange(UNKNOWN, len(PHASES), dtype=np.int32),
        "flag_meanings": " ".join(("unknown", *PHASES)),
        "delay": delay,
    }
