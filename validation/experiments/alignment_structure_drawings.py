"""The figures of the experiment on many points, with what a page says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from validation.experiments.alignment_structure import DIMS
from validation.experiments.alignment_structure_conclusions import (
    correlations,
    kept_share,
    mean,
    names_of,
    pairs_of,
    regime_names,
)
from validation.experiments.presentation import Drawing

if TYPE_CHECKING:
    import xarray as xr

    from validation.experiments.alignment_structure_conclusions import Array


# Networks whose pairs of images are drawn: thousands each.
DRAWN = 3


def draw(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return every figure of a run, for each task that was asked for."""
    drawn = []
    if names_of(theory, "xor"):
        drawn.append(_xor(results, theory))
    if names_of(theory, "identical"):
        drawn.append(_identical(results, theory))
    if names_of(theory, "digits"):
        drawn.append(_digits(results, theory))
    return drawn


def _panels(columns: dict[str, tuple[Array, Array, Array]]) -> xr.Dataset:
    """Return distances to be drawn: for every panel predicted and measured ones, and whether targets are equal."""
    import xarray as xr

    over = ("panel", "seed", "pair")
    parts = [np.stack(each) for each in zip(*columns.values(), strict=True)]
    return xr.Dataset(
        {name: (over, part) for name, part in zip(("predicted", "measured", "equal"), parts, strict=True)},
        {"panel": list(columns), "seed": np.arange(parts[0].shape[1]), "pair": np.arange(parts[0].shape[2])},
    )


def _shown(values: Array) -> str:
    estimate = mean(values)
    if estimate is None:
        return "not measured"
    return f"{estimate.value:.2f} ± {estimate.standard_error:.2f}".replace("-", "−")


def _xor(results: xr.Dataset, theory: xr.Dataset) -> Drawing:
    from validation.report import structure_pairs_figure

    columns, seen = {}, []
    for condition, words in regime_names(theory).items():
        pairs = pairs_of(results, condition)
        columns[words] = pairs["predicted"], pairs["h_end"], pairs["target_distance"] == 0
        seen.append(f"{words}: {_shown(correlations(pairs['predicted'], pairs['h_end']))}")
    question = "Are XOR's points as far apart as single pairs would be?"
    answer = f"Correlation over the six pairs of a network: {'; '.join(seen)}."
    data = _panels(columns)
    figure = structure_pairs_figure(
        data,
        question=question,
        answer=answer,
        note=f"{data.sizes['seed']} seeds, {theory.attrs['depth']} hidden layers of {theory.attrs['width']} units, the "
        f"{_ordinal(theory.attrs['layer'] + 1)} looked at. The ratio of rates is that of the same network at the first "
        "gain with the two official points; nothing is fitted to XOR.",
    )
    caption = "Distances of representations after training, every pair of every network, against the theory of a pair."
    return Drawing("xor", question, caption, answer, figure, data)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _identical(results: xr.Dataset, theory: xr.Dataset) -> Drawing:
    import xarray as xr

    from validation.report import structure_merging_figure

    names = names_of(theory, "identical")
    own, at = results.sel(condition=names).transpose(*DIMS, ...), theory.sel(condition=names)
    outputs, gains = (np.unique(at[name].values) for name in ("outputs", "gain"))
    shape = (len(outputs), len(gains), own.sizes["seed"])
    over = ("outputs", "gain", "seed")
    data = xr.Dataset(
        {name: (over, kept_share(own, name).reshape(shape)) for name in ("h_end", "law", "exact")},
        {"outputs": outputs, "gain": gains, "seed": own["seed"].values},
    ).rename(h_end="measured")
    question = "Do two points with the same target merge?"
    seen = [
        f"{count} {'output' if count == 1 else 'outputs'}: {_middle(data, 'measured', count)} (law "
        f"{_middle(data, 'law', count)}, linear model {_middle(data, 'exact', count)})"
        for count in outputs
    ]
    known = int(own["identifiable"].sum())
    answer = f"Median share of h that is left. {'; '.join(seen)}."
    figure = structure_merging_figure(
        data,
        question=question,
        answer=answer,
        note=f"{own['identifiable'].size} networks; of {known} the rates are known, from two points with different "
        "targets, and with them what both theories say. Two hidden layers of "
        f"{theory.attrs['identical_width']} units, the second looked at; points are networks, lines medians. Law: "
        "aligned pair; linear model: with the whole matrix of the read-out; both at the time when training ended.",
    )
    caption = "What is left of the squared distance of two representations whose targets are the same."
    return Drawing("identical", question, caption, answer, figure, data)


def _middle(data: xr.Dataset, name: str, outputs: int) -> str:
    values = data[name].sel(outputs=outputs).values
    values = values[np.isfinite(values)]
    return f"{np.median(values):.2f}" if values.size else "unknown"


def _digits(results: xr.Dataset, theory: xr.Dataset) -> Drawing:
    from validation.report import structure_pairs_figure

    (condition,) = names_of(theory, "digits")
    pairs = pairs_of(results, condition)
    equal, measured = pairs["target_distance"] == 0, pairs["h_end"]
    kinds = {"single pairs": "predicted", "official formula for classes": "block", "before training": "h_start"}
    columns = {words: (pairs[name][:DRAWN], measured[:DRAWN], equal[:DRAWN]) for words, name in kinds.items()}
    data = _panels(columns)
    seen = [f"{words} {_shown(correlations(pairs[name], measured))}" for words, name in kinds.items()]
    question = "Are images as far apart as single pairs would be?"
    answer = f"Correlation over all pairs of images: {', '.join(seen)}."
    figure = structure_pairs_figure(
        data,
        question=question,
        answer=answer,
        note=f"scikit-learn's digits, {theory.attrs['images']} images of each class, {len(measured)} networks with "
        f"images of their own, of which {data.sizes['seed']} are drawn; four hidden layers of "
        f"{theory.attrs['digits_width']} units, the third looked at. The ratio of rates is that of the same network "
        "with two images. The official formula has no scale, and is 0 within a class: no place in the figure.",
        axes_label="distance by this formula",
        logarithmic=True,
    )
    caption = "Distances of representations after training against three predictions."
    return Drawing("digits", question, caption, answer, figure, data)
