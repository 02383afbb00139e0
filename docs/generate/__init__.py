"""What the documentation computes: each module writes one kind of page or fragment from the code itself.

Whole pages go to `generated/`, fragments that pages include go to `generated/snippets/`.
"""

from pathlib import Path

from docs.generate import (
    api,
    commands,
    comparison,
    critical_fractions,
    equations,
    reference_values,
    reproduction,
    symbols,
    tasks,
)

PAGES = (api, commands, comparison, critical_fractions, equations, reference_values, reproduction, symbols, tasks)


def generate_all(directory: Path) -> None:
    """Write everything into `directory`."""
    for module in PAGES:
        module.generate(directory)
