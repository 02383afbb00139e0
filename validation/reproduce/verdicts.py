"""What each reproduction says of the theory, from its stored result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geneft_theory.estimate import Estimate
from validation.measure import Verdict, compare
from validation.reproduce.registry import Reproduction, reproductions
from validation.reproduce.stored import stored_result

if TYPE_CHECKING:
    import xarray as xr


def table() -> list[dict[str, Any]]:
    """Return one row a claim: figure, command, minutes on two cores, seeds, theory, measured, error, z, verdict.

    Examples
    --------
    >>> rows = table()
    >>> sorted({row["key"] for row in rows}) == sorted(reproductions())
    True
    """
    rows = []
    for reproduction in reproductions().values():
        minutes = 0.0 if reproduction.experiment == "computed" else stored_result(reproduction).wall_minutes
        about = {
            "key": reproduction.key,
            "title": reproduction.title,
            "command": reproduction.command,
            "minutes": minutes,
            "seeds": reproduction.seeds,
        }
        rows += [about | verdict.to_dict() for verdict in verdicts(reproduction)]
    return rows


def verdicts(reproduction: Reproduction) -> list[Verdict]:
    """Return the verdicts of one reproduction, from its stored result where it trains networks."""
    if reproduction.experiment == "computed":
        return computed_verdicts(reproduction)
    stored = stored_result(reproduction)
    return verdicts_of(reproduction, stored.results, stored.theory)


def verdicts_of(reproduction: Reproduction, results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return the verdicts that these results give on the reproduction's claims."""
    from validation.experiments.registry import experiment

    words = reproduction.claims or ("",)
    found = experiment(reproduction.experiment).verdicts(results, theory)
    return [verdict for verdict in found if any(word in verdict.claim for word in words)]


def computed_verdicts(reproduction: Reproduction) -> list[Verdict]:
    """Return the verdicts of a table that needs no training: each published number against the exact one."""
    from geneft_theory.relations import parse
    from geneft_theory.statics import description_length, published_description_length

    rows = []
    n = reproduction.options["n"]
    for name in reproduction.options["relations"]:
        relation = parse(name, n)
        if reproduction.key == "table1":
            related = Estimate(float(relation.matrix.sum()), 0.0, 1)
            rows.append(compare(float(reproduction.options["related_pairs"][name]), related, f"{name}: related pairs"))
        else:
            published = published_description_length(relation)
            if published is None:
                raise AssertionError(f"Table II has no row for {name}")
            exact = Estimate(description_length(relation), 0.0, 1)
            rows.append(compare(published, exact, f"{name}: description length in bits", model_error=0.01))
    return rows
