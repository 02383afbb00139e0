"""`geneft run grokking-rate`: is structure formed where the effective theory of grokking says, and as fast?"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory import grokking
from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number, shown
from geneft_theory.grokking import TrainingSet, TrainingSets
from validation.experiments.running import MOST_SEEDS
from validation.operations import OperationSettings, parse_operation, start, train_operations, training_set
from validation.operations.settings import LOSSES, OPTIMIZERS

if TYPE_CHECKING:
    import xarray as xr

NAME = "grokking-rate"
DIMS = ("loss", "optimizer", "training_pairs", "seed")
# Random training sets behind the theory's probability that structure is forced.
FORCING_DRAWS = 20_000
OFFICIAL_STEPS = 3000
OFFICIAL_GRAIN = 20


@dataclass(frozen=True, kw_only=True)
class GrokkingRateOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    symbols : int
        How many numbers 0 ... symbols-1 are added, 4 to 40.
    sizes : tuple of int
        Training pairs, increasing, at least 3 and each fewer than all.
    seeds : int
        Replicates, 2 to 100,000; each has a training set of its own, a part of it at every size, and a start of its
        own.
    losses, optimizers : tuple of str
        Which of "mean_squared_error" and "cross_entropy", and of "adamw" and "sgd"; each once.
    steps : int
        Training steps.
    eta_encoder, eta_decoder : float
        Learning rates under AdamW, > 0.
    eta_encoder_sgd, eta_decoder_sgd : float
        Learning rates under SGD, > 0.
    width : int
        Units in each of the two hidden layers.
    embedding_dimension : int
        Components of an embedding.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    symbols: int = 10
    sizes: tuple[int, ...] = (20, 25, 30, 35, 40, 45, 50)
    seeds: int = 8
    losses: tuple[str, ...] = LOSSES
    optimizers: tuple[str, ...] = OPTIMIZERS
    steps: int = 4000
    eta_encoder: float = 1e-3
    eta_decoder: float = 1e-4
    eta_encoder_sgd: float = 0.3
    eta_decoder_sgd: float = 0.3
    width: int = 200
    embedding_dimension: int = 1
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_integer("symbols", self.symbols, minimum=4, maximum=40)
        for name, known in (("losses", LOSSES), ("optimizers", OPTIMIZERS)):
            given = getattr(self, name)
            for entry in given:
                require_choice(name, entry, known)
            if not given or len(set(given)) != len(given):
                raise InvalidInput(f"{name} must be different names, at least one; got {shown(given)}")
        total = len(parse_operation(self.operation).samples)
        for size in self.sizes:
            require_integer("sizes", size, minimum=1, maximum=total - 1)
        if len(self.sizes) < 3 or any(later <= earlier for earlier, later in itertools.pairwise(self.sizes)):
            raise InvalidInput(f"sizes must be increasing, at least 3; got {shown(self.sizes)}")
        require_integer("seeds", self.seeds, minimum=2, maximum=MOST_SEEDS)
        for name in ("eta_encoder", "eta_decoder", "eta_encoder_sgd", "eta_decoder_sgd"):
            require_number(name, getattr(self, name), low=0, open_low=True)
        networks(self)

    @property
    def operation(self) -> str:
        """The name of what is learned."""
        return f"addition:{self.symbols}"

    def rates(self, optimizer: str) -> tuple[float, float]:
        """Return the learning rates of embeddings and decoder under an optimiser."""
        if optimizer == "sgd":
            return self.eta_encoder_sgd, self.eta_decoder_sgd
        return self.eta_encoder, self.eta_decoder

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {"sizes": (15, 20, 22, 25, 27, 30, 35, 40, 45, 50, 54), "seeds": 30, "steps": 10_000},
    # Sizes, rates and steps of the released data of Fig. 4; it has 3 seeds, AdamW and the squared error only.
    "paper": {"sizes": (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 54), "seeds": 100, "steps": 10_000},
}


def options_from(preset: str, **changes: Any) -> GrokkingRateOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return GrokkingRateOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def networks(options: GrokkingRateOptions) -> list[OperationSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick"))), len(networks(options_from("standard")))
    (224, 1320)
    """
    made = []
    cases = itertools.product(options.losses, options.optimizers, options.sizes, range(options.seeds))
    for loss, optimizer, size, seed in cases:
        eta_encoder, eta_decoder = options.rates(optimizer)
        made.append(
            OperationSettings(
                operation=options.operation,
                training_pairs=size,
                training_seed=seed,
                seed=seed,
                sweep_seed=options.sweep_seed,
                loss=loss,
                optimizer=optimizer,
                eta_encoder=eta_encoder,
                eta_decoder=eta_decoder,
                width=options.width,
                embedding_dimension=options.embedding_dimension,
                steps=options.steps,
            )
        )
    return made


def record_steps(options: GrokkingRateOptions) -> tuple[int, ...]:
    """Return when networks are measured: at the start, and then about every 20 % of the steps taken."""
    from validation.training.records import default_record_steps

    return (0, *default_record_steps(options.steps, 45))


def theory(options: GrokkingRateOptions) -> xr.Dataset:
    """Return what the theory says of every training set, without any training.

    Over (training_pairs, seed): `rate` and `rate_of_sum`, lambda_3 in the paper's and the code's convention; `forced`;
    `ideal_accuracy`; `flow_time`, the time of the flow, in the code's convention and from the network's own start, to a
    quality above 0.95 (infinite where it never comes). Over training_pairs: `forcing`, the probability that a random
    training set forces structure, with `forcing_error`. `critical_fraction`. And the flow of the official run.
    """
    import xarray as xr

    grid = ("training_pairs", "seed")
    names = ("rate", "rate_of_sum", "forced", "ideal_accuracy", "flow_time")
    table = np.array([[_of_set(options, size, seed) for seed in range(options.seeds)] for size in options.sizes])
    variables: dict[str, Any] = {name: (grid, table[..., k]) for k, name in enumerate(names)}
    operation, shares = parse_operation(options.operation), []
    for size in options.sizes:
        sets = TrainingSets.draw(operation, size, FORCING_DRAWS, seed=options.sweep_seed)
        shares.append(float(np.mean(grokking.nullity(sets) == 2)))
    share = np.array(shares)
    variables["forcing"] = ("training_pairs", share)
    variables["forcing_error"] = ("training_pairs", np.sqrt(share * (1 - share) / FORCING_DRAWS))
    critical = grokking.critical_fraction(options.symbols, FORCING_DRAWS, options.sweep_seed)
    variables["critical_fraction"] = ((), critical.value)
    variables["critical_fraction_error"] = ((), critical.standard_error)
    flow = official_flow()
    coordinates = {"training_pairs": list(options.sizes), "seed": list(range(options.seeds))}
    return xr.merge([xr.Dataset(variables, coordinates), flow])


def _of_set(options: GrokkingRateOptions, size: int, seed: int) -> tuple[float, ...]:
    settings = OperationSettings(
        operation=options.operation,
        training_pairs=size,
        training_seed=seed,
        seed=seed,
        sweep_seed=options.sweep_seed,
        embedding_dimension=options.embedding_dimension,
        width=1,
    )
    begin = start(settings)
    known = begin.training_set
    rates = [float(grokking.grokking_rate(known, convention=convention)) for convention in ("paper", "code")]
    time = np.inf
    if rates[0] > 0:
        time = float(grokking.hitting_time(begin.embeddings, known, convention="code"))
    return (*rates, float(grokking.nullity(known) == 2), float(grokking.ideal_accuracy(known)), time)


def official_settings() -> OperationSettings:
    """Return the default run of the paper's code: seed 58, 45 of 55 pairs."""
    return OperationSettings(draws="official", training_seed=58, seed=58, steps=OFFICIAL_STEPS)


def official_run() -> xr.Dataset:
    """Train the default run of the paper's code, and return its course.

    Over official_step: `official_rqi`, `official_effective_loss` (sum of squared defects of all parallelograms) and
    `official_embeddings`, centred and with unit deviation; `official_reached` over goal ("train", "test", "structure").
    """
    import xarray as xr

    settings = official_settings()
    outcomes = train_operations([settings], record_steps=[1, *range(0, OFFICIAL_STEPS, OFFICIAL_GRAIN)])
    steps, tables = outcomes.record_steps, _standard(outcomes.embeddings[0].astype(np.float64))
    reached = (
        outcomes.steps_to_train_threshold,
        outcomes.steps_to_test_threshold,
        outcomes.steps_to_structure,
    )
    return xr.Dataset(
        {
            "official_rqi": ("official_step", outcomes.rqi[0]),
            "official_effective_loss": ("official_step", _loss_of_all(tables, settings)),
            "official_embeddings": (("official_step", "symbol"), tables[..., 0]),
            "official_reached": ("goal", np.concatenate(reached)),
        },
        {"official_step": steps, "goal": ["train", "test", "structure"]},
    )


def official_flow() -> xr.Dataset:
    """Return the flow of the effective loss from the official run's embeddings after its first step.

    As `official_run`, with `flow_` in the place of `official_`, over `parallelograms`: "all", as in the paper's code,
    and "shown", those of the training set, which the theory is about.
    """
    import xarray as xr

    settings = official_settings()
    first = train_operations([settings], record_steps=[1]).embeddings[0, 1].astype(np.float64)
    begin = _standard(first[np.newaxis])[0]
    steps = np.arange(0, OFFICIAL_STEPS + 1, OFFICIAL_GRAIN)
    numbers: dict[str, list[NDArray[np.float64]]] = {"embeddings": [], "rqi": [], "effective_loss": []}
    for known in (TrainingSet.complete(settings.table), training_set(settings)):
        tables = grokking.trajectory(settings.eta_encoder * steps, begin, known, convention="code")
        numbers["embeddings"].append(tables[..., 0])
        numbers["rqi"].append(grokking.rqi(tables, settings.table))
        numbers["effective_loss"].append(_loss_of_all(tables, settings))
    over = ("parallelograms", "flow_step")
    return xr.Dataset(
        {
            "flow_rqi": (over, np.stack(numbers["rqi"])),
            "flow_effective_loss": (over, np.stack(numbers["effective_loss"])),
            "flow_embeddings": ((*over, "symbol"), np.stack(numbers["embeddings"])),
        },
        {"parallelograms": ["all", "shown"], "flow_step": steps},
    )


def _standard(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((tables - tables.mean(-2, keepdims=True)) / tables.std(-2, ddof=1, keepdims=True))


def _loss_of_all(tables: NDArray[np.float64], settings: OperationSettings) -> NDArray[np.float64]:
    """Return the sum of squared defects over all parallelograms of standardised embeddings (steps, p, 1)."""
    whole = TrainingSet.complete(settings.table)
    # The code's effective loss without its norm, p - 1 for unbiased unit deviation.
    return np.asarray(grokking.effective_loss(tables, whole, convention="code") * (settings.table.p - 1))
