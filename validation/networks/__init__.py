"""Networks that learn a relation: their settings, their initial parameters, and a readable reference in torch.

`NetworkSettings` needs no torch; `validation.networks.reference` does and is imported by those who use it.
"""

from validation.networks.initial import Layer, initial_decoder, initial_embeddings
from validation.networks.settings import MODES, NetworkSettings

__all__ = ["MODES", "Layer", "NetworkSettings", "initial_decoder", "initial_embeddings"]
