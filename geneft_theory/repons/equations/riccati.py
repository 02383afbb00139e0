r"""The exact solution of a balanced swarm as statements: its equation of motion, the solution, and what grows how fast.

Known for linear networks with one learning rate (Fukumizu, 1998; Braun et al., 2022; Dominé et al., 2024), and derived
again here for two.
"""

from __future__ import annotations

from geneft_theory.repons.derivations import riccati
from geneft_theory.repons.symbols_matrix import DIMENSION
from geneft_theory.repons.symbols_swarm import (
    GENERATOR,
    GRAM,
    IMBALANCE,
    SPEED,
    Z0,
    E,
    G_dot,
    W,
    growth_rate,
    size,
    target_value,
)
from geneft_theory.statements.statement import Quantity, Source, Statement
from geneft_theory.statements.status import Status

RICCATI = Statement(
    key="repons.swarm.riccati",
    title="Matrix Riccati equation of a balanced swarm",
    expression=riccati.riccati(),
    quantities=(Quantity(G_dot, "gram_velocity", "velocity of G", "symmetric m x m matrix"), GRAM, GENERATOR, SPEED),
    source=Source("fukumizu1998effect", "matrix Riccati equation (here with two rates)"),
    status=Status.DERIVED,
    assumptions=(
        "Squared loss, frozen bias (subtracted from the targets Y), every repon once.",
        "A^T A/eta_A - X X^T/eta_x is lambda times 1, which it always is on a line (d = 1).",
    ),
    derivation=riccati.derive_riccati,
)

SOLUTION = Statement(
    key="repons.swarm.riccati.solution",
    title="Exact solution of a balanced swarm",
    expression=riccati.solution(),
    quantities=(
        GRAM,
        Quantity(E, "growth", "exp(s F t)", "symmetric m x m matrix, > 0"),
        Quantity(W, "growth_integral", "integral of exp(2 s F tau) from 0 to t", "symmetric m x m matrix, >= 0"),
        Quantity(Z0, "start", "[A^T/sqrt(eta_A), X/sqrt(eta_x)] at the start", "d x m matrix"),
        SPEED,
        DIMENSION,
        Quantity(size, "m", "number p + n of outputs and repons", "an integer >= 2", low=2, integer=True),
    ),
    source=Source("braun2022exact", "solution of the matrix Riccati equation (here with two rates, and lambda)"),
    status=Status.DERIVED,
    assumptions=("Those of repons.swarm.riccati.",),
    note="G fixes the swarm up to a rotation of the embedding space.",
    derivation=riccati.derive_solution,
)

MODES = Statement(
    key="repons.swarm.modes",
    title="Growth rate of a mode of the targets",
    expression=riccati.growth(),
    quantities=(
        Quantity(growth_rate, "growth_rate", "eigenvalue of F; a mode grows at s times it", "real"),
        Quantity(target_value, "singular_value", "singular value of the targets", "real >= 0", low=0),
        IMBALANCE,
        SPEED,
    ),
    source=Source("domine2024lazy", "lambda-balanced start (here with two rates)"),
    status=Status.DERIVED,
    assumptions=("Those of repons.swarm.riccati.",),
    note="Its partner decays at the same rate. Outputs and repons that no target couples have lambda s/2, -lambda s/2.",
    derivation=riccati.derive_modes,
)

STATEMENTS: tuple[Statement, ...] = (RICCATI, SOLUTION, MODES)
