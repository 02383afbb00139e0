"""Transformers in the middle of their training, with a state that can be saved after any step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from validation.measure import fourier_power, principal_plane, variance_shares
from validation.training.records import default_record_steps
from validation.transformer.measuring import Answers, Record, all_pairs, answers, measured, record
from validation.transformer.network import Transformers
from validation.transformer.optimiser import AdamW
from validation.transformer.settings import TransformerSettings

# The second entry of a stream's key; 0 to 3 are taken by `validation.tasks`, `.repons` and `.experiments`.
DROPOUT = 4
_TIMES = ("train", "test")


class Batch:
    """Transformers that train as one computation.

    Parameters
    ----------
    networks : sequence of TransformerSettings
        They agree in what `validation.transformer.training.computation` keeps.
    device : str
        A torch device.

    Attributes
    ----------
    transformers : Transformers
        Their parameters as they are now.
    """

    def __init__(self, networks: Sequence[TransformerSettings], device: str) -> None:
        place = torch.device(device)
        self._networks, self._settings = networks, networks[0]
        self.transformers = Transformers(networks, place)
        self._optimiser = AdamW(self.transformers, networks)
        self._pairs = all_pairs(networks, place)
        self._dropout = Dropout(networks, place) if self._settings.dropout else None
        self._record_steps = (0, *default_record_steps(self._settings.steps, self._settings.records))
        self._records: list[Record] = []
        self._times = np.full((len(_TIMES), len(networks)), np.nan)
        self._dimensions = np.full_like(self._times, np.nan)
        self._initial_power = self._power()
        self._measure()

    @property
    def steps(self) -> int:
        """Steps taken."""
        return self._optimiser.steps

    @property
    def ended(self) -> bool:
        """Whether the last step has been taken."""
        return self.steps >= self._settings.steps

    def gradient(self) -> Tensor:
        """Return the gradient of each transformer's loss over its training pairs, shape (K, parameters)."""
        trained = self._pairs.trained
        logits = self.transformers.logits(self._pairs.symbols[:, :, :trained], self._dropout)
        sums = self._pairs.sums[:, :trained]
        # Transformers share no parameter: the gradient of the sum of their losses is that of each.
        loss = functional.cross_entropy(logits.flatten(0, 1), sums.flatten(), reduction="sum") / trained
        (gradient,) = torch.autograd.grad(loss, [self.transformers.values])
        return gradient

    def advance(self) -> None:
        """Take a step, and measure where it is time to."""
        self._optimiser.step(self.gradient())
        self._measure()

    def _measure(self) -> None:
        """Look at the accuracies if it is time to, and record if it is."""
        recording = self.steps in self._record_steps
        if not recording and self.steps % self._settings.check_every:
            return
        answered = answers(self.transformers, self._pairs)
        found = record(self.transformers, answered, self._settings.frequencies) if recording else None
        self._note_times(answered)
        if found is not None:
            self._records.append(found)

    def _note_times(self, answered: Answers) -> None:
        """Note who has just learned the training pairs, or the others, and with which effective dimension."""
        thresholds = np.array([each.threshold for each in self._networks])
        for row, accuracy in enumerate((answered.train_accuracy, answered.held_out_accuracy)):
            new = np.isnan(self._times[row]) & (accuracy >= thresholds)
            if new.any():
                self._times[row, new] = self.steps
                dimension = record(self.transformers, answered, self._settings.frequencies).effective_dimension
                self._dimensions[row, new] = dimension[new]

    def _power(self) -> NDArray[np.float64]:
        return measured(fourier_power, self.transformers.embeddings(), (self._settings.modulus // 2,))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything measured, by the names of `validation.transformer.outcomes.VARIABLES`."""
        tables, count = self.transformers.embeddings(), len(self._networks)
        finite = np.isfinite(self.transformers.values.detach().cpu().numpy()).all(1)
        curves = {
            f"{name}_curve": np.stack([getattr(each, name) for each in self._records], axis=1)
            for name in Record._fields
        }
        times = {f"steps_to_{name}_threshold": row for name, row in zip(_TIMES, self._times, strict=True)}
        times |= {
            f"effective_dimension_at_{name}_threshold": row for name, row in zip(_TIMES, self._dimensions, strict=True)
        }
        return {
            "step": np.tile(np.array(self._record_steps, dtype=np.int64), (count, 1)),
            **curves,
            **times,
            "diverged": ~(finite & np.isfinite(self._records[-1].train_loss)),
            "initial_power": self._initial_power,
            "final_power": self._power(),
            "final_plane": measured(principal_plane, tables, (self._settings.modulus, 2)),
            "final_plane_share": measured(lambda table: variance_shares(table)[:2], tables, (2,)),
        }

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything from which the training can go on."""
        records = np.array([list(each) for each in self._records])
        tensors = {
            "values": self.transformers.values.detach(),
            "first": self._optimiser.first,
            "second": self._optimiser.second,
        }
        state = {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}
        state |= {"steps": np.array(self.steps), "records": records, "times": self._times.copy()}
        state |= {"dimensions": self._dimensions.copy()}
        return state if self._dropout is None else state | {"dropout": self._dropout.state()}

    def restore(self, state: dict[str, NDArray[Any]] | Any) -> None:
        """Go on from a state that `state` gave."""
        with torch.no_grad():
            self.transformers.values.copy_(torch.from_numpy(state["values"]))
            self._optimiser.first.copy_(torch.from_numpy(state["first"]))
            self._optimiser.second.copy_(torch.from_numpy(state["second"]))
        self._optimiser.steps = int(state["steps"])
        self._records = [Record(*each) for each in state["records"]]
        self._times, self._dimensions = np.array(state["times"]), np.array(state["dimensions"])
        if self._dropout is not None:
            self._dropout.restore(state["dropout"])


class Dropout:
    """Drops values at random, each transformer by its own stream, which no companion changes."""

    def __init__(self, networks: Sequence[TransformerSettings], device: torch.device) -> None:
        self._kept = [1 - each.dropout for each in networks]
        self._generators = []
        for each in networks:
            sequence = np.random.SeedSequence(each.sweep_seed, spawn_key=(each.seed, DROPOUT))
            generator = torch.Generator(device=device)
            generator.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))
            self._generators.append(generator)

    def __call__(self, values: Tensor) -> Tensor:
        """Return values of which some are 0 and the others enlarged, so that their mean is kept."""
        masks = torch.empty_like(values, requires_grad=False)
        for mask, kept, generator in zip(masks, self._kept, self._generators, strict=True):
            mask.bernoulli_(kept, generator=generator).div_(kept)
        return values * masks

    def state(self) -> NDArray[np.uint8]:
        """Return where every stream is."""
        return np.stack([generator.get_state().numpy() for generator in self._generators])

    def restore(self, state: NDArray[np.uint8]) -> None:
        """Go on from where the streams were."""
        for generator, own in zip(self._generators, state, strict=True):
            generator.set_state(torch.from_numpy(own.copy()))
