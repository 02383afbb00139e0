"""Many repons of any classes behind one linear decoder: forces, conserved quantities, ensembles, and exact solutions.

Repon i at x_i in R^d is decoded to A x_i + b in R^p and wanted at y_i; the loss is the sum over repons of either
|A x_i + b - y_i|^2/2 or the cross-entropy of a softmax (a sigmoid for p = 1). With g_i the gradient by the outputs,
dA/dt = -eta_A sum_i g_i x_i^T, db/dt = -eta_b sum_i g_i, dx_i/dt = -eta_x A^T g_i. Arrays are those of one swarm,
(n, d), (p, d), (p,), (n, p), or of an ensemble, with leading axes that broadcast.
"""

from geneft_theory.repons.swarm.exact import ExactSwarm, exact
from geneft_theory.repons.swarm.forces import Forces, forces
from geneft_theory.repons.swarm.integration import Trajectory, integrate
from geneft_theory.repons.swarm.invariants import Invariants, invariants

__all__ = [
    "ExactSwarm",
    "Forces",
    "Invariants",
    "Trajectory",
    "exact",
    "forces",
    "integrate",
    "invariants",
]
