"""How fast a training set forces its structure: rate, time, and number of steps, in a named normalisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import require_choice, require_number
from geneft_theory.grokking.conventions import Array, chosen
from geneft_theory.grokking.elimination import constraints_of
from geneft_theory.grokking.gram import gram, nullity
from geneft_theory.grokking.modes import permissible
from geneft_theory.grokking.operations import Operation
from geneft_theory.grokking.training_set import TrainingSet, TrainingSets, as_masks

# What falls: the amplitude of the slowest mode (the paper), or the effective loss, which is quadratic in it.
QUANTITIES = ("amplitude", "loss")


@based_on("grokking.rate", "grokking.ground_states", "grokking.gram")
def grokking_rate(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    convention: str = "paper",
    *,
    of: str = "amplitude",
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> float | Array:
    """Return lambda_3, the rate at which a training set drives embeddings towards its only ground states.

    It is 0 exactly if the training set leaves other ground states than the whole table does; for addition these are
    two, a shift and a slope, whence the index 3.

    Parameters
    ----------
    training_set : TrainingSet, TrainingSets, or array_like of int, shape (m, 2)
        One training set, thousands, or plain pairs.
    convention : str
        A key of `CONVENTIONS` that fixes the norm of the embeddings: "paper" (mean over parallelograms, unit
        variance), "code" (plain sum, unit unbiased variance), "mean_unbiased", "sum_population", "mean_unit",
        "sum_unit". Compare ratios, or say which.
    of : {"amplitude", "loss"}
        Of the amplitude of the slowest mode, lambda_3, or of the effective loss, which falls twice as fast.
    p, operation
        For plain pairs, as in `gram`.

    Returns
    -------
    float, or ndarray of shape (n,) for a batch
        The rate >= 0, in 1/time; learning rate times steps is time.

    Raises
    ------
    InvalidInput
        For training sets that are none, unknown conventions, and such as take embeddings as given.

    Notes
    -----
    Liu et al. (2022), Section 3.2, with the factors that it leaves out: statement `grokking.rate`. Whether the rate is
    zero is decided by exact arithmetic, not by a cut. For modular addition the only ground state is that all embeddings
    are equal, and the rate that of this collapse; for an operation with matrices it is that of the linearised theory.

    Examples
    --------
    >>> from geneft_theory.grokking import TrainingSet, addition
    >>> whole = TrainingSet.complete(addition(10))
    >>> round(10 * grokking_rate(whole), 6)  # 6/7
    0.857143
    >>> round(grokking_rate(whole, "code"), 6)  # 20/3
    6.666667
    >>> grokking_rate([(0, 2), (1, 1)], p=4)
    0.0
    """
    wanted = chosen(convention, fixed_norm=True)
    require_choice("of", of, QUANTITIES)
    masks, table, batch = as_masks(training_set, p, operation)
    sets = TrainingSets(masks, table)
    ground = constraints_of(table).symmetries
    if ground == table.unknowns:
        eigenvalue = np.zeros(len(masks))
    else:
        eigenvalue = np.linalg.eigvalsh(gram(sets).astype(np.float64))[:, ground]
    forced = np.asarray(nullity(sets)) == ground
    divisor = wanted.divisor(permissible(masks, table)) * wanted.squared_norm(table.p)
    rate = np.where(forced, 2 * eigenvalue / divisor, 0.0) * (2 if of == "loss" else 1)
    return rate if batch else float(rate[0])


@based_on("grokking.time", "grokking.loss_rate")
def grokking_time(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    convention: str = "paper",
    *,
    of: str = "amplitude",
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> float | Array:
    """Return t_h = 1/lambda_3, the time in which the slowest mode falls by a factor e against the ground states.

    Parameters
    ----------
    training_set, convention, of, p, operation
        As in `grokking_rate`. With of="loss" it is 1/(2 lambda_3), which some accounts call the grokking time.

    Returns
    -------
    float, or ndarray of shape (n,) for a batch
        The time > 0; infinite where the training set does not force a structure.

    Raises
    ------
    InvalidInput
        As in `grokking_rate`.

    Notes
    -----
    Liu et al. (2022), Section 3.2; statement `grokking.time`. Until RQI exceeds 0.95 takes about four of them:
    `hitting_time`.

    Examples
    --------
    >>> from geneft_theory.grokking import TrainingSet, addition
    >>> round(grokking_time(TrainingSet.complete(addition(10)), "code"), 6)
    0.15
    """
    rate = np.asarray(grokking_rate(training_set, convention, of=of, p=p, operation=operation))
    time = np.divide(1.0, rate, out=np.full(rate.shape, np.inf), where=rate > 0)
    return time if time.ndim else float(time)


@based_on("grokking.steps")
def grokking_steps(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    learning_rate: float,
    convention: str = "paper",
    *,
    of: str = "amplitude",
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> float | Array:
    """Return n_h = 1/(learning_rate lambda_3), the grokking time in steps of plain gradient descent.

    Parameters
    ----------
    training_set, convention, of, p, operation
        As in `grokking_rate`.
    learning_rate : float
        Learning rate of the embeddings, > 0, small against the fastest mode.

    Returns
    -------
    float, or ndarray of shape (n,) for a batch
        Number of steps, not rounded; infinite where the training set does not force a structure.

    Raises
    ------
    InvalidInput
        As in `grokking_rate`, and when the learning rate is not positive.

    Notes
    -----
    Liu et al. (2022), Section 3.2; statement `grokking.steps`. Networks trained by Adam keep another clock.

    Examples
    --------
    >>> from geneft_theory.grokking import TrainingSet, addition
    >>> whole = TrainingSet.complete(addition(10))
    >>> [round(grokking_steps(whole, 1e-3, name)) for name in ("paper", "code")]
    [11667, 150]
    """
    learning_rate = require_number("learning_rate", learning_rate, low=0, open_low=True)
    return grokking_time(training_set, convention, of=of, p=p, operation=operation) / learning_rate
