"""A sweep to be killed: `python -m tests.validation.killed_sweep FOLDER EXECUTOR PAUSE`."""

import sys

from tests.validation.sweep_computes import Walk, chunks
from validation.sweeps import Question, RunFolder, executor, run_chunks

CHUNKS = 12


def main() -> None:
    """Run the sweep, saying when it begins."""
    folder, name, pause = sys.argv[1:]
    run = RunFolder.open(folder, Question("walk", "quick", 0))
    print("running", flush=True)
    # Large states, kept at every opportunity, so that many kills fall into the writing of one.
    walk = Walk(steps=100, pause=float(pause), size=20_000)
    run_chunks(run, chunks(CHUNKS), walk, executor=executor(name, workers=2), checkpoint_seconds=0)


if __name__ == "__main__":
    main()
