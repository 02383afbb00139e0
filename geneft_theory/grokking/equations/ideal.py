"""What a training set determines before any training: the ideal algorithm and the critical fraction."""

from __future__ import annotations

from sympy import Eq, Rational

from geneft_theory.grokking.derivations import ideal as derivations
from geneft_theory.grokking.symbols import (
    SYMBOLS,
    critical_fraction,
    forced,
    grokking,
    ideal_accuracy,
    implied_samples,
    nullity,
    nullity_with,
    pairs_per_symbol,
    samples,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

IMPLIED = Statement(
    key="grokking.implied",
    title="A parallelogram is implied if adding it leaves the nullity as it is",
    expression=Eq(nullity_with, nullity),
    quantities=(
        Quantity(nullity_with, "nullity_with", "nullity with the parallelogram added to P_0(D)", "an integer >= 1"),
        Quantity(nullity, "nullity", "nullity of the parallelograms P_0(D) of the training set", "an integer >= 1"),
    ),
    source=grokking("Appendix E"),
    status=Status.REPORTED,
    note="The same as: its row is a rational combination of the rows of P_0(D). No tolerance has to be chosen.",
)

IDEAL_ACCURACY = Statement(
    key="grokking.ideal_accuracy",
    title="Accuracy of the ideal algorithm",
    expression=Eq(ideal_accuracy, implied_samples / samples),
    quantities=(
        Quantity(ideal_accuracy, "ideal_accuracy", "accuracy on the whole table", "|D|/|D_0| to 1"),
        Quantity(
            implied_samples,
            "augmented",
            "number of samples that are in D or make an implied parallelogram with one in D",
            "|D| to |D_0|",
            low=0,
        ),
        Quantity(samples, "samples", "number of samples of the whole table", "an integer >= 1", low=1),
    ),
    source=grokking("Appendix E"),
    status=Status.REPORTED,
    assumptions=("No parallelogram is formed that the data do not imply.",),
    note=(
        "Networks are believed not to exceed it (Acc <= Acc_bar). That is no theorem: with few data they do so by luck."
    ),
)

CRITICAL_FRACTION = Statement(
    key="grokking.critical_fraction",
    title="Critical fraction of random data",
    expression=Eq(forced(critical_fraction), Rational(1, 2)),
    quantities=(
        Quantity(critical_fraction, "critical_fraction", "share of all samples that is shown", "0 to 1"),
        Quantity(
            forced,
            "forcing_probability",
            "probability that a random training set of this share has lambda_3 > 0",
            "a function, 0 to 1",
        ),
    ),
    source=grokking("Fig. 4a"),
    status=Status.REPORTED,
    note=(
        "The paper reads off about 0.4 for p = 10. It depends on p, and is not the share of data at which networks "
        "succeed half of the time."
    ),
)

COVERING = Statement(
    key="grokking.critical_fraction.covering",
    title="Critical fraction of many symbols: the last one is covered",
    expression=derivations.covering(),
    quantities=(
        Quantity(
            pairs_per_symbol,
            "pairs_per_symbol",
            "training pairs per symbol at the critical fraction, (p + 1) r_c/2",
            "real > 0",
            low=0,
            open_low=True,
        ),
        SYMBOLS,
    ),
    source=grokking("Fig. 4a (the law is ours)"),
    status=Status.APPROXIMATION,
    assumptions=(
        "Addition of many symbols.",
        "Undetermined single symbols are all that stands between random data and a forced structure, and their number "
        "is a Poisson variable.",
    ),
    note=(
        "To leading order a = log(p)/2, so that r_c = log(p)/p. Corrections are of relative order log(p)/p. Below p of "
        "about 20 it fails: there a lack of constraints decides, and at p = 10 it is too low by 13 %."
    ),
    derivation=derivations.derive_covering,
)

STATEMENTS: tuple[Statement, ...] = (IMPLIED, IDEAL_ACCURACY, CRITICAL_FRACTION, COVERING)
