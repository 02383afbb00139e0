r"""The statics of GenEFT as statements, in the order of the derivation.

How much data does a relation on n symbols demand? Its symmetry says how many bits single it out among its relabellings
(`description_length`); a crude picture in which every sample reveals one random bit says how many of those bits are
known after m samples (`known_fraction`); solved for the fraction of all pairs, that is the critical fraction; and
guessing what is not known gives the accuracy estimate.

The body of the paper was accessible to the authors of this file through secondary sources only, so that no statement
here has the status PAPER.
"""

from __future__ import annotations

import sympy
from sympy import (
    Eq,
    Equivalent,
    Function,
    Idx,
    Implies,
    IndexedBase,
    KroneckerDelta,
    Max,
    Product,
    Rational,
    binomial,
    factorial,
    log,
)

from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status
from geneft_theory.statics import derivations
from geneft_theory.statics.symbols import (
    BITS,
    CHANCE,
    CLASSES,
    DESCRIBED,
    ESTIMATE,
    FRACTION,
    KNOWN,
    ORDER,
    PAIRS,
    PART,
    SAMPLES,
    SYMBOLS,
    THRESHOLD,
    N,
    a,
    alpha,
    automorphisms,
    b,
    bits_of,
    f,
    f_upper,
    geneft,
    k,
    m,
    n,
    p_c,
    p_star,
)

DESCRIPTION_LENGTH = Statement(
    key="statics.description_length",
    title="Description length of a relation: the orbit formula",
    expression=bits_of(factorial(n) / automorphisms),
    quantities=(
        DESCRIBED,
        SYMBOLS,
        ORDER,
    ),
    source=geneft("Table II"),
    status=Status.REDERIVED,
    assumptions=(
        "The learner knows the relation up to a relabelling of its symbols, and all relabellings are equally likely.",
        "G is a directed graph with self loops: pairs are ordered, and the diagonal counts.",
    ),
    derivation=derivations.derive_description_length,
)

ANY_RELATION = Statement(
    key="statics.any_relation.description_length",
    title="Description length of an arbitrary relation",
    expression=Eq(b, n**2),
    quantities=(DESCRIBED, SYMBOLS),
    source=geneft("Table II, no property"),
    status=Status.REDERIVED,
    assumptions=("All 2^(n^2) relations on n symbols are equally likely.",),
    note="Counts every relation, not the relabellings of one: the orbit formula does not enter.",
    derivation=derivations.derive_any_relation,
)

SYMMETRIC_RELATION = Statement(
    key="statics.symmetric_relation.description_length",
    title="Description length of an arbitrary symmetric relation",
    expression=Eq(b, n * (n + 1) / 2),
    quantities=(DESCRIBED, SYMBOLS),
    source=geneft("Table II, symmetric"),
    status=Status.REDERIVED,
    assumptions=("All symmetric relations on n symbols are equally likely.",),
    note="Counts every symmetric relation, not the relabellings of one: the orbit formula does not enter.",
    derivation=derivations.derive_symmetric_relation,
)

_sizes, _multiplicity = IndexedBase("n"), IndexedBase("mu")
_class, _size = Idx("c"), Idx("s")

EQUIVALENCE_SYMMETRY = Statement(
    key="statics.equivalence.automorphism_order",
    title="Symmetry of an equivalence relation with classes of any size",
    expression=Eq(
        automorphisms,
        Product(factorial(_sizes[_class]), (_class, 1, k)) * Product(factorial(_multiplicity[_size]), (_size, 1, n)),
    ),
    quantities=(
        ORDER,
        Quantity(_sizes, "class_sizes", "number of symbols in class c", "integers >= 1 that sum to n", low=1),
        Quantity(_multiplicity, "multiplicity", "number of classes of size s", "integer >= 0", low=0),
        Quantity(_class, "c", "a class", "1..k"),
        Quantity(_size, "s", "a class size", "1..n"),
        CLASSES,
        SYMBOLS,
    ),
    source=geneft("Table II, equivalence (not in the table in this form)"),
    status=Status.DERIVED,
    note="Symbols may be permuted within a class, and classes of equal size exchanged.",
)

EQUIVALENCE = Statement(
    key="statics.equivalence.description_length",
    title="Description length of an equivalence relation with k equal classes",
    expression=bits_of(factorial(n) / (factorial(n / k) ** k * factorial(k))),
    quantities=(DESCRIBED, SYMBOLS, CLASSES),
    source=geneft("Table II, equivalence (its exact form is ours)"),
    status=Status.DERIVED,
    assumptions=("k divides n, and all classes have n/k symbols.",),
    derivation=derivations.derive_equal_classes,
)

EQUIVALENCE_APPROXIMATE = Statement(
    key="statics.equivalence.description_length.approximate",
    title="Description length of an equivalence relation with k classes, as in Table II",
    expression=Eq(b, n * log(k) / log(2)),
    quantities=(DESCRIBED, SYMBOLS, CLASSES),
    source=geneft("Table II, equivalence"),
    status=Status.APPROXIMATION,
    assumptions=("n >> k: every symbol chooses its class freely, and the names of the classes count.",),
    note="Too large by 20 to 30 % at n = 30: 47.5 instead of 39.8 bits for k = 3, 69.7 instead of 53.3 for k = 5.",
)

TOTAL_ORDER = Statement(
    key="statics.total_order.description_length",
    title="Description length of a total order",
    expression=bits_of(factorial(n)),
    quantities=(DESCRIBED, SYMBOLS),
    source=geneft("Table II, total order"),
    status=Status.REDERIVED,
    derivation=derivations.derive_total_order,
)

TOTAL_ORDER_APPROXIMATE = Statement(
    key="statics.total_order.description_length.approximate",
    title="Description length of a total order, as in Table II",
    expression=Eq(b, n * log(n / sympy.E) / log(2)),
    quantities=(DESCRIBED, SYMBOLS),
    source=geneft("Table II, total order"),
    status=Status.APPROXIMATION,
    assumptions=("n >> 1: Stirling's formula without its square root.",),
    note="Too small by log2(2 pi n)/2 up to 1/n: 103.9 instead of 107.7 bits at n = 30.",
)

COMPLETE_BIPARTITE = Statement(
    key="statics.complete_bipartite.description_length",
    title="Description length of a complete bipartite graph with unequal parts",
    expression=bits_of(binomial(n, a)),
    quantities=(DESCRIBED, SYMBOLS, PART),
    source=geneft("Table II, complete bipartite"),
    status=Status.REDERIVED,
    assumptions=("2a != n: two parts of equal size can be exchanged, which saves one bit.",),
    derivation=derivations.derive_complete_bipartite,
)

_share = a / n

COMPLETE_BIPARTITE_APPROXIMATE = Statement(
    key="statics.complete_bipartite.description_length.approximate",
    title="Description length of a complete bipartite graph through the entropy of its parts",
    expression=Eq(b, -n * (_share * log(_share) + (1 - _share) * log(1 - _share)) / log(2)),
    quantities=(DESCRIBED, SYMBOLS, PART),
    source=geneft("Table II, complete bipartite (its entropy form is ours)"),
    status=Status.APPROXIMATION,
    assumptions=("n >> 1 at a fixed ratio a/n.",),
    note="Too large by about log2(2 pi n q(1 - q))/2 with q = a/n: 27.5 instead of 24.8 bits at n = 30, a = 10.",
)

KNOWN_FRACTION = Statement(
    key="statics.known_fraction",
    title="Fraction of the bits that m samples reveal (balls in buckets)",
    expression=Eq(f, 1 - (1 - 1 / b) ** m),
    quantities=(KNOWN, SAMPLES, BITS),
    source=geneft("Eq. 3"),
    status=Status.REDERIVED,
    assumptions=(
        "Each sample reveals one bit, drawn uniformly and independently of what is known.",
        "Real samples are neither independent nor balanced: redundant pairs carry less than a bit, some carry more.",
    ),
    derivation=derivations.derive_known_fraction,
)

CRITICAL_FRACTION = Statement(
    key="statics.critical_fraction",
    title="Critical data fraction",
    expression=derivations.derive_critical_fraction()[-1].expression,
    quantities=(FRACTION, THRESHOLD, PAIRS, BITS),
    source=geneft("Eq. 4"),
    status=Status.REDERIVED,
    assumptions=("Those of statics.known_fraction, with m = N p_c samples.",),
    note="Above 1 (an arbitrary or an arbitrary symmetric relation) it means nothing: samples do not repeat.",
    derivation=derivations.derive_critical_fraction,
)

CRITICAL_FRACTION_MANY_BITS = Statement(
    key="statics.critical_fraction.many_bits",
    title="Critical data fraction for a large description length",
    expression=Eq(p_c, -b * log(1 - alpha) / N),
    quantities=(FRACTION, BITS, THRESHOLD, PAIRS),
    source=geneft("Eq. 4 (its leading term)"),
    status=Status.APPROXIMATION,
    assumptions=("b >> 1; the relative error is about 1/(2b), always upward.",),
    derivation=derivations.derive_critical_fraction_many_bits,
)

ACCURACY_ESTIMATE = Statement(
    key="statics.accuracy_estimate",
    title="Accuracy that the known bits allow (called an upper bound in the paper)",
    expression=Eq(f_upper, f + Max(p_star, 1 - p_star) * (1 - f)),
    quantities=(ESTIMATE, KNOWN, CHANCE),
    source=geneft("Eq. 5"),
    status=Status.APPROXIMATION,
    assumptions=(
        "A known fraction f of the bits means a known fraction f of the pairs.",
        "Every undetermined pair is related with the same probability p_*, whatever else is known.",
    ),
    note=(
        "An estimate, not a bound: an ideal learner lies below it for little data and above it for more "
        "(classes, bipartite graphs), and for orders the other way round."
    ),
    derivation=derivations.derive_accuracy_estimate,
)

ORDER_CHANCE = Statement(
    key="statics.total_order.chance",
    title="Guessing one pair of an order from another pair that shares a symbol",
    expression=Eq(p_star, Rational(1, 3)),
    quantities=(CHANCE,),
    source=geneft("Eq. 5 (its p_* for orders)"),
    status=Status.APPROXIMATION,
    assumptions=("Exactly one other pair that shares a symbol is known.",),
    note="With nothing known it is 1/2; it moves with the training fraction and passes 1/3 only in between.",
    derivation=derivations.derive_order_chance,
)

_embedding, _kind = IndexedBase("E"), IndexedBase("kappa")
_i, _j, _k = Idx("i"), Idx("j"), Idx("k")
_decoder, _stacked = Function("D"), Function("Phi")

CLUSTERING = Statement(
    key="statics.clustering",
    title="Theorem 1: zero loss clusters the embeddings by class",
    expression=Implies(
        Eq(_decoder(_embedding[_i], _embedding[_k]), KroneckerDelta(_kind[_i], _kind[_k]))
        & Implies(
            Eq(_stacked(_embedding[_i]), _stacked(_embedding[_j])),
            Eq(_embedding[_i], _embedding[_j]),
        ),
        Equivalent(Eq(_embedding[_i], _embedding[_j]), Eq(_kind[_i], _kind[_j])),
    ),
    quantities=(
        Quantity(_embedding, "embeddings", "embedding of a symbol", "vectors"),
        Quantity(_kind, "classes", "class of a symbol", "any labels"),
        Quantity(_i, "i", "a symbol", "1..n, for all"),
        Quantity(_j, "j", "a symbol", "1..n, for all"),
        Quantity(_k, "k", "a partner", "1..n, for all"),
        Quantity(_decoder, "decoder", "decoder, D(x, y) for a pair of embeddings", "values 0 and 1 on the embeddings"),
        Quantity(
            _stacked, "stacked", "all answers of an embedding at once, Phi(x) = (D(x, E_1), ..., D(x, E_n))", "vectors"
        ),
    ),
    source=geneft("Theorem 1"),
    status=Status.CORRECTED,
    assumptions=(
        "Zero loss on all n^2 pairs, not only on the training pairs.",
        "The stacked map Phi is injective on the set of embeddings; each premise holds for all i, j, k.",
    ),
    note=(
        "The published hypothesis, an injective decoder D(x, y), contradicts zero loss as soon as there are two "
        "classes: D(E_i, E_i) = D(E_j, E_j) = 1 would force E_i = E_j for i, j of different classes. The stacked map "
        "is what the proof needs, and only in the direction 'same class, so same embedding'."
    ),
)

STATEMENTS: tuple[Statement, ...] = (
    DESCRIPTION_LENGTH,
    ANY_RELATION,
    SYMMETRIC_RELATION,
    EQUIVALENCE_SYMMETRY,
    EQUIVALENCE,
    EQUIVALENCE_APPROXIMATE,
    TOTAL_ORDER,
    TOTAL_ORDER_APPROXIMATE,
    COMPLETE_BIPARTITE,
    COMPLETE_BIPARTITE_APPROXIMATE,
    KNOWN_FRACTION,
    CRITICAL_FRACTION,
    CRITICAL_FRACTION_MANY_BITS,
    ACCURACY_ESTIMATE,
    ORDER_CHANCE,
    CLUSTERING,
)
