"""`geneft run goldilocks`: is there a decoder that is neither too simple nor too complex? (Appendix E)"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory.errors import InvalidInput, require_choice, require_integer, shown
from geneft_theory.estimate import Estimate
from geneft_theory.relations import parse
from validation.experiments.statics import HEADS, LARGEST_N, require_different
from validation.measure import Verdict, compare
from validation.networks import NetworkSettings
from validation.report.labels import relation_label

if TYPE_CHECKING:
    import xarray as xr

NAME = "goldilocks"


@dataclass(frozen=True, kw_only=True)
class GoldilocksOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    relations : tuple of str
        Names as `geneft_theory.relations.parse` reads them.
    n : int
        Number of symbols, 2 to 400.
    fraction : float
        Training fraction, in (0, 1).
    depths : tuple of int
        Numbers of hidden layers, increasing, 0 (a linear read-out) to 64.
    widths : tuple of int
        Units of a hidden layer, increasing, >= 1.
    seeds : int
        Replicates, >= 2.
    mode : str
        Decoder mode; not an ideal head, which has no depth.
    steps : int
        Training steps.
    eta_encoder, eta_decoder : float
        Learning rates.
    optimizer, loss : str
        As in `validation.networks.NetworkSettings`.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    relations: tuple[str, ...] = ("modulo:3",)
    n: int = 30
    fraction: float = 0.3
    depths: tuple[int, ...] = (0, 1, 2, 3, 4, 6)
    widths: tuple[int, ...] = (10, 50)
    seeds: int = 5
    mode: str = "concatenation"
    steps: int = 3000
    eta_encoder: float = 1e-3
    eta_decoder: float = 1e-3
    optimizer: str = "adam"
    loss: str = "binary_cross_entropy"
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_integer("n", self.n, minimum=2, maximum=LARGEST_N)
        require_different("relation", [parse(name, self.n).name for name in self.relations])
        require_integer("seeds", self.seeds, minimum=2)
        if self.mode in HEADS:
            raise InvalidInput(f"mode must have a decoder of variable depth; got {self.mode}")
        require_integer("depths", max(self.depths, default=0), maximum=64)
        for name, values in (("depths", self.depths), ("widths", self.widths)):
            if not values or any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise InvalidInput(f"{name} must be increasing integers, at least one; got {shown(values)}")
        if not self.relations:
            raise InvalidInput("relation must name at least one relation; got none")
        networks(self)
        if round(self.fraction * self.n**2) >= self.n**2:
            raise InvalidInput(f"fraction must leave pairs to hold out, so lie in (0, 1); got {self.fraction:g}")

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {"depths": (0, 1, 2, 3, 4, 5, 6), "widths": (3, 10, 50), "seeds": 12, "steps": 6000},
    # Width 10, fraction 0.3 and this relation are the paper's; its depths, steps and seeds are not known.
    "paper": {"depths": (0, 1, 2, 3, 4, 5, 6, 8), "widths": (10,), "seeds": 40, "steps": 20_000},
}


def options_from(preset: str, **changes: Any) -> GoldilocksOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return GoldilocksOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def networks(options: GoldilocksOptions) -> list[NetworkSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    60
    """
    return [
        NetworkSettings(
            relation=parse(name, options.n).name,
            n=options.n,
            fraction=options.fraction,
            seed=seed,
            sweep_seed=options.sweep_seed,
            mode=options.mode,
            depth=depth,
            width=width,
            steps=options.steps,
            loss=options.loss,
            optimizer=options.optimizer,
            eta_encoder=options.eta_encoder,
            eta_decoder=options.eta_decoder,
        )
        for name in options.relations
        for depth in options.depths
        for width in options.widths
        for seed in range(options.seeds)
    ]


def base_rate(relation: str, n: int) -> float:
    """Return the accuracy of the better constant answer over all pairs.

    Examples
    --------
    >>> round(base_rate("modulo:3", 30), 4)
    0.6667
    """
    related = float(parse(relation, n).matrix.mean())
    return max(related, 1 - related)


def conclude(results: xr.Dataset) -> list[Verdict]:
    """Return the verdicts on the Goldilocks claim: worse on the simple side, worse on the complex side.

    For each width, the best depth strictly in between is chosen by held-out accuracy on every other seed; on the other
    seeds, which had no part in the choice, it is compared with the simplest and with the deepest decoder, seed by seed,
    since a seed has the same training set at every depth. Fewer than three depths or four seeds leave nothing to say.
    """
    verdicts = []
    for relation in results["relation"].values:
        for width in results["width"].values:
            held_out = results["held_out_accuracy"].sel(relation=relation, width=width).squeeze("fraction")
            values, depths = held_out.transpose("depth", "seed").values, results["depth"].values
            if len(depths) < 3 or values.shape[1] < 4:
                label = (
                    f"{relation_label(relation)}, width {width}: a decoder in between beats both ends on held-out pairs"
                )
                verdicts.append(compare(0.0, None, label, side="more than"))
                continue
            chosen = 1 + int(np.argmax(values[1:-1, ::2].mean(axis=1)))
            for end, side in ((0, "simplest"), (len(depths) - 1, "deepest")):
                label = (
                    f"{relation_label(relation)}, width {width}: a decoder in between (depth {depths[chosen]}) "
                    f"beats the {side} (depth {depths[end]}) on held-out pairs"
                )
                difference = Estimate.from_samples(values[chosen, 1::2] - values[end, 1::2])
                verdicts.append(compare(0.0, difference, label, side="more than"))
    return verdicts
