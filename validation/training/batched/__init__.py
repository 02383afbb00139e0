"""The engine of other devices: the networks of a chunk as one batched computation in torch, which keeps a GPU busy.

The sample axis is the last and contiguous one, gradients are derived by hand, and parameters lie in one buffer.
"""
