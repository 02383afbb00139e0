"""`geneft export`: a run's results as Parquet, netCDF or CSV."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

SUFFIXES = {".parquet": "parquet", ".nc": "netcdf", ".csv": "csv"}


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("export", help="write a run's results for other programs", allow_abbrev=False)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "--format", choices=sorted(SUFFIXES.values()), help="default: as the suffix of --out says, or parquet"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: RUN/tables/networks.*)")
    parser.add_argument("--outcomes", metavar="NAMES", help="outcomes, separated by commas (default: all)")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """Write the files and print their names."""
    from validation.cli.show import names_listed
    from validation.sweeps.exports import export

    outcomes = None if arguments.outcomes is None else names_listed("outcomes", arguments.outcomes)
    for file in export(arguments.run, arguments.format or _format_of(arguments.out), arguments.out, outcomes):
        print(file)


def _format_of(out: Path | None) -> str:
    """Return the format that a file's suffix says; Parquet where it has none."""
    from geneft_theory.errors import InvalidInput, shown

    suffix = "" if out is None else out.suffix.lower()
    if not suffix:
        return "parquet"
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InvalidInput(f"out must end in {known}, or --format must say what to write; got {shown(str(out))}")
    return SUFFIXES[suffix]
