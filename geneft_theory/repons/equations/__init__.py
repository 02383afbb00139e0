"""The dynamics of GenEFT as statements: the pair, the cluster, many dimensions, many repons."""

from geneft_theory.repons.equations import cluster, matrix, pair, swarm

STATEMENTS = (*pair.STATEMENTS, *cluster.STATEMENTS, *matrix.STATEMENTS, *swarm.STATEMENTS)

__all__ = ["STATEMENTS"]
