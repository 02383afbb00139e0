"""One file a claim: what is predicted, what is measured, and the verdict."""

# In the order of `geneft run --help`; `validation.experiments.registry` says what each must offer.
EXPERIMENTS = (
    "statics",
    "goldilocks",
    "merging",
    "learning-rates",
    "repon-pair",
    "slowing-down",
    "grokking-rate",
    "grokking-phases",
    "grokking-transformer",
    "alignment",
    "alignment-parity",
    "alignment-structure",
)
