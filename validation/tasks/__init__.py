"""The learning task: a relation's n^2 ordered pairs, and which of them a network is trained on."""

from validation.tasks.pairs import relation_targets, training_count, training_order, training_pairs
from validation.tasks.streams import random_stream

__all__ = ["random_stream", "relation_targets", "training_count", "training_order", "training_pairs"]
