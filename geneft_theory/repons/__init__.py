"""Which learning rates lead to generalization? The dynamics of GenEFT (Baek, Liu & Tegmark, 2024)."""

from geneft_theory.repons import cluster, matrix, pair, swarm
from geneft_theory.repons.merging import predict_merging

__all__ = ["cluster", "matrix", "pair", "predict_merging", "swarm"]
