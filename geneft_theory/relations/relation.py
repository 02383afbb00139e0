"""A binary relation on n symbols: the learning task as mathematics, before any network sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_integer, shown
from geneft_theory.relations.logic import LogicalProperties

if TYPE_CHECKING:
    import networkx

# A matrix of this many symbols takes 100 MB; closed forms in `statics` serve larger n without a matrix.
MAXIMUM_SYMBOLS = 10_000


def require_symbols(n: Any, *, minimum: int = 1) -> int:
    """Return the number of symbols `n` as an int, or refuse it (also where its matrix would fill the memory)."""
    return require_integer("n", n, minimum=minimum, maximum=MAXIMUM_SYMBOLS)


def require_relation_matrix(matrix: ArrayLike) -> NDArray[np.bool_]:
    """Return a square matrix of zeros and ones as a boolean array that nobody can write to, or refuse it."""
    complaint = "matrix must be a square array of zeros and ones with at least 1 row"
    try:
        array = np.asarray(matrix)
    except (TypeError, ValueError):
        raise InvalidInput(f"{complaint}; got {shown(matrix)}") from None
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise InvalidInput(f"{complaint}; got shape {array.shape}")
    require_symbols(array.shape[0])
    if array.dtype != np.bool_:
        if array.dtype.kind not in "iuf":
            raise InvalidInput(f"{complaint}; got entries of type {array.dtype}")
        strange = array[(array != 0) & (array != 1)]
        if strange.size:
            raise InvalidInput(f"{complaint}; got an entry {strange[0]}")
    # A view of immutable bytes: unlike a flag on an owned array, its write protection cannot be lifted.
    return np.frombuffer(array.astype(np.bool_).tobytes(), dtype=np.bool_).reshape(array.shape)


@dataclass(frozen=True, eq=False, repr=False)
class Relation(LogicalProperties):
    """A binary relation R on the symbols 0 ... n-1, immutable; two are equal if their matrices are.

    Parameters
    ----------
    matrix : array_like, (n, n)
        Zeros and ones (or booleans); entry (i, j) is R(i, j). It is copied.
    name : str
        What reports call it, e.g. "modulo:3". For a named family, `parse(name, n)` gives the relation again.
    family : str, optional
        The family it was built as, e.g. "modulo"; closed forms and inference recognise it by that.
    parameters : mapping
        The family's parameters besides n, e.g. {"k": 3}; read-only afterwards.

    Raises
    ------
    InvalidInput
        When the matrix is not square, not of zeros and ones, empty, or has more than 10,000 rows.

    Examples
    --------
    >>> relation = Relation([[1, 0], [1, 1]], name="at least")
    >>> relation, relation.n, relation.pairs, relation.density
    (Relation('at least', n=2), 2, 4, 0.75)
    >>> relation.logical_properties()[:2]
    ('reflexive', 'antisymmetric')
    """

    matrix: NDArray[np.bool_]
    name: str = "unnamed"
    family: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"name must be a non-empty string; got {shown(self.name)}")
        if self.family is not None and not isinstance(self.family, str):
            raise InvalidInput(f"family must be a string or None; got {shown(self.family)}")
        if not isinstance(self.parameters, Mapping):
            raise InvalidInput(f"parameters must be a mapping; got {shown(self.parameters)}")
        object.__setattr__(self, "matrix", require_relation_matrix(self.matrix))
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    @property
    def n(self) -> int:
        """The number of symbols."""
        return len(self.matrix)

    @property
    def pairs(self) -> int:
        """The number of ordered pairs of symbols, n^2: how many facts there are to learn."""
        return self.n**2

    @property
    def density(self) -> float:
        """The fraction of the n^2 pairs for which R holds, in [0, 1]."""
        return int(np.count_nonzero(self.matrix)) / self.pairs

    def relabel(self, permutation: Iterable[int]) -> Relation:
        """Return the same relation with its symbols renamed: symbol i becomes symbol `permutation[i]`.

        Parameters
        ----------
        permutation : iterable of int, (n,)
            Each of 0 ... n-1 once.

        Returns
        -------
        Relation
            R'(permutation[i], permutation[j]) = R(i, j); it belongs to no named family.

        Raises
        ------
        InvalidInput
            When `permutation` is not a permutation of 0 ... n-1.

        Examples
        --------
        >>> Relation([[0, 1], [0, 0]]).relabel([1, 0]).matrix.astype(int).tolist()
        [[0, 0], [1, 0]]
        """
        try:
            images = [require_integer("permutation", image) for image in permutation]
        except (TypeError, InvalidInput):
            images = []
        if sorted(images) != list(range(self.n)):
            raise InvalidInput(f"permutation must hold each of 0 ... {self.n - 1} once; got {shown(permutation)}")
        sources = np.argsort(images)
        return Relation(self.matrix[np.ix_(sources, sources)], name=f"{self.name} relabelled")

    def complement(self) -> Relation:
        """Return the relation that holds exactly where this one does not, loops included.

        Examples
        --------
        >>> Relation([[0, 1], [0, 0]]).complement().matrix.astype(int).tolist()
        [[1, 0], [1, 1]]
        """
        return Relation(~self.matrix, name=f"not {self.name}")

    def converse(self) -> Relation:
        """Return the relation read backwards: R'(i, j) = R(j, i).

        Examples
        --------
        >>> Relation([[0, 1], [0, 0]]).converse().matrix.astype(int).tolist()
        [[0, 0], [1, 0]]
        """
        return Relation(self.matrix.T, name=f"{self.name} reversed")

    def to_networkx(self) -> networkx.DiGraph:
        """Return a `networkx.DiGraph` on the nodes 0 ... n-1 with an edge i -> j, or a loop, wherever R(i, j).

        Examples
        --------
        >>> sorted(Relation([[1, 1], [0, 0]]).to_networkx().edges)
        [(0, 0), (0, 1)]
        """
        import networkx

        graph = networkx.DiGraph(name=self.name)
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(np.argwhere(self.matrix).tolist())
        return graph

    def __eq__(self, other: object) -> bool:
        return np.array_equal(self.matrix, other.matrix) if isinstance(other, Relation) else NotImplemented

    def __hash__(self) -> int:
        return hash(np.packbits(self.matrix).tobytes())

    def __repr__(self) -> str:
        return f"Relation({shown(self.name)}, n={self.n})"

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle, and a pickled array would come back writable.
        return Relation, (np.array(self.matrix), self.name, self.family, dict(self.parameters))
