"""The critical fraction of addition, sampled, beside the laws that have no parameter: a table and a figure."""

from functools import cache
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from docs.generate.markdown import table, write
from geneft_theory.grokking import (
    CriticalFraction,
    asymptotic_critical_fraction,
    critical_fraction,
    critical_fraction_law,
    expected_undetermined_symbols,
    forcing_probability,
)
from validation.report import save
from validation.report.canvas import finish, house_style, new_figure
from validation.report.palette import BLUE, ORANGE, THEORY, VERMILLION

# Symbols, and how many random orders of all pairs are drawn: seconds in all.
DRAWS = {10: 20_000, 15: 10_000, 20: 10_000, 30: 4000, 40: 4000, 60: 1000, 80: 400, 100: 300}
SEED = 0
# The law of second order takes p^2 / 2 as long.
SECOND_ORDER_UP_TO = 40
CURVE = (10, 12, 14, 16, 18, 20, 23, 26, 30, 35, 40, 50, 65, 80, 100)
HEADER = (
    "$p$",
    "Random orders",
    "$r_c$, sampled",
    "Law",
    "Law, `order=2`",
    "Large $p$",
    "Law / sampled",
    "Pairs per symbol",
)
WIDTHS = (6, 12, 21, 11, 12, 10, 20, 12)
NAME = "critical-fraction-law"
TITLE = "How much random data force the structure?"


def generate(directory: Path) -> None:
    """Write the table as a fragment, and draw the figure."""
    write(directory / "snippets" / f"{NAME}.md", table(HEADER, [row(p) for p in DRAWS], WIDTHS))
    folder = directory / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / f"{NAME}.png")


@cache
def sampled(p: int) -> CriticalFraction:
    """Return the sampled critical fraction."""
    return critical_fraction(p, DRAWS[p], SEED)


def row(p: int) -> tuple[str, ...]:
    """Return the cells of one number of symbols."""
    found, law = sampled(p), critical_fraction_law(p)
    ratio, error = law / found.value, law / found.value**2 * found.standard_error
    return (
        str(p),
        f"{found.draws:,}",
        f"{found.value:.4f} ± {found.standard_error:.4f}",
        f"{law:.4f}",
        f"{critical_fraction_law(p, order=2):.4f}" if p <= SECOND_ORDER_UP_TO else "–",
        f"{asymptotic_critical_fraction(p):.4f}",
        f"{ratio:.3f} ± {error:.3f}",
        f"{found.value * (p + 1) / 2:.2f}",
    )


def covering_alone(p: int) -> float:
    """Return the size at which no symbol is undetermined in half of all cases."""
    return float(brentq(lambda size: expected_undetermined_symbols(size, p=p) - np.log(2), p / 2, p * (p + 1) / 2 - 1))


def counting_alone(p: int) -> float:
    """Return the size at which constraints are as many as needed in half of all cases."""

    def excess(size: float) -> float:
        return forcing_probability(size, p=p) * np.exp(expected_undetermined_symbols(size, p=p)) - 0.5

    return float(brentq(excess, p, 4 * p))


def draw(path: Path) -> None:
    """Draw the critical fraction, and the pairs per symbol with each of the two conditions alone."""
    with house_style():
        figure, (left, right) = new_figure(3.6, ncols=2)
        p, found = np.array(list(DRAWS)), [sampled(each) for each in DRAWS]
        values, errors = (np.array([getattr(each, name) for each in found]) for name in ("value", "standard_error"))
        curve = np.array(CURVE)
        # All of one p together: what its table is made of is computed once.
        laws = (critical_fraction_law, asymptotic_critical_fraction, counting_alone, covering_alone)
        law, large, counting, covering = np.array([[each(q) for each in laws] for q in CURVE]).T
        points = {"color": BLUE, "marker": "o", "linestyle": "none", "capsize": 2.5, "zorder": 3}
        handles = [left.errorbar(p, values, 1.96 * errors, label="random training sets, 95 %", **points)]
        handles += left.plot(curve, law, color=THEORY, label="law: counting × covering")
        handles += left.plot(curve, large, color=THEORY, dashes=(1.2, 1.6), label="limit of large p, in closed form")
        left.set(xscale="log", yscale="log", xlabel="number of symbols p", ylabel="critical fraction $r_c$")
        per_symbol = (p + 1) / 2
        right.errorbar(p, values * per_symbol, 1.96 * errors * per_symbol, **points)
        right.plot(curve, law * (curve + 1) / 2, color=THEORY)
        right.plot(curve, large * (curve + 1) / 2, color=THEORY, dashes=(1.2, 1.6))
        handles += right.plot(curve, counting / curve, color=VERMILLION, dashes=(5, 1.5), label="counting alone")
        handles += right.plot(curve, covering / curve, color=ORANGE, dashes=(3, 1.2, 1, 1.2), label="covering alone")
        right.set(xscale="log", xlabel="number of symbols p", ylabel="pairs per symbol, |D|/p")
        for axes in (left, right):
            axes.set_xticks([10, 20, 30, 50, 100], ["10", "20", "30", "50", "100"])
            axes.xaxis.minorticks_off()
        left.set_yticks([0.05, 0.1, 0.2, 0.4], ["0.05", "0.1", "0.2", "0.4"])
        left.yaxis.minorticks_off()
        least, most = min(DRAWS.values()), max(DRAWS.values())
        finish(
            figure,
            question=TITLE,
            answer="Ever less of the table, but ever more pairs per symbol. No parameter is fitted.",
            note=(
                f"Addition of p symbols; half of all training sets of the critical size have λ₃ > 0. Points: {least} "
                f"(p = 100) to {most:,} (p = 10) random orders of all pairs, seed {SEED}, exact ranks."
            ),
            handles=handles,
            columns=3,
        )
        save(figure, path)
