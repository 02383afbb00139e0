"""Many swarms as one ensemble of differential equations, each as accurate as its conserved quantities demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory import numerics
from geneft_theory.repons.swarm.invariants import conserved, parts
from geneft_theory.repons.swarm.losses import Array, gradient
from geneft_theory.repons.swarm.state import Swarm

# Swarms that drift by more than the tolerance are followed again with one tenth of the error a step, at most so often.
REFINEMENTS = 3
# What rounding leaves of a step's accuracy.
FINEST = 1e-13


@dataclass(frozen=True)
class Ensemble:
    """An ensemble as the integrator takes it: one flat axis of swarms, and all variables of a swarm in one row."""

    swarm: Swarm
    eta_decoder: Array
    eta_encoder: Array
    eta_bias: Array
    targets: Array
    loss: str

    @classmethod
    def of(cls, swarm: Swarm, rates: dict[str, Array], targets: Array, loss: str) -> Ensemble:
        """Flatten the ensemble's axes into one."""
        size = int(np.prod(swarm.shape, dtype=np.int64))
        n, p, d = swarm.embeddings.shape[-2], *swarm.decoder.shape[-2:]
        flat = Swarm(
            swarm.embeddings.reshape(size, n, d), swarm.decoder.reshape(size, p, d), swarm.bias.reshape(size, p)
        )
        wanted = np.broadcast_to(targets, (*swarm.shape, n, p)).reshape(size, n, p)
        decoder, encoder, bias = (rates[f"eta_{name}"].ravel() for name in ("decoder", "encoder", "bias"))
        return cls(flat, decoder, encoder, bias, wanted, loss)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers n of repons, p of outputs, d of dimensions."""
        return (*self.swarm.embeddings.shape[1:2], *self.swarm.decoder.shape[1:])

    def split(self, states: Array) -> Swarm:
        """Return states (swarms, T, variables) as swarms (swarms, T)."""
        n, p, d = self.sizes
        leading = states.shape[:-1]
        return Swarm(
            states[..., : n * d].reshape(*leading, n, d),
            states[..., n * d : (n + p) * d].reshape(*leading, p, d),
            states[..., (n + p) * d :],
        )

    def velocity(self) -> Callable[..., Array]:
        """Return the velocities as a function of rows, (variables, members), and of the members' places."""
        n, p, d = self.sizes
        wanted = np.ascontiguousarray(np.moveaxis(self.targets, 0, -1))
        per_member = np.stack([self.eta_encoder, self.eta_decoder, self.eta_bias])

        def rows(time: Array, state: Array, place: Any) -> Array:
            del time
            members = np.broadcast_to(np.asarray(place, dtype=np.intp), state.shape[1:])
            x, a, b = state[: n * d].reshape(n, d, -1), state[n * d : (n + p) * d].reshape(p, d, -1), state[-p:]
            outputs = x[:, None, 0] * a[None, :, 0] + b
            for axis in range(1, d):
                outputs += x[:, None, axis] * a[None, :, axis]
            pull = gradient(outputs, wanted[:, :, members], self.loss, axis=1)
            eta_encoder, eta_decoder, eta_bias = per_member[:, members]
            velocities = np.empty_like(state)
            dx, da = velocities[: n * d].reshape(n, d, -1), velocities[n * d : (n + p) * d].reshape(p, d, -1)
            np.multiply(pull[:, :1], a[0], out=dx)
            for output in range(1, p):
                dx += pull[:, output, None] * a[output]
            np.multiply(pull[0, :, None], x[0], out=da)
            db = pull[0].copy()
            for repon in range(1, n):
                da += pull[repon, :, None] * x[repon]
                db += pull[repon]
            dx *= -eta_encoder
            da *= -eta_decoder
            velocities[-p:] = -eta_bias * db
            return velocities

        return rows

    def follow(self, times: Array, tolerance: float, max_steps: int) -> tuple[Array, NDArray[np.int8], Array]:
        """Return states (swarms, T, variables), status and drift, each swarm as accurate as its invariants demand."""
        everything = (self.swarm.embeddings, self.swarm.decoder, self.swarm.bias)
        initial = np.concatenate([array.reshape(len(array), -1) for array in everything], axis=1)
        size = np.sqrt(np.mean(initial**2, axis=1))
        # At the origin decoder and embeddings stay where they are, and the bias relaxes: any scale will do.
        size = np.where(size > 0, size, 1.0)
        states = np.full((len(initial), len(times), initial.shape[1]), np.nan)
        status, drift = np.zeros(len(initial), dtype=np.int8), np.full(len(initial), np.inf)
        waiting = np.arange(len(initial))
        velocity = self.velocity()
        for refinement in range(REFINEMENTS + 1):
            allowed = max(tolerance / 10**refinement, FINEST)
            done = numerics.integrate(
                velocity,
                initial[waiting],
                times,
                {"place": waiting.astype(np.float64)},
                relative_tolerance=allowed,
                absolute_tolerance=allowed * size[waiting],
                max_steps=max_steps,
            )
            states[waiting], status[waiting] = done.states, done.status
            drift[waiting] = self.drift(done.states, waiting)
            waiting = waiting[(drift[waiting] > tolerance) & done.succeeded]
            if not len(waiting):
                break
        return states, status, drift

    def drift(self, states: Array, which: NDArray[np.intp]) -> Array:
        """Return the largest relative change of the invariants of some swarms over time."""
        swarm = self.split(states)
        eta_decoder, eta_encoder = self.eta_decoder[which, None], self.eta_encoder[which, None]
        kept = conserved(swarm, eta_decoder, eta_encoder, self.loss)
        first, second = parts(swarm, eta_decoder, eta_encoder)
        changes = [_change(kept.balance, np.trace(first + second, axis1=-2, axis2=-1))]
        if kept.decoder_sum is not None and kept.bias_sum is not None:
            size = np.abs(swarm.decoder).sum(axis=(-1, -2)) + np.abs(swarm.bias).sum(axis=-1)
            changes += [_change(kept.decoder_sum, size), _change(kept.bias_sum[..., None], size)]
        largest: Array = np.maximum.reduce(changes)
        return largest


def _change(quantity: Array, scale: Array) -> Array:
    """Return the largest |q(t) - q(0)|/max scale over time (axis 1); nan, from where a swarm failed, does not count."""
    change = np.abs(quantity - quantity[:, :1]).reshape(*quantity.shape[:2], -1).max(axis=-1)
    largest = np.nanmax(scale, axis=1)
    result: Array = np.nanmax(change, axis=1) / np.where(largest > 0, largest, 1.0)
    return result
