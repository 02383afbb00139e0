"""Networks that learn operations, trained together on any torch device: for a GPU, and as a check of the compiled code.

Networks are grouped by shape; a group is one computation, differentiated by torch, with an AdamW whose rates and decays
differ between networks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geneft_theory.grokking import TrainingSet, parallelograms
from geneft_theory.grokking.representation import DELTA
from validation.operations.outcomes import Course, Record
from validation.operations.settings import (
    ADAM_EPSILON,
    BETA_FIRST,
    BETA_SECOND,
    STRUCTURE,
    THRESHOLD,
    OperationSettings,
)
from validation.operations.start import start

STEPS_AT_ONCE = 100


def train_batched(
    networks: Sequence[OperationSettings],
    record_steps: tuple[int, ...],
    until_learned: bool,
    report: Callable[[int], None],
    go_on: Callable[[], None],
    device: str,
) -> list[Course]:
    """Return the courses of networks, trained on a torch device, in their order."""
    groups: dict[Hashable, list[int]] = {}
    for k, settings in enumerate(networks):
        groups.setdefault(_computation(settings), []).append(k)
    courses: dict[int, Course] = {}
    for members in groups.values():
        group = _Group([networks[k] for k in members], torch.device(device))
        courses |= dict(zip(members, group.run(record_steps, until_learned, report, go_on), strict=True))
    return [courses[k] for k in range(len(networks))]


def _computation(settings: OperationSettings) -> Hashable:
    sizes = (settings.operation, settings.training_pairs, settings.embedding_dimension, settings.depth, settings.width)
    return (*sizes, settings.loss, settings.outputs, settings.optimizer)


class _Group:
    """K networks of one shape."""

    def __init__(self, networks: Sequence[OperationSettings], device: torch.device) -> None:
        self._networks, self._settings = networks, networks[0]
        starts = [start(settings) for settings in networks]
        operation = self._settings.table

        def stacked(arrays: Sequence[NDArray[np.generic]]) -> Tensor:
            return torch.as_tensor(np.stack(arrays)).to(device)

        self._embeddings = stacked([begin.embeddings for begin in starts])
        layers = zip(*(begin.layers for begin in starts), strict=True)
        tables = [
            (stacked([each.weight.T for each in own]), stacked([each.bias[None] for each in own])) for own in layers
        ]
        self._parameters = [self._embeddings, *(part for table in tables for part in table)]
        self._moments = [(torch.zeros_like(values), torch.zeros_like(values)) for values in self._parameters]
        self._templates = stacked([begin.templates for begin in starts])
        self._samples = torch.as_tensor(operation.samples.copy()).to(device)
        self._classes = torch.as_tensor(operation.classes.copy()).to(device)
        self._shown = stacked([begin.training_set.mask for begin in starts])
        self._weights = self._shown.float() / self._settings.training_pairs
        self._penalties = torch.tensor([settings.penalty for settings in networks], device=device)
        corners = np.empty((0, 4), dtype=np.int64)
        if not self._settings.multiplies and operation.class_sizes.max() > 1:
            corners = np.array(parallelograms(TrainingSet.complete(operation)))
        self._corners = torch.as_tensor(corners).to(device)
        self._steps = 0
        self._reached = torch.full((3, len(networks)), torch.nan, device=device)

    def run(
        self,
        record_steps: tuple[int, ...],
        until_learned: bool,
        report: Callable[[int], None],
        go_on: Callable[[], None],
    ) -> list[Course]:
        """Train to the last record step; a network that is decided goes on without being recorded."""
        courses: list[Course | None] = [None] * len(self._networks)
        records: list[list[Record]] = [[] for _ in self._networks]
        reported = 0
        for step in range(record_steps[-1] + 1):
            losses, outputs = self._forward()
            measured = self._measure(outputs)
            if step in record_steps:
                self._record(records, courses, losses, measured, until_learned, step == record_steps[-1])
            if step % STEPS_AT_ONCE == 0 or step == record_steps[-1] or all(courses):
                go_on()
                done = record_steps[-1] if all(courses) else step
                report((done - reported) * len(self._networks))
                reported = done
            if all(courses):
                break
            self._step(losses)
        return [course for course in courses if course is not None]

    def _record(
        self,
        records: list[list[Record]],
        courses: list[Course | None],
        losses: Tensor,
        measured: Tensor,
        until_learned: bool,
        last: bool,
    ) -> None:
        finite = torch.stack([values.isfinite().flatten(1).all(1) for values in self._parameters]).all(0)
        good = (finite & losses.isfinite()).tolist()
        tables, numbers = self._embeddings.detach().cpu().numpy(), measured.cpu().numpy()
        reached = self._reached.cpu().double().numpy()
        for k, (own, loss) in enumerate(zip(records, losses.tolist(), strict=True)):
            if courses[k] is not None:
                continue
            train, held_out, quality = map(float, numbers[:, k])
            own.append(Record(loss, train, held_out, quality, tables[k].copy()))
            decided = not good[k] or not np.isnan(reached[:2, k]).any()
            if last or (until_learned and self._steps > 0 and decided):
                courses[k] = Course(own, reached[:, k], not good[k], self._steps)

    def _forward(self) -> tuple[Tensor, Tensor]:
        """Return the training losses (K,), to be differentiated, and the outputs (K, samples, outputs)."""
        for values in self._parameters:
            values.grad = None
            values.requires_grad_(True)
        first, second = (self._embeddings[:, symbols] for symbols in self._samples.T)
        if self._settings.multiplies:
            size = round(self._settings.embedding_dimension**0.5)
            left, right = (side.view(*side.shape[:2], size, size) for side in (first, second))
            values = torch.matmul(left, right).flatten(2)
        else:
            values = first + second
        layers = list(zip(self._parameters[1::2], self._parameters[2::2], strict=True))
        for k, (weights, biases) in enumerate(layers):
            values = torch.baddbmm(biases, values, weights)
            values = torch.tanh(values) if k < len(layers) - 1 else values
        if self._settings.loss == "cross_entropy":
            each = values.logsumexp(2) - values.gather(2, self._classes.expand(len(values), -1)[..., None])[..., 0]
        else:
            each = (values - self._templates[:, self._classes]).square().mean(2)
        return (each * self._weights).sum(1), values

    def _measure(self, outputs: Tensor) -> Tensor:
        """Return both accuracies and the quality (3, K), and note what is reached."""
        with torch.no_grad():
            scores = outputs
            if self._settings.loss == "mean_squared_error":
                norms = self._templates.square().sum(2) / 2
                scores = torch.baddbmm(-norms[:, None], outputs, self._templates.mT)
            own = scores.gather(2, self._classes.expand(len(scores), -1)[..., None])
            right = (own > scores).sum(2) == scores.shape[2] - 1
            accuracies = [(right & mask).sum(1) / mask.sum(1) for mask in (self._shown, ~self._shown)]
            measured = torch.stack([*accuracies, self._quality()])
            goals = (measured[0] >= THRESHOLD, measured[1] >= THRESHOLD, measured[2] > STRUCTURE)
            # Who is right before the first step has not learned it.
            now = torch.stack(goals) & self._reached.isnan() & (self._steps > 0)
            self._reached[now] = float(self._steps)
        return measured

    def _quality(self) -> Tensor:
        table = self._embeddings.detach().double()
        if not len(self._corners):
            return torch.full((len(table),), torch.nan, device=table.device)
        standard = (table - table.mean(1, keepdim=True)) / table.std(1, keepdim=True)
        i, j, m, n = (standard[:, symbols] for symbols in self._corners.T)
        return ((i + j - m - n).square().mean(2) <= DELTA**2).double().mean(1).float()

    def _step(self, losses: Tensor) -> None:
        torch.autograd.backward((losses + self._penalties * self._embeddings.abs().mean((1, 2))).sum())
        self._steps += 1
        corrections = 1 - BETA_FIRST**self._steps, (1 - BETA_SECOND**self._steps) ** 0.5
        with torch.no_grad():
            for k, (values, (first, second)) in enumerate(zip(self._parameters, self._moments, strict=True)):
                part = "encoder" if k == 0 else "decoder"
                rates, decays = (
                    torch.tensor([getattr(s, f"{name}_{part}") for s in self._networks], device=values.device).to(
                        values
                    )[:, None, None]
                    for name in ("eta", "weight_decay")
                )
                gradient = values.grad
                assert gradient is not None
                values.addcmul_(values, rates * decays, value=-1)
                if self._settings.optimizer == "sgd":
                    values.addcmul_(gradient, rates, value=-1)
                    continue
                first.lerp_(gradient, 1 - BETA_FIRST)
                second.mul_(BETA_SECOND).addcmul_(gradient, gradient, value=1 - BETA_SECOND)
                spread = (second.sqrt() / corrections[1]).add_(ADAM_EPSILON)
                values.addcmul_(first / spread, rates, value=-1 / corrections[0])
