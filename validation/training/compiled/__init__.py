"""The CPU's engine: one network at a time, compiled, with all of its data in the processor's own cache.

A training step is one pass over blocks of 32 samples, forward through all layers and back, and one pass over the
samples for the weights' gradients. Nothing is left to a library's choice of a kernel: vectors have 16 lanes on every
processor and every sum has its order written down, so that a network's numbers depend on its settings alone.
"""
