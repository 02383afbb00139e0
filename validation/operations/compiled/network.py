"""One network that learns an operation: its settings as the arrays that the compiled step works on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geneft_theory.grokking import TrainingSet, parallelograms
from geneft_theory.grokking.representation import DELTA
from validation.operations.compiled.step import LOSSES, SQUARED_ERROR, Buffers, Goals, Samples, Shape, advance, look
from validation.operations.outcomes import Record
from validation.operations.settings import (
    ADAM_EPSILON,
    BETA_FIRST,
    BETA_SECOND,
    STRUCTURE,
    THRESHOLD,
    OperationSettings,
)
from validation.operations.start import Start, start
from validation.training.chunking import padded
from validation.training.compiled.layout import Layout, aligned_zeros
from validation.training.compiled.optimizers import ADAMW, SGD, Rule, State
from validation.training.compiled.products import whole_rows


class CompiledNetwork:
    """A network with everything that its training needs.

    Parameters
    ----------
    settings : OperationSettings
        The network; it starts from its initial parameters.

    Examples
    --------
    >>> network = CompiledNetwork(OperationSettings(training_seed=0, seed=0))
    >>> network.advance(5)
    >>> network.steps, network.embeddings().shape
    (5, (10, 1))
    """

    def __init__(self, settings: OperationSettings) -> None:
        self.settings, self.steps = settings, 0
        begin = start(settings)
        widths = [settings.embedding_dimension, *[settings.width] * settings.depth, settings.outputs]
        self._layout = Layout(settings.embedding_dimension, settings.table.p, widths)
        self._rule, self._shape = _rule(settings, self._layout), _shape(settings, self._layout)
        initial = self._layout.filled(begin.embeddings, begin.layers)
        self._state = State(initial, *(aligned_zeros(self._layout.size) for _ in range(3)))
        self._samples = _samples(begin)
        self._buffers = _buffers(settings, self._shape, self._samples, begin)
        self._goals = Goals(THRESHOLD, STRUCTURE, np.full(3, -1, dtype=np.int64))

    def advance(self, steps: int) -> None:
        """Take training steps, and note what is reached before each."""
        advance(self._shape, self._rule, self._samples, self._buffers, self._state, self._goals, DELTA, self.steps,
                steps)  # fmt: skip
        self.steps += steps

    def look(self) -> Record:
        """Measure the network as it is."""
        state = self._state
        seen = look(self._shape, state.parameters, self._samples, self._buffers, self._goals, DELTA, self.steps,
                    state.gradients)  # fmt: skip
        loss, train, held_out, quality = map(float, seen)
        return Record(loss, train, held_out, quality, self.embeddings())

    def gradients(self) -> list[NDArray[np.float32]]:
        """Return the gradients of the loss: embeddings (dimensions, p), layers (1 + inputs, outputs), biases first."""
        self.look()
        return self._layout.parts(self._state.gradients)

    def embeddings(self) -> NDArray[np.float32]:
        """Return the embeddings, shape (p, embedding_dimension)."""
        return self._layout.parts(self._state.parameters)[0].T.copy()

    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return bool(np.isfinite(self._state.parameters).all())

    @property
    def reached(self) -> NDArray[np.float64]:
        """Steps after which training pairs, held-out pairs and structure first were where they should be, or nan."""
        return np.where(self._goals.reached >= 0, self._goals.reached, np.nan)


def _shape(settings: OperationSettings, layout: Layout) -> Shape:
    rows = [table.rows for table in layout.tables]
    return Shape(
        loss=LOSSES[settings.loss],
        symbols=settings.table.p,
        dimensions=settings.embedding_dimension,
        size=round(settings.embedding_dimension**0.5) if settings.multiplies else 0,
        labels=settings.labels,
        outputs=settings.outputs,
        penalty=np.float32(settings.penalty / (settings.table.p * settings.embedding_dimension)),
        sizes=np.array([*rows, layout.tables[-1].columns], dtype=np.int64),
        weights_at=np.array([table.at + table.columns for table in layout.tables], dtype=np.int64),
        biases_at=np.array([table.at for table in layout.tables], dtype=np.int64),
    )


def _rule(settings: OperationSettings, layout: Layout) -> Rule:
    return Rule(
        kind=ADAMW if settings.optimizer == "adamw" else SGD,
        rates=layout.spread(settings.eta_encoder, settings.eta_decoder),
        decays=layout.spread(settings.weight_decay_encoder, settings.weight_decay_decoder),
        beta_first=BETA_FIRST,
        beta_second=BETA_SECOND,
        epsilon=ADAM_EPSILON,
        momentum=0.0,
    )


def _samples(begin: Start) -> Samples:
    """Return the samples; padding is the first of them again, with weight 0.

    Another sample in the padding could end a training whose own samples are well: infinity times 0 is not a number.
    """
    shown, operation = begin.training_set, begin.training_set.operation
    order = np.concatenate([shown.indices, np.flatnonzero(~shown.mask)])
    padding = np.full(padded(order.size) - order.size, order[0])
    places = np.concatenate([order, padding])
    weights = np.zeros(places.size, dtype=np.float32)
    weights[: len(shown)] = 1 / len(shown)
    first, second = np.ascontiguousarray(operation.samples[places].T)
    corners = np.empty((0, 4), dtype=np.int64)
    if operation.representation is None and operation.class_sizes.max() > 1:
        corners = np.ascontiguousarray(parallelograms(TrainingSet.complete(operation)))
    labels = operation.classes[places].astype(np.int64)
    return Samples(first.copy(), second.copy(), labels, weights, len(shown), order.size, corners)


def _buffers(settings: OperationSettings, shape: Shape, samples: Samples, begin: Start) -> Buffers:
    count = samples.first.size
    sizes, labels = shape.sizes, whole_rows(settings.labels)
    # Under cross-entropy the scores are the logits, and these numbers a place for maxima and sums.
    templates, scores = aligned_zeros(0), aligned_zeros(2 * count)
    if shape.loss == SQUARED_ERROR:
        outputs = int(sizes[-1])
        templates, scores = aligned_zeros(labels * outputs + labels), aligned_zeros(labels * count)
        table = templates[: labels * outputs].reshape(labels, outputs)
        table[: settings.labels, : settings.outputs] = begin.templates
        templates[labels * outputs :] = -np.square(table.astype(np.float64)).sum(1) / 2
    return Buffers(
        values=aligned_zeros(int(sizes.sum()) * count),
        gradients=aligned_zeros(int(sizes.sum()) * count),
        scores=scores,
        places=count * np.cumsum([0, *sizes[:-1]]).astype(np.int64),
        templates=templates,
    )
