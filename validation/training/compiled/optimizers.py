"""Adam, AdamW and gradient descent with momentum, with a learning rate and a weight decay for each parameter.

The arithmetic is that of torch.optim, in its order of operations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from validation.training.compiled.elementwise import ZERO
from validation.training.compiled.lanes import LANES, fill, fused_multiply_add, load, square_root, store

ADAM, ADAMW, SGD = range(3)
OPTIMIZERS = {"adam": ADAM, "adamw": ADAMW, "sgd": SGD}

Floats = NDArray[np.float32]


class Rule(NamedTuple):
    """An optimiser with its constants; rates and decays hold one number for each parameter."""

    kind: int
    rates: Floats
    decays: Floats
    beta_first: float
    beta_second: float
    epsilon: float
    momentum: float


class State(NamedTuple):
    """What changes from step to step; for gradient descent the first moment is the velocity, the second unused."""

    parameters: Floats
    gradients: Floats
    first_moment: Floats
    second_moment: Floats


@njit(nogil=True)
def update(rule: Rule, state: State, step: int) -> None:
    """Take step number `step`, counted from 1."""
    if rule.kind == SGD:
        _descend(rule, state)
    else:
        _adam(rule, state, step)


@njit(nogil=True)
def _descend(rule: Rule, state: State) -> None:
    momentum = fill(np.float32(rule.momentum))
    for k in range(0, state.parameters.size, LANES):
        p, rate = load(state.parameters, k), load(rule.rates, k)
        g = fused_multiply_add(p, load(rule.decays, k), load(state.gradients, k))
        velocity = fused_multiply_add(momentum, load(state.first_moment, k), g)
        store(state.first_moment, k, velocity)
        store(state.parameters, k, fused_multiply_add(fill(ZERO) - velocity, rate, p))


@njit(nogil=True)
def _adam(rule: Rule, state: State, step: int) -> None:
    keep = fill(np.float32(rule.beta_second))
    first, second = fill(np.float32(1 - rule.beta_first)), fill(np.float32(1 - rule.beta_second))
    root = fill(np.float32((1 - rule.beta_second**step) ** 0.5))
    scale = fill(np.float32(-1 / (1 - rule.beta_first**step)))
    epsilon = fill(np.float32(rule.epsilon))
    for k in range(0, state.parameters.size, LANES):
        p, g = load(state.parameters, k), load(state.gradients, k)
        rate, decay = load(rule.rates, k), load(rule.decays, k)
        if rule.kind == ADAMW:
            p = fused_multiply_add(fill(ZERO) - p, rate * decay, p)
        else:
            g = fused_multiply_add(p, decay, g)
        m, v = load(state.first_moment, k), load(state.second_moment, k)
        m = fused_multiply_add(first, g - m, m)
        v = fused_multiply_add(second * g, g, keep * v)
        store(state.first_moment, k, m)
        store(state.second_moment, k, v)
        direction = m / (square_root(v) / root + epsilon)
        store(state.parameters, k, fused_multiply_add(direction * scale, rate, p))
