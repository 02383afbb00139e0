"""`geneft run statics`: how much data do real networks need, beside what the theory says they need?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number, shown
from geneft_theory.relations import Relation, parse
from validation.measure.curves import require_fractions
from validation.networks import MODES, NetworkSettings

if TYPE_CHECKING:
    import xarray as xr

NAME = "statics"
DECODER_MODES = ("concatenation", "difference", "squared_difference")
HEADS = ("equality_head", "order_head")
LARGEST_N = 400
"""At 400 symbols a chunk of default networks takes 3 GB, growing with n^2."""


def table_one(n: int) -> tuple[str, ...]:
    """Return the names of the four relations of Table I; a third of the symbols is the smaller part of the last.

    Examples
    --------
    >>> table_one(30)
    ('modulo:3', 'modulo:5', 'greater-than', 'complete-bipartite:10')
    """
    return ("modulo:3", "modulo:5", "greater-than", f"complete-bipartite:{max(1, n // 3)}")


@dataclass(frozen=True, kw_only=True)
class StaticsOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    relations : tuple of str
        Names as `geneft_theory.relations.parse` reads them.
    n : int
        Number of symbols, 2 to 400.
    fractions : tuple of float
        Training fractions, increasing, in (0, 1]; at least 3, for a curve to be fitted.
    seeds : int
        Replicates: each has its own order of training pairs and its own initial parameters; >= 2.
    modes : tuple of str
        Decoder modes; the ideal heads are trained only on the relations they are made for.
    steps : int
        Training steps, full batch.
    draws : int
        Random training sets for the ideal learner, >= 2.
    accuracy : float
        Accuracy that counts as generalization, and the fraction of bits in the critical fraction; in (0.5, 1).
    eta_encoder, eta_decoder : float
        Learning rates.
    eta_head : float
        Learning rate of the embeddings under an ideal head, which has nothing else to train. At 0.001 the order head
        fits four fifths of its training pairs after 4000 steps, at 0.01 nearly all.
    optimizer, loss : str
        As in `validation.networks.NetworkSettings`.
    depth, width : int
        Hidden layers of the decoder, and their units.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    relations: tuple[str, ...] = table_one(30)
    n: int = 30
    fractions: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75)
    seeds: int = 5
    modes: tuple[str, ...] = DECODER_MODES + HEADS
    steps: int = 2000
    draws: int = 40
    accuracy: float = 0.9
    eta_encoder: float = 1e-3
    eta_decoder: float = 1e-3
    eta_head: float = 1e-2
    optimizer: str = "adam"
    loss: str = "binary_cross_entropy"
    depth: int = 3
    width: int = 50
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_integer("n", self.n, minimum=2, maximum=LARGEST_N)
        require_integer("seeds", self.seeds, minimum=2)
        require_integer("draws", self.draws, minimum=2)
        require_number("accuracy", self.accuracy, low=0.5, high=1, open_low=True, open_high=True)
        require_fractions(self.fractions, minimum=3)
        if not self.relations:
            raise InvalidInput("relation must name at least one relation; got none")
        for mode in self.modes:
            require_choice("mode", mode, MODES)
        require_different("relation", [relation.name for relation in self.parsed()])
        require_different("mode", self.modes)
        if not any(applicable(relation, mode) for relation in self.parsed() for mode in self.modes):
            raise InvalidInput(f"mode must suit at least one of the relations; got {', '.join(self.modes) or 'none'}")
        # Whatever else is wrong with the settings of a network is refused here, before anything is made.
        networks(self)

    def parsed(self) -> tuple[Relation, ...]:
        """Return the relations themselves."""
        return tuple(parse(name, self.n) for name in self.relations)

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        "fractions": (0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8),
        "seeds": 10,
        "steps": 4000,
        "draws": 100,
    },
    # Network and optimiser are the paper's; its steps, seeds and fractions are not known.
    "paper": {
        "fractions": tuple(round(0.05 * index, 2) for index in range(1, 20)),
        "seeds": 20,
        "steps": 20_000,
        "draws": 400,
    },
}


def options_from(preset: str, **changes: Any) -> StaticsOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry.

    Examples
    --------
    >>> options_from("quick", n=20, seeds=None).relations
    ('modulo:3', 'modulo:5', 'greater-than', 'complete-bipartite:6')
    """
    preset_entries = PRESETS[require_choice("preset", preset, PRESETS)]
    given = preset_entries | {name: value for name, value in changes.items() if value is not None}
    if "n" in given and "relations" not in given:
        given["relations"] = table_one(require_integer("n", given["n"], minimum=2))
    return StaticsOptions(**given)


def require_different(name: str, values: Sequence[str]) -> None:
    """Refuse an option that names the same thing twice: its networks would be the same."""
    for value in values:
        if list(values).count(value) > 1:
            raise InvalidInput(f"{name} must name each one once; got {shown(value)} twice")


def applicable(relation: Relation, mode: str) -> bool:
    """Say whether a decoder mode is trained on a relation: an ideal head only on the family it is ideal for.

    Examples
    --------
    >>> from geneft_theory.relations import greater_than, modulo
    >>> applicable(modulo(30, 3), "equality_head"), applicable(greater_than(30), "equality_head")
    (True, False)
    """
    if mode == "equality_head":
        return relation.is_equivalence
    return relation.is_strict_total_order if mode == "order_head" else True


def networks(options: StaticsOptions) -> list[NetworkSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    450
    """
    return [
        NetworkSettings(
            relation=relation.name,
            n=options.n,
            fraction=fraction,
            seed=seed,
            sweep_seed=options.sweep_seed,
            mode=mode,
            steps=options.steps,
            loss=options.loss,
            optimizer=options.optimizer,
            eta_encoder=options.eta_head if mode in HEADS else options.eta_encoder,
            eta_decoder=options.eta_decoder,
            depth=0 if mode in HEADS else options.depth,
            width=options.width,
        )
        for relation in options.parsed()
        for mode in options.modes
        if applicable(relation, mode)
        for fraction in options.fractions
        for seed in range(options.seeds)
    ]


def theory(options: StaticsOptions) -> xr.Dataset:
    """Return what the theory says: f_UB and p_c, and the ideal learner's accuracy where its family is known.

    Returns
    -------
    xarray.Dataset
        (relation,): bits, critical_fraction, pairs, chance. (relation, fine_fraction): accuracy_estimate.
        (relation, fraction): accuracy_estimate_measured_at (the same at the measured fractions), ideal_accuracy and
        ideal_held_out_accuracy with their standard errors, nan where no ideal learner is known.
    """
    import xarray as xr

    from geneft_theory.statics import accuracy_estimate, chance, critical_fraction, description_length

    fine = np.geomspace(min(0.01, options.fractions[0]), 1, 200)
    coarse = np.asarray(options.fractions)
    relations = options.parsed()
    bits = np.array([description_length(relation) for relation in relations])[:, None]
    guess = np.array([chance(relation) for relation in relations])[:, None]
    pairs = options.n**2
    ideal = np.stack([_ideal(relation, options) for relation in relations], axis=1)
    names = ("ideal_accuracy", "ideal_accuracy_error", "ideal_held_out_accuracy", "ideal_held_out_accuracy_error")
    return xr.Dataset(
        {
            "bits": ("relation", bits[:, 0], {"long_name": "description length b", "units": "bits"}),
            "chance": ("relation", guess[:, 0], {"long_name": "probability that an undetermined pair is related"}),
            "critical_fraction": ("relation", critical_fraction(bits[:, 0], pairs, options.accuracy)),
            "pairs": ("relation", np.full(len(relations), pairs)),
            "accuracy_estimate": (("relation", "fine_fraction"), accuracy_estimate(fine * pairs, bits, guess)),
            "accuracy_estimate_measured_at": (
                ("relation", "fraction"),
                accuracy_estimate(np.round(coarse * pairs), bits, guess),
            ),
            **{name: (("relation", "fraction"), values) for name, values in zip(names, ideal, strict=True)},
        },
        coords={"relation": list(options.relations), "fraction": coarse, "fine_fraction": fine},
        attrs={"draws": options.draws, "n": options.n},
    )


def _ideal(relation: Relation, options: StaticsOptions) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the ideal learner's accuracies and standard errors, (4, fraction); nan where its family is unknown."""
    from geneft_theory.statics import achievable_accuracy_curve

    if not (relation.is_equivalence or relation.is_strict_total_order or relation.is_complete_bipartite):
        return np.full((4, len(options.fractions)), np.nan)
    curve = achievable_accuracy_curve(relation, options.fractions, draws=options.draws, seed=options.sweep_seed)
    return np.array(
        [
            (point.all_pairs.value, point.all_pairs.standard_error, point.held_out.value, point.held_out.standard_error)
            for point in curve
        ]
    ).T
