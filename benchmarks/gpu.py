"""How fast the batched engine trains on a GPU, and what share of the card's rate or bandwidth that is.

    python benchmarks/gpu.py [--device cuda] [--networks 1024 4096 16384 65536] [--steps 50]

The network is that of training.py. More networks than one chunk holds are trained chunk by chunk. Operations are those
of the matrix products; bytes are those of a step's activations, each written and read once per pass over it, in
float32: the least that products and element-wise passes of this engine move. Rate and bandwidth of the card are
measured beside, by a large float32 product (TF32 off) and a large copy.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from training import OPERATIONS, network

from validation.training import chunks, require_device, suitable_chunk_size
from validation.training.batched.computation import Ensemble

SAMPLES, ROWS = 704, 3 * 50
# Of each hidden row: product written, activation read and written, product read; backward the same twice.
PASSES = 12


def clock(run: Callable[[], object], device: str, rounds: int = 3) -> float:
    """Return the seconds of the fastest of a few rounds."""

    def wait() -> None:
        if device != "cpu":
            torch.cuda.synchronize()

    best = float("inf")
    for _ in range(rounds):
        wait()
        start = time.perf_counter()
        run()
        wait()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description="Training rate of the batched engine on a GPU.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--networks", type=int, nargs="+", default=[1024, 4096, 16384, 65536])
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    device = require_device(options.device)
    torch.backends.cuda.matmul.allow_tf32 = False
    size = 8192 if device != "cpu" else 2048
    left, right = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    product = 2 * size**3 / clock(lambda: left @ right, device)
    block = torch.randn(1 << (28 if device != "cpu" else 24), device=device)
    other = torch.empty_like(block)
    bandwidth = 2 * block.numel() * block.element_size() / clock(lambda: other.copy_(block), device)
    print(f"{device}: float32 product {product / 1e12:.2f} TFLOP/s, copy {bandwidth / 1e9:.0f} GB/s")
    for count in options.networks:
        networks = [network(seed, options.steps) for seed in range(count)]
        seconds = 0.0
        with torch.inference_mode():
            for chunk in chunks(networks, chunk_size=suitable_chunk_size(count, device)):
                ensemble = Ensemble(chunk.networks, torch.device(device))
                ensemble.advance()
                seconds += clock(lambda own=ensemble: [own.advance() for _ in range(options.steps)], device)
                del ensemble
        rate = count * options.steps / seconds
        bytes_moved = 4 * PASSES * ROWS * SAMPLES * rate
        shares = (
            f"{rate * OPERATIONS / product:5.1%} of the product's rate, {bytes_moved / bandwidth:5.1%} of the bandwidth"
        )
        print(f"{count:7} networks: {rate:10.0f} network-steps/s, {shares}")


if __name__ == "__main__":
    main()
