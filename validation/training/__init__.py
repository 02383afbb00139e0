"""Training an ensemble of networks as one batched computation; importing this package does not import torch."""

from validation.training.chunking import CHUNK_SIZE, Chunk, chunks
from validation.training.ensemble import ENGINE, train, train_chunk
from validation.training.outcomes import THRESHOLD, Outcomes
from validation.training.records import default_record_steps

__all__ = [
    "CHUNK_SIZE",
    "ENGINE",
    "THRESHOLD",
    "Chunk",
    "Outcomes",
    "chunks",
    "default_record_steps",
    "train",
    "train_chunk",
]
