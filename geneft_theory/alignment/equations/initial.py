"""Where networks start: means over their random weights, and the gain at which rich turns lazy."""

from __future__ import annotations

from geneft_theory.alignment.derivations import initial as derivations
from geneft_theory.alignment.symbols import (
    INPUT,
    LOW,
    depth,
    g,
    g_critical,
    inputs,
    layer,
    leak,
    mean_h0,
    mean_y0,
    outputs,
    universality,
    width,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_NETWORK = "Xavier-normal weights of gain g, zero biases, hidden layers of P units with leaky ReLUs, one input at 0."
_GAIN = Quantity(g, "gain", "gain of the weights", "real > 0", low=0, open_low=True)
_WIDTH = Quantity(width, "width", "units of a hidden layer", "an integer >= 1", low=1, integer=True)
_INPUTS = Quantity(inputs, "inputs", "number of inputs of the network", "an integer >= 1", low=1, integer=True)
_SLOPE = Quantity(leak, "slope", "slope of the leaky ReLU below 0; 0 for a ReLU, 1 for a linear network", "real")
_LAYER = Quantity(layer, "layer", "index of the hidden layer, from 0", "an integer >= 0", low=0, integer=True)

INITIAL_DISTANCE = Statement(
    key="alignment.initial_distance",
    title="How far apart representations start",
    expression=derivations.initial_distance(),
    quantities=(
        Quantity(mean_h0, "initial_distance", "mean of h at the start", "real >= 0"),
        _GAIN,
        _LAYER,
        _WIDTH,
        _INPUTS,
        _SLOPE,
        INPUT,
    ),
    source=universality("settings of the published code (the mean is ours)"),
    status=Status.DERIVED,
    assumptions=(_NETWORK,),
    note="Exact for the mean. One network deviates from it the more, the deeper the layer and the fewer its units.",
    derivation=derivations.derive_initial_distance,
)

INITIAL_OUTPUT = Statement(
    key="alignment.initial_output",
    title="How far apart outputs start",
    expression=derivations.initial_output(),
    quantities=(
        Quantity(mean_y0, "initial_output", "mean of y at the start", "real >= 0"),
        _GAIN,
        Quantity(depth, "depth", "number of hidden layers", "an integer >= 1", low=1, integer=True),
        _WIDTH,
        _INPUTS,
        Quantity(outputs, "outputs", "number of outputs of the network", "an integer >= 1", low=1, integer=True),
        _SLOPE,
        INPUT,
    ),
    source=universality("settings of the published code (the mean is ours)"),
    status=Status.DERIVED,
    assumptions=(_NETWORK,),
    note="Exact for the mean.",
    derivation=derivations.derive_initial_output,
)

CRITICAL_GAIN = Statement(
    key="alignment.critical_gain",
    title="The gain at which rich turns lazy",
    expression=derivations.critical_gain(),
    quantities=(
        Quantity(g_critical, "critical_gain", "gain at which rho = 1", "real > 0"),
        LOW,
        INPUT,
        _LAYER,
        _SLOPE,
    ),
    source=universality("not in the sources that were seen"),
    status=Status.APPROXIMATION,
    assumptions=(_NETWORK,),
    note=(
        "For wide layers, with the mean for the start, and without the decoder's share of A_high, which is "
        "small where the layers behind shrink distances. The scale of a crossover, not a sharp boundary."
    ),
    derivation=derivations.derive_critical_gain,
)

STATEMENTS: tuple[Statement, ...] = (INITIAL_DISTANCE, INITIAL_OUTPUT, CRITICAL_GAIN)
