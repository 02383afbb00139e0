"""Training an ensemble of networks as one batched computation; importing this package does not import torch."""

from validation.training.chunking import CHUNK_SIZE, Chunk, chunks, suitable_chunk_size
from validation.training.devices import require_device
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
    "require_device",
    "suitable_chunk_size",
    "train",
    "train_chunk",
]
