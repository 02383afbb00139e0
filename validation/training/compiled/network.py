"""One network in training: its settings as the arrays that the compiled step works on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from validation.networks import NetworkSettings, initial_decoder, initial_embeddings
from validation.tasks import relation_targets, training_pairs
from validation.training.chunking import padded
from validation.training.compiled.elementwise import ACTIVATIONS, GELU
from validation.training.compiled.layout import Layout, aligned_zeros
from validation.training.compiled.optimizers import OPTIMIZERS, Rule, State
from validation.training.compiled.products import BLOCK
from validation.training.compiled.step import (
    LOGIT_CROSS_ENTROPY,
    MODES,
    OUTPUT_CROSS_ENTROPY,
    SQUARED_ERROR,
    Buffers,
    Pairs,
    Shape,
    advance,
    gradients,
    respond,
)


class CompiledNetwork:
    """A network with everything that its training needs.

    Parameters
    ----------
    settings : NetworkSettings
        The network; it starts from its initial parameters.

    Examples
    --------
    >>> network = CompiledNetwork(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0))
    >>> network.advance(5)
    >>> network.steps, network.outputs().shape
    (5, (900,))
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self.settings, self.steps = settings, 0
        widths = [settings.features, *[settings.width] * settings.depth, 1] if settings.has_decoder else []
        self._layout = Layout(settings.embedding_dimension, settings.n, widths)
        self._shape, self._rule = _shape(settings, self._layout), _rule(settings, self._layout)
        initial = self._layout.filled(initial_embeddings(settings), initial_decoder(settings))
        self._state = State(initial, *(aligned_zeros(self._layout.size) for _ in range(3)))
        own = training_pairs(settings.n, settings.fraction, seed=settings.seed, sweep_seed=settings.sweep_seed)
        self._pairs, self._all_pairs = _pairs(settings, own), _pairs(settings, np.arange(settings.n**2))
        self._buffers = _buffers(settings, self._layout, self._pairs)
        self._full_buffers = _buffers(settings, self._layout, self._all_pairs)

    def advance(self, steps: int) -> None:
        """Take training steps."""
        advance(self._shape, self._rule, self._pairs, self._buffers, self._state, self.steps, steps)
        self.steps += steps

    def gradients(self) -> list[NDArray[np.float32]]:
        """Return the gradients of the loss: embeddings (dimensions, n), layers (1 + inputs, outputs), biases first."""
        gradients(self._shape, self._state.parameters, self._pairs, self._buffers, self._state.gradients)
        return self._layout.parts(self._state.gradients)

    def outputs(self) -> NDArray[np.float64]:
        """Return the outputs for all pairs, shape (n^2,)."""
        respond(self._shape, self._state.parameters, self._all_pairs, self._full_buffers)
        return self._full_buffers.output[: self.settings.n**2].astype(np.float64)

    def embeddings(self) -> NDArray[np.float32]:
        """Return the embeddings, shape (n, embedding_dimension)."""
        return self._layout.parts(self._state.parameters)[0].T.copy()

    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return bool(np.isfinite(self._state.parameters).all())

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Return what, together with the number of steps, decides everything to come."""
        state = self._state
        moments = {"first_moment": state.first_moment, "second_moment": state.second_moment}
        return {"parameters": state.parameters.copy()} | {name: moment.copy() for name, moment in moments.items()}

    def restore(self, state: Mapping[str, NDArray[np.float32]], steps: int) -> None:
        """Go on from a state that `state` returned after so many steps."""
        for name in ("parameters", "first_moment", "second_moment"):
            getattr(self._state, name)[:] = state[name]
        self.steps = steps


def _shape(settings: NetworkSettings, layout: Layout) -> Shape:
    loss = LOGIT_CROSS_ENTROPY if settings.has_decoder else OUTPUT_CROSS_ENTROPY
    return Shape(
        mode=MODES[settings.mode],
        activation=ACTIVATIONS[settings.activation],
        loss=SQUARED_ERROR if settings.loss == "mean_squared_error" else loss,
        clamp=np.float32(settings.output_clamp),
        symbols=settings.n,
        dimensions=settings.embedding_dimension,
        rows=layout.tables[0].rows if layout.tables else settings.features,
        sizes=np.array([table.rows for table in layout.tables], dtype=np.int64),
        weights_at=np.array([table.at + table.columns for table in layout.tables], dtype=np.int64),
        biases_at=np.array([table.at for table in layout.tables], dtype=np.int64),
    )


def _rule(settings: NetworkSettings, layout: Layout) -> Rule:
    return Rule(
        kind=OPTIMIZERS[settings.optimizer],
        rates=layout.spread(settings.eta_encoder, settings.eta_decoder),
        decays=layout.spread(settings.weight_decay_encoder, settings.weight_decay_decoder),
        beta_first=float(settings.beta_first),
        beta_second=float(settings.beta_second),
        # In float32 a smaller one would be 0, and 0 / 0 the step of every parameter without a gradient.
        epsilon=max(float(settings.adam_epsilon), float(np.finfo(np.float32).tiny)),
        momentum=float(settings.momentum),
    )


def _pairs(settings: NetworkSettings, chosen: NDArray[np.int64]) -> Pairs:
    """Return the chosen pairs, each with the same weight; padding is the first of them again with weight 0.

    Another pair in the padding could end a training whose own pairs are well: infinity times 0 is not a number.
    """
    numbers = np.full(padded(chosen.size), chosen[0], dtype=np.int32)
    numbers[: chosen.size] = chosen
    targets, weights = np.zeros((2, numbers.size), dtype=np.float32)
    targets[: chosen.size] = relation_targets(settings.relation, settings.n)[chosen]
    weights[: chosen.size] = 1 / chosen.size
    return Pairs(numbers // settings.n, numbers % settings.n, targets, weights)


def _buffers(settings: NetworkSettings, layout: Layout, pairs: Pairs) -> Buffers:
    samples = pairs.first.size
    rows = [table.rows for table in layout.tables] or [settings.features]
    numbers = sum(rows) * samples
    gelu = ACTIVATIONS[settings.activation] == GELU
    return Buffers(
        values=aligned_zeros(numbers),
        gradients=aligned_zeros(numbers),
        slopes=aligned_zeros(numbers if gelu else BLOCK),
        places=samples * np.cumsum([0, *rows[:-1]]).astype(np.int64),
        output=aligned_zeros(samples),
        output_gradient=aligned_zeros(samples),
    )
