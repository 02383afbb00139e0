"""`diagnose`: a training's history as repon coordinates, drifts, rates, predictions and a phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_number
from geneft_theory.repons.linearisation import Decoder, same_class_pairs
from geneft_theory.repons.merging import predict_merging
from validation.diagnosis.coordinates import (
    conserved_matrix,
    effective_rate,
    grip_of_outputs,
    grip_of_weights,
    half_differences,
)
from validation.diagnosis.distances import MERGED_BELOW, relative_distances
from validation.diagnosis.history import History
from validation.diagnosis.phase import accuracies_of, phase_by

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


class Predicted(NamedTuple):
    """The margin of each pair, (k,), and from what it was predicted."""

    margin: Array
    source: str


def diagnose(
    history: History | Mapping[str, Any],
    *,
    decoder_function: Decoder | None = None,
    decoder_gain: ArrayLike = 1.0,
    optimiser: str = "gradient_flow",
    merged_below: float = MERGED_BELOW,
) -> xr.Dataset:
    """Say what a network's embeddings did, in the terms of the theory of interacting repons.

    The network may come from anywhere: only arrays are read. What is not known is left out, and what follows from it
    with it.

    Parameters
    ----------
    history : History or mapping
        Steps, embeddings and relation, and what else is known; see `History`.
    decoder_function : callable, optional
        The decoder at the first record: ``decoder_function(first, second)`` returns the outputs, shape (m,), of m
        pairs of embeddings, (m, d) each, as `geneft_theory.repons.predict_merging` wants it.
    decoder_gain : array_like, shape () or (k,)
        As in `predict_merging`.
    optimiser : {"gradient_flow", "sign"}
        As in `predict_merging`; "sign" for Adam.
    merged_below : float
        Symbols of a class count as merged when they end closer than this fraction of the rms distance between
        symbols of different classes, > 0.

    Returns
    -------
    xarray.Dataset
        Over (step, pair), the pairs being all i < j that the relation does not tell apart:

        * `separation`: |r| = |x_i - x_j| / 2, and `relative_distance`, |x_i - x_j| over the rms distance between
          classes;
        * `grip`: a = |A r| / |r|, the decoder along r, from the outputs with all partners (those that are trained for
          both symbols, where `training` is given), else from the weights; nan once r = 0;
        * `pair_invariant`: C = a^2 / (2 eta_decoder) - |r|^2 / eta_encoder, constant for one pair and a decoder with
          free entries.

        Over (pair): `merged`, `margin` and `predicted` (-1 where there is no prediction), `effective_eta_encoder` from
        d log|r| / dt = -eta a^2, `effective_eta_decoder` from d log a / dt = -2 eta |r|^2, both including the loss's
        prefactor (1/S for a mean over S pairs), the second negative where the decoder's grip grows.

        Over (step): `conserved_drift` and over (step, dimension, other_dimension) `conserved`,
        Q = W^T W / eta_decoder - sum x x^T / eta_encoder, where decoder weights are given; the drift is a fraction of
        what both terms changed by. `accuracy`, `train_accuracy` and `test_accuracy` where known.

        Attributes: `phase` (generalization, grokking, memorization, confusion or unknown), `grip_from`,
        `predicted_from`, `relation`, `n`, `merged_below`, the learning rates.

    Raises
    ------
    InvalidInput
        When an entry of the history or an argument lies outside its domain.

    Notes
    -----
    From weights of a first layer the margin is that of a linear decoder, which an MLP is not; from outputs alone it is
    the one-dimensional law along r, which M >= 0 implies: give `decoder_function` for the full prediction. Sources:
    Baek, Liu & Tegmark (2024), Eqs. 10 and 11, Table IV; the matrix laws are derived here.

    Examples
    --------
    Two symbols and a linear decoder that follow the closed form:

    >>> from geneft_theory.repons import pair
    >>> time = np.linspace(0, 20, 50)
    >>> a, c = pair.trajectory(time, 1.0, 0.4, eta_decoder=0.1, eta_encoder=0.1)
    >>> seen = diagnose(
    ...     {
    ...         "steps": time,
    ...         "embeddings": np.stack([c, -c], axis=1)[:, :, None],
    ...         "relation": [[1, 1], [1, 1]],
    ...         "decoder": a[:, None, None],
    ...         "eta_encoder": 0.1,
    ...         "eta_decoder": 0.1,
    ...     }
    ... )
    >>> seen["pair_invariant"].values[[0, -1], 0].round(6), int(seen["predicted"][0])
    (array([3.4, 3.4]), 1)
    >>> round(float(seen["effective_eta_encoder"][0]), 3), round(float(seen["effective_eta_decoder"][0]), 3)
    (0.1, 0.1)
    """
    import xarray as xr

    known = History.of(history)
    merged_below = require_number("merged_below", merged_below, low=0, open_low=True)
    pairs = same_class_pairs(known.relation.matrix)
    differences = half_differences(known.embeddings, pairs)
    separation = np.linalg.norm(differences, axis=-1)
    relative = relative_distances(known.embeddings, pairs)
    grip, grip_from = _grip(known, differences, pairs)
    predicted = _predicted(known, pairs, grip, decoder_function, decoder_gain, optimiser)
    over_pairs = ("step", "pair")
    variables: dict[str, Any] = {
        "separation": (over_pairs, separation, {"long_name": "half the distance of the pair"}),
        "relative_distance": (over_pairs, relative, {"long_name": "distance over the rms distance between classes"}),
        "merged": ("pair", relative[-1] < merged_below, {"long_name": "merged at the last record"}),
        "margin": ("pair", predicted.margin, {"long_name": "predicted margin at the first record"}),
        "predicted": ("pair", _as_flag(predicted.margin), {"long_name": "predicted to merge; -1: no prediction"}),
    }
    variables |= _of_the_decoder(known, separation, grip)
    accuracies = accuracies_of(known)
    for name, accuracy in zip(("accuracy", "train_accuracy", "test_accuracy"), accuracies, strict=True):
        if accuracy is not None:
            variables[name] = ("step", accuracy)
    rates = {name: getattr(known, name) for name in ("eta_encoder", "eta_decoder") if getattr(known, name) is not None}
    return xr.Dataset(
        variables,
        {
            "step": ("step", known.steps, {"units": "steps"}),
            "pair": np.arange(len(pairs)),
            "first": ("pair", pairs[:, 0]),
            "second": ("pair", pairs[:, 1]),
        },
        {
            "phase": phase_by(known.steps, accuracies),
            "grip_from": grip_from,
            "predicted_from": predicted.source,
            "relation": known.relation.name,
            "n": known.symbols,
            "merged_below": merged_below,
        }
        | rates,
    )


def _grip(history: History, differences: Array, pairs: NDArray[np.int64]) -> tuple[Array | None, str]:
    if history.outputs is not None:
        return grip_of_outputs(history.outputs, differences, pairs, history.training), "outputs"
    if history.decoder is not None:
        return grip_of_weights(history.decoder, differences), "decoder"
    return None, "nothing"


def _of_the_decoder(history: History, separation: Array, grip: Array | None) -> dict[str, Any]:
    """Return the variables that need the decoder or its outputs, as far as they can be had."""
    variables: dict[str, Any] = {}
    encoder, decoder = history.eta_encoder, history.eta_decoder
    if grip is not None:
        with np.errstate(divide="ignore"):
            logarithms = np.log(separation), np.log(grip)
        # Time is counted in steps: the rates that come out are learning rates a step.
        shrinking = effective_rate(history.steps, logarithms[0], np.square(grip))
        loosening = effective_rate(history.steps, logarithms[1], 2 * np.square(separation))
        variables["grip"] = (("step", "pair"), grip, {"long_name": "the decoder along the pair, |A r| / |r|"})
        variables["effective_eta_encoder"] = ("pair", shrinking)
        variables["effective_eta_decoder"] = ("pair", loosening)
        if encoder is not None and decoder is not None:
            constant = np.square(grip) / (2 * decoder) - np.square(separation) / encoder
            variables["pair_invariant"] = (("step", "pair"), constant, {"long_name": "a²/(2 η_dec) − |r|²/η_enc"})
    if history.decoder is not None and encoder is not None and decoder is not None:
        matrix_, drift = conserved_matrix(history.embeddings, history.decoder, encoder, decoder)
        variables["conserved"] = (("step", "dimension", "other_dimension"), matrix_)
        variables["conserved_drift"] = ("step", drift, {"long_name": "drift of Q, relative to what its terms changed"})
    return variables


def _predicted(
    history: History,
    pairs: NDArray[np.int64],
    grip: Array | None,
    decoder_function: Decoder | None,
    decoder_gain: ArrayLike,
    optimiser: str,
) -> Predicted:
    """Return the margin from the best that is known: the decoder itself, its weights, or its outputs."""
    encoder, decoder = history.eta_encoder, history.eta_decoder
    start = history.embeddings[0]
    if encoder is None or decoder is None:
        if decoder_function is not None:
            raise InvalidInput("history must hold eta_encoder and eta_decoder where a decoder_function is given")
        return Predicted(np.full(len(pairs), np.nan), "nothing")
    asked: dict[str, Any] = {
        "eta_decoder": decoder,
        "eta_encoder": encoder,
        "decoder_gain": decoder_gain,
        "optimiser": optimiser,
    }
    if decoder_function is not None:
        made = predict_merging(start, decoder_function, pairs, training=history.training, **asked)
        return Predicted(made.margin, "decoder function")
    if history.decoder is not None:
        slopes = np.broadcast_to(history.decoder[0], (len(pairs), *history.decoder.shape[1:]))
        return Predicted(predict_merging(start, slopes, pairs, **asked).margin, "decoder weights")
    if grip is not None:
        differences = half_differences(history.embeddings[:1], pairs)[0]
        length = np.linalg.norm(differences, axis=-1, keepdims=True)
        directions = differences / np.where(length > 0, length, 1)
        slopes = np.nan_to_num(grip[0])[:, None, None] * directions[:, None, :]
        return Predicted(predict_merging(start, slopes, pairs, **asked).margin, "outputs")
    return Predicted(np.full(len(pairs), np.nan), "nothing")


def _as_flag(margin: Array) -> NDArray[np.int8]:
    return np.where(np.isnan(margin), -1, margin >= 0).astype(np.int8)
