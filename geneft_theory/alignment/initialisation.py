"""How far apart a multilayer perceptron holds two points before training, and the gain at which it becomes lazy.

Layers are numbered from 0; a layer's representation is taken after its activation. Weights are drawn by Xavier's
normal rule, with variance 2 gain^2/(fan_in + fan_out); biases start at 0. Activations are leaky rectifiers, z for z > 0
and slope z otherwise, so that slope 0 is ReLU and slope 1 a linear network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.alignment.merging import counts
from geneft_theory.alignment.state import LARGEST, Array, positive, together
from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array


@based_on("alignment.initial_distance", "alignment.initial_output")
def expected_start(
    gain: ArrayLike,
    layer: ArrayLike,
    depth: ArrayLike,
    width: ArrayLike,
    X: ArrayLike = 1.0,
    slope: ArrayLike = 0.0,
    inputs: ArrayLike = 1,
    outputs: ArrayLike = 1,
) -> tuple[Array, Array]:
    """Return the mean squared distances of representations and of outputs at the start, one of two inputs being 0.

    Parameters
    ----------
    gain : array_like
        Gain > 0 of the initial weights.
    layer : array_like of int
        Which hidden layer, 0 ... depth - 1.
    depth, width : array_like of int
        Number of hidden layers and of units in each, >= 1.
    X : array_like
        Squared distance > 0 of the inputs.
    slope : array_like
        The activation's slope below 0, in [-1, 1].
    inputs, outputs : array_like of int
        Numbers of inputs and outputs, >= 1. All arguments broadcast.

    Returns
    -------
    h, y : numpy.ndarray
        Means over initial weights, infinite where float64 cannot hold them. They do not depend on where the other input
        lies; for a linear network neither need be 0.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Exact for any width. The official two-point data have one input at 0. Source: derived here; statements
    `alignment.initial_distance` and `alignment.initial_output`.

    Examples
    --------
    >>> h, y = expected_start([0.9, 1.0, 1.6], layer=10, depth=20, width=500, slope=0.01)
    >>> ["%.3g" % value for value in h], ["%.3g" % value for value in y]
    (['9.61e-05', '0.000976', '30.2'], ['9.12e-11', '7.61e-09', '2.85'])
    """
    arrays = {
        "gain": positive("gain", gain),
        "layer": _layers(layer),
        "depth": counts("depth", depth),
        "width": counts("width", width),
        "X": positive("X", X),
        "slope": require_array("slope", slope, low=-1, high=1),
        "inputs": counts("inputs", inputs),
        "outputs": counts("outputs", outputs),
    }
    gain, layer, depth, width, X, slope, inputs, outputs = together(arrays)
    if np.any(layer >= depth):
        first = layer >= depth
        raise InvalidInput(f"layer must be < depth; got {layer[first][0]:g} of {depth[first][0]:g}")
    each = gain**2 * (1 + slope**2) / 2
    first_layer = 2 * width / (width + inputs) * X
    last = 2 * gain**2 * outputs / (width + outputs)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(first_layer * each ** (layer + 1)), np.asarray(first_layer * each**depth * last)


@based_on("alignment.critical_gain", "alignment.initial_distance", "alignment.low")
def critical_gain(
    layer: ArrayLike,
    ratio: ArrayLike,
    X: ArrayLike = 1.0,
    Y: ArrayLike = 1.0,
    slope: ArrayLike = 0.0,
    width: ArrayLike | None = None,
    inputs: ArrayLike = 1,
) -> Array:
    r"""Return the gain of the initial weights at which a multilayer perceptron passes from rich to lazy.

    .. math:: g_c = \sqrt{\frac{2}{1 + a^2}} \left(\sqrt{\frac{r Y}{X}}\right)^{1/(2 (l + 1))}

    Parameters
    ----------
    layer : array_like of int
        Which hidden layer l >= 0.
    ratio : array_like
        r = eta_h/eta_y > 0 at that layer.
    X, Y : array_like
        Squared distances > 0 of inputs and targets.
    slope : array_like
        The activation's slope a below 0, in [-1, 1]: 0 for ReLU, 1 for a linear network.
    width : array_like of int, optional
        Units in a layer, against the number of inputs; without it the limit of wide layers, which is the formula.
    inputs : array_like of int
        Number of inputs, >= 1. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The gain at which the mean h at the start is 2 A_low, that is rho = 1 where outputs start close together.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    A scale, not a sharp boundary: it takes the mean for the typical distance, one input at 0, and the ratio as given,
    though fitted ratios depend on the gain themselves. Source: derived here; statement `alignment.critical_gain`.

    Examples
    --------
    >>> critical_gain([10, 4], ratio=[0.0180, 0.157], Y=0.5, slope=0.01).round(2)
    array([1.27, 1.25])
    """
    arrays = {
        "layer": _layers(layer),
        "ratio": positive("ratio", ratio),
        "X": positive("X", X),
        "Y": positive("Y", Y),
        "slope": require_array("slope", slope, low=-1, high=1),
        "width": np.asarray(LARGEST) if width is None else counts("width", width),
        "inputs": counts("inputs", inputs),
    }
    layer, ratio, X, Y, slope, width, inputs = together(arrays)
    low = np.sqrt(ratio) * np.sqrt(X) * np.sqrt(Y)
    spread = width / (width + inputs)
    return np.asarray(np.sqrt(2 / (1 + slope**2)) * (low / (spread * X)) ** (1 / (2 * (layer + 1))))


def _layers(value: ArrayLike) -> Array:
    array = require_array("layer", value, low=0, high=1e15)
    if np.any(array != np.round(array)):
        raise InvalidInput(f"layer must be whole numbers; got {array[array != np.round(array)].flat[0]:g}")
    return array
