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
    from validation.sweeps.exports import export

    suffix = arguments.out.suffix if arguments.out is not None else ""
    form = arguments.format or SUFFIXES.get(suffix, "parquet")
    outcomes = None if arguments.outcomes is None else [name for name in arguments.outcomes.split(",") if name]
    for file in export(arguments.run, form, arguments.out, outcomes):
        print(file)
