"""`geneft run repon-pair`: do repons trained by real gradient steps collapse as often as the theory says?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number, shown
from geneft_theory.estimate import Estimate
from validation.experiments.running import following
from validation.repons import ENGINE, ReponSettings, forecast, forecast_probability, train_repons
from validation.sweeps import Context, Variable

if TYPE_CHECKING:
    import xarray as xr

NAME = "repon-pair"
DIMS = ("case", "ratio")
FINE_RATIOS = 33
FORECAST_DRAWS = 100_000
FINE_FORECAST_DRAWS = 30_000


class Case(NamedTuple):
    """One set-up: what it changes of the settings of an ensemble, its name in words, and whether the law is proven."""

    label: str
    settings: Mapping[str, Any]
    on_invariant_set: bool

    @property
    def adam(self) -> bool:
        """Whether it is trained by Adam, with the horizon and the learning rate that are Adam's."""
        return self.settings.get("optimiser") == "adam"


_FREE = {"start": "gaussian"}
_ADAM = {"optimiser": "adam"}
CASES = {
    "pair": Case("a pair", {}, True),
    "cluster-2": Case("one against a cluster of 2", {"cluster": 2}, True),
    "cluster-4": Case("one against a cluster of 4", {"cluster": 4}, True),
    "plane-2": Case("a pair in 2 dimensions, 2 outputs", {"dimension": 2, "outputs": 2}, True),
    "plane-5": Case("a pair in 2 dimensions, 5 outputs", {"dimension": 2, "outputs": 5}, True),
    "trained-bias": Case("a pair off centre, trained bias", _FREE, False),
    "frozen-bias": Case("a pair off centre, frozen bias", _FREE | {"bias": "frozen"}, False),
    "adam": Case("a pair under Adam", _ADAM, True),
    "adam-trained-bias": Case("a pair off centre under Adam, trained bias", _ADAM | _FREE, False),
}
OUTCOMES = {
    "collapsed": Variable(long_name="members whose half-separation lies below the threshold at the horizon"),
    "as_forecast": Variable(long_name="members with the fate that the theory gives to their own start"),
    "diverged": Variable(long_name="members with a parameter that is no longer finite"),
}


def _ratios(per_decade: int) -> tuple[float, ...]:
    return tuple(float(f"{ratio:.6g}") for ratio in np.geomspace(0.01, 100, 4 * per_decade + 1))


@dataclass(frozen=True, kw_only=True)
class ReponPairOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Time is counted in units of 1 / sqrt(eta_decoder eta_encoder).

    Parameters
    ----------
    cases : tuple of str
        Set-ups, of `CASES`, each once.
    ratios : tuple of float
        eta_decoder / eta_encoder, increasing, > 0.
    draws : int
        Members of an ensemble, 2 to 1 000 000.
    horizon, learning_rate : float
        How long is trained by SGD, and the larger of its two learning rates, > 0.
    adam_horizon, adam_learning_rate : float
        The same for Adam, whose parameters travel at constant speed.
    separation : float
        Half the distance that counts as collapsed, > 0.
    target : float
        y, which matters off centre only.
    decoder_scale, embedding_scale : float
        Standard deviations of the decoder and of each embedding at the start, > 0.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    cases: tuple[str, ...] = tuple(CASES)
    ratios: tuple[float, ...] = _ratios(2)
    draws: int = 2000
    horizon: float = 100.0
    learning_rate: float = 0.02
    adam_horizon: float = 10.0
    adam_learning_rate: float = 1e-3
    separation: float = 0.01
    target: float = 1.0
    decoder_scale: float = 1.0
    embedding_scale: float = 1.0
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        for case in self.cases:
            require_choice("cases", case, CASES)
        if len(set(self.cases)) != len(self.cases) or not self.cases:
            raise InvalidInput(f"cases must name at least one, each once; got {shown(self.cases)}")
        if not self.ratios or any(later <= earlier for earlier, later in itertools.pairwise(self.ratios)):
            raise InvalidInput(f"ratios must be increasing numbers, at least one; got {shown(self.ratios)}")
        require_integer("draws", self.draws, minimum=2, maximum=1_000_000)
        for name in ("adam_horizon", "adam_learning_rate"):
            require_number(name, getattr(self, name), low=0, open_low=True)
        for case in self.cases:
            ensembles(self, case)

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {"ratios": _ratios(4), "draws": 4000, "horizon": 400.0},
    # The paper's own simulation is not known; 4000 draws are what a reconstruction of it used.
    "paper": {"ratios": _ratios(4), "draws": 4000, "horizon": 1000.0, "separation": 1e-3},
}


def options_from(preset: str, **changes: Any) -> ReponPairOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return ReponPairOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def ensembles(options: ReponPairOptions, case: str, ratios: Sequence[float] | None = None) -> list[ReponSettings]:
    """Return the settings of a case's ensembles, one a ratio.

    Each ratio has draws of its own, which all cases share as far as their shapes agree.

    Examples
    --------
    >>> [settings.cluster for settings in ensembles(options_from("quick", ratios=(0.1, 10.0)), "cluster-4")]
    [4, 4]
    """
    chosen = CASES[case]
    own = {"horizon": options.adam_horizon, "learning_rate": options.adam_learning_rate} if chosen.adam else {}
    same = ("draws", "horizon", "learning_rate", "separation", "target", "decoder_scale", "embedding_scale")
    given = {name: getattr(options, name) for name in (*same, "sweep_seed")} | own | dict(chosen.settings)
    return [
        ReponSettings(ratio=ratio, seed=seed, **given)
        for seed, ratio in enumerate(options.ratios if ratios is None else ratios)
    ]


def plan(options: ReponPairOptions) -> list[list[dict[str, Any]]]:
    """Return the chunks of the sweep, each a single ensemble, the longest first so that none is left at the end."""
    cells = [(case, settings) for case in options.cases for settings in ensembles(options, case)]
    cells.sort(key=lambda cell: -cell[1].steps)
    return [[{"case": case, "repon_engine": ENGINE} | settings.to_dict()] for case, settings in cells]


def compute(chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, NDArray[Any]]:
    """Train the ensembles of one chunk, and return what is kept of them; give up when told to stop."""
    rows = []
    for values in chunk:
        settings = ReponSettings.from_dict(values)
        outcomes = train_repons(settings, progress=following(context, settings.steps * len(chunk)))
        agreeing = forecast(settings, outcomes.start) == outcomes.collapsed
        rows.append((outcomes.collapsed.sum(), agreeing.sum(), outcomes.diverged.sum()))
    return dict(zip(OUTCOMES, np.array(rows, dtype=np.int64).T, strict=True))


def theory(options: ReponPairOptions) -> xr.Dataset:
    """Return the law at the horizon, with its error where it had to be sampled, after infinite time, and a bound.

    `law`, `law_error`, `law_forever` and `bound` over (case, ratio); `fine_law`, `fine_law_forever` and `fine_bound`
    over (case, fine_ratio) for lines. `bound` is nan where the law itself is proven, and for Adam, to which it does not
    apply.
    """
    import xarray as xr

    fine = np.geomspace(options.ratios[0], options.ratios[-1], FINE_RATIOS)
    coarse_lines = np.array([_lines(options, case, options.ratios, FORECAST_DRAWS) for case in options.cases])
    fine_lines = np.array([_lines(options, case, fine.tolist(), FINE_FORECAST_DRAWS) for case in options.cases])
    names, axis = ("law", "law_error", "law_forever", "bound"), ("case", "fine_ratio")
    variables = {name: (DIMS, coarse_lines[:, k]) for k, name in enumerate(names)}
    variables |= {f"fine_{name}": (axis, fine_lines[:, k]) for k, name in enumerate(names) if name != "law_error"}
    return xr.Dataset(variables, {"case": list(options.cases), "ratio": list(options.ratios), "fine_ratio": fine})


def _lines(options: ReponPairOptions, case: str, ratios: Sequence[float], draws: int) -> list[list[float]]:
    """Return law, its error, the law for infinite time, and the bound of a case at some ratios."""
    bounded = not (CASES[case].on_invariant_set or CASES[case].adam)
    lines: list[list[float]] = [[], [], [], []]
    for settings in ensembles(options, case, ratios):
        law = forecast_probability(settings, draws=draws)
        lines[0].append(law.value)
        lines[1].append(law.standard_error)
        lines[2].append(forecast_probability(settings, forever=True).value)
        lines[3].append(sufficient_probability(settings) if bounded else np.nan)
    return lines


def sufficient_probability(settings: ReponSettings) -> float:
    r"""Return a lower bound on the probability of collapse after infinite time, from a start anywhere, for scalars.

    A^T A/eta_A - sum_i x_i^2/eta_x is conserved for any loss of the A x_i, with or without a bias. In a pair that is
    2 (a^2/(2 eta_A) - (c^2 + xbar^2)/eta_x). Where it is positive the decoder cannot die, so that the loss goes to 0,
    and with it a c: the pair collapses. For a Gaussian start c and xbar have the same variance, and

    .. math:: P\left(\frac{a^2}{2 \eta_A} > \frac{c^2 + \bar{x}^2}{\eta_x}\right) = 1 - (1 + \rho^2)^{-1/2},
        \qquad \rho = \frac{\sigma_a}{\sigma_c} \sqrt{\frac{\eta_x}{2 \eta_A}}.

    Examples
    --------
    >>> round(sufficient_probability(ReponSettings(ratio=1.0, draws=1, start="gaussian")), 4)
    0.2929
    """
    return float(1 - 1 / np.sqrt(1 + (settings.decoder_scale / settings.sigma_c) ** 2 / (2 * settings.ratio)))


def measured(collapsed: int, draws: int, law: float) -> Estimate:
    """Return the fraction of collapsed members, with the standard error that it has if the law is right.

    With its own, a count of 0 or of all members would have none.

    Examples
    --------
    >>> print(measured(510, 1000, 0.5))
    0.510 ± 0.016 (1000 draws)
    """
    return Estimate(collapsed / draws, float(np.sqrt(law * (1 - law) / draws)), draws)
