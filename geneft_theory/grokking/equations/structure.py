"""Parallelograms: what they are, how many there are, what zero loss makes of them, and what they predict."""

from __future__ import annotations

from sympy import Abs, Eq

from geneft_theory.grokking.derivations import structure as derivations
from geneft_theory.grokking.symbols import (
    DIVISOR,
    EMBEDDING,
    EMBEDDINGS,
    GRAM,
    LOSS,
    N_0,
    N_D,
    N_R,
    RQI,
    SYMBOLS,
    accuracy,
    augmented,
    class_sum,
    column,
    decoder,
    delta,
    gram_entry,
    grokking,
    held_out_accuracy,
    i,
    in_permissible,
    in_training_set,
    j,
    labels,
    m,
    n,
    row,
    sample,
    samples,
    size,
    step,
    template,
    trained,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_PLACES = tuple(Quantity(k, str(k), "a symbol, which is a number", "0..p-1") for k in (i, j, m, n))
_TABLE = "Ordinary addition of 0 ... p-1: pairs are unordered, i <= j, and a pair's label is its sum."
_DECODER = Quantity(decoder, "decoder", "what the network makes of a sum of embeddings", "a function of vectors")
_TEMPLATE = Quantity(template, "target", "target of a sum", "a function, different for different sums")
_LABELS = Quantity(labels, "labels", "number of different sums, 2p - 1", "an integer >= 1", low=1, integer=True)
_SIZES = Quantity(size, "class_sizes", "number of training pairs with sum c", "integers >= 0")

PARALLELOGRAM = Statement(
    key="grokking.parallelogram",
    title="delta-parallelogram",
    expression=Abs(derivations.defect()) <= delta,
    quantities=(EMBEDDING, *_PLACES, Quantity(delta, "delta", "tolerance", "real >= 0", low=0)),
    source=grokking("Definition 1"),
    status=Status.REPORTED,
    note=(
        "As measured in the paper's code: every embedding dimension is brought to mean 0 and unbiased standard "
        "deviation 1, and the root mean square of the defect over the d dimensions is compared with 0.1, which is "
        "delta = 0.1 sqrt(d) in these units."
    ),
)

PERMISSIBLE = Statement(
    key="grokking.permissible",
    title="Permissible parallelograms of a training set",
    expression=derivations.permissible(),
    quantities=(
        Quantity(in_permissible, "permissible", "1 for a member of P_0(D), 0 for others", "0 or 1"),
        Quantity(in_training_set, "training_set", "1 for a training pair, 0 for others", "0 or 1"),
        *_PLACES,
    ),
    source=grokking("Eq. 1"),
    status=Status.CORRECTED,
    assumptions=(_TABLE, "{q, r} and {r, q} are one parallelogram."),
    note=(
        "Read literally, Eq. 1 also has every pair together with itself, and both orders of a parallelogram: 195 "
        "quadruples for p = 10, of which 55 are trivial, so that no representation whatever has RQI below 55/195 = "
        "0.28. The paper's code counts the 70 others, and a random representation has RQI near 0, as the paper says."
    ),
)

COUNT = Statement(
    key="grokking.permissible.count",
    title="How many parallelograms a training set permits",
    expression=derivations.count(),
    quantities=(
        Quantity(N_D, "permissible", "number of permissible parallelograms, |P_0(D)|", "an integer >= 0"),
        _SIZES,
        _LABELS,
    ),
    source=grokking("Eq. 1 (counted here)"),
    status=Status.DERIVED,
    derivation=derivations.derive_count,
)

ADDITION_COUNT = Statement(
    key="grokking.permissible.addition",
    title="Number of parallelograms of the whole addition table",
    expression=derivations.addition_count(),
    quantities=(
        Quantity(N_0, "permissible", "number of parallelograms of the whole table, |P_0|", "an integer >= 0"),
        SYMBOLS,
    ),
    source=grokking("Eq. 1 (counted here)"),
    status=Status.DERIVED,
    assumptions=(_TABLE,),
    derivation=derivations.derive_addition_count,
)

LINEAR = Statement(
    key="grokking.linear_representation",
    title="Embeddings on a line at equal distances make every permissible parallelogram",
    expression=derivations.linear(),
    quantities=(EMBEDDING, Quantity(step, "step", "distance of neighbours", "vector of length d"), *_PLACES),
    source=grokking("Section 3"),
    status=Status.REDERIVED,
    assumptions=("E_k = a + k b.",),
    note=(
        "So does the collapsed representation b = 0, which knows nothing: RQI has to be taken of normalised embeddings."
    ),
    derivation=derivations.derive_linear,
)

QUALITY = Statement(
    key="grokking.rqi",
    title="Representation quality index",
    expression=Eq(RQI, N_R / N_0),
    quantities=(
        Quantity(RQI, "rqi", "representation quality index", "0 <= RQI <= 1"),
        Quantity(N_R, "made", "number of members of P_0 that are delta-parallelograms", "an integer >= 0", low=0),
        Quantity(N_0, "permissible", "number of parallelograms of the whole table, |P_0|", "an integer >= 1", low=1),
    ),
    source=grokking("Eqs. 2-3"),
    status=Status.REPORTED,
)

ACCURACY = Statement(
    key="grokking.predicted_accuracy",
    title="Accuracy predicted from a representation",
    expression=Eq(accuracy, augmented / samples),
    quantities=(
        Quantity(accuracy, "predicted_accuracy", "predicted accuracy on the whole table", "|D|/|D_0| to 1"),
        Quantity(
            augmented,
            "augmented",
            "number of samples that are in D or make a delta-parallelogram of P_0 with one in D",
            "|D| to |D_0|",
            low=0,
        ),
        Quantity(samples, "samples", "number of samples of the whole table, p(p + 1)/2", "an integer >= 1", low=1),
    ),
    source=grokking("Appendix D"),
    status=Status.REPORTED,
    note=(
        "One hop from D: with a tolerance, being a parallelogram is not transitive. All training pairs count as "
        "correct, whether the network has learned them or not."
    ),
)

HELD_OUT = Statement(
    key="grokking.predicted_accuracy.held_out",
    title="The same on the pairs that are not trained on",
    expression=Eq(held_out_accuracy, (augmented - trained) / (samples - trained)),
    quantities=(
        Quantity(held_out_accuracy, "held_out_accuracy", "predicted accuracy on held-out pairs", "0 to 1"),
        Quantity(augmented, "augmented", "number of samples in D or one hop from it", "|D| to |D_0|", low=0),
        Quantity(trained, "trained", "number of training pairs, |D|", "0 to |D_0| - 1", low=0),
        Quantity(samples, "samples", "number of samples of the whole table", "an integer >= 1", low=1),
    ),
    source=grokking("Appendix D"),
    status=Status.REPORTED,
)

ARITHMETIC = Statement(
    key="grokking.proposition_1",
    title="Proposition 1: at zero loss parallelograms are arithmetic",
    expression=derivations.arithmetic(),
    quantities=(_DECODER, _TEMPLATE, EMBEDDING, *_PLACES),
    source=grokking("Proposition 1"),
    status=Status.REDERIVED,
    assumptions=(
        "Both samples are fitted exactly; it says nothing of held-out ones.",
        "Targets of different sums differ, as Gaussian ones do with probability 1.",
    ),
    derivation=derivations.derive_arithmetic,
)

FORMATION = Statement(
    key="grokking.proposition_2",
    title="Proposition 2: an injective decoder at zero loss forms every permissible parallelogram",
    expression=derivations.formation(),
    quantities=(_DECODER, _TEMPLATE, EMBEDDING, *_PLACES),
    source=grokking("Proposition 2"),
    status=Status.REDERIVED,
    assumptions=("Both samples are in the training set and fitted exactly.",),
    note=(
        "A classifier's decoder is not injective: it answers alike all over a region, and on a circle equal sums need "
        "not be equal vectors."
    ),
    derivation=derivations.derive_formation,
)

GRAM_MATRIX = Statement(
    key="grokking.gram",
    title="The matrix of the effective loss, without enumerating parallelograms",
    expression=derivations.gram(),
    quantities=(
        Quantity(gram_entry, "gram", "entry of G", "an integer"),
        Quantity(sample, "sample", "how often symbol k occurs in the q-th training pair with sum c", "0, 1 or 2"),
        Quantity(class_sum, "class_sum", "the same summed over all training pairs with sum c", "an integer >= 0"),
        _SIZES,
        _LABELS,
        Quantity(row, "k", "a symbol", "0..p-1"),
        Quantity(column, "l", "a symbol", "0..p-1"),
    ),
    source=grokking("Eq. 4 (the formula is ours)"),
    status=Status.DERIVED,
    derivation=derivations.derive_gram,
)

EFFECTIVE_LOSS = Statement(
    key="grokking.effective_loss",
    title="Effective loss: a Rayleigh quotient",
    expression=derivations.quotient(),
    quantities=(
        LOSS,
        GRAM,
        EMBEDDINGS,
        DIVISOR,
    ),
    source=grokking("Eqs. 4-5"),
    status=Status.REDERIVED,
    assumptions=("The embeddings are normalised, or the squared norm is that of the embeddings as they are.",),
    note=(
        "The paper prints sigma = sum |E_k - mu|^2/p, a variance; with its square root, the standard deviation, "
        "embeddings have unit variance, as the paper says elsewhere."
    ),
    derivation=derivations.derive_loss,
)

STATEMENTS: tuple[Statement, ...] = (
    PARALLELOGRAM,
    PERMISSIBLE,
    COUNT,
    ADDITION_COUNT,
    LINEAR,
    QUALITY,
    ACCURACY,
    HELD_OUT,
    ARITHMETIC,
    FORMATION,
    GRAM_MATRIX,
    EFFECTIVE_LOSS,
)
