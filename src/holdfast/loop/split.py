"""Which rows a model is fitted on, calibrated on and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Target

    Rows = NDArray[np.intp]

__all__ = ["Split", "split_rows"]

_BOUNDS = (0.6, 0.8)  # train | validation | test, as shares of the rows
_PARTS = ("training", "validation", "test")
_LEAST_PER_CLASS = 5  # in each part: fewer carry neither a calibration nor a figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Row indices of the three parts; rising, disjoint, together all rows."""

    train: Rows
    validation: Rows
    test: Rows
    ordered: bool

    @property
    def words(self) -> str:
        """How a recipe names this way of splitting."""
        return "time-ordered" if self.ordered else "stratified"


def split_rows(
    labels: NDArray[np.bool_],
    *,
    target: Target,
    ordered: bool,
    seed: int,
    entities: NDArray[np.object_] | Sequence[str | None] | None = None,
) -> Split:
    """Divide rows 60 : 20 : 20; all rows of an entity stay on one side.

    Ordered rows are cut by position, entities by their first row: someone who appears
    late is tested on, with all that is known of them. Other rows are drawn by the seed,
    positives and negatives apart (an entity is positive if any of its rows is).

    Args:
        labels: True for the positive class, shape ``(n,)``.
        target: Names the classes in errors.
        ordered: Whether the rows' order is that of time.
        seed: Fixes the draw.
        entities: Whom each row is about; None in it is nobody known.

    Raises:
        TargetError: If a part holds fewer than five rows of a class.
    """
    group = _groups(len(labels), entities)
    sizes = np.bincount(group)
    positive = np.bincount(group, weights=labels) > 0
    side = np.empty(sizes.size, dtype=np.intp)
    if ordered:
        side[:] = _sides(sizes)
    else:
        rng = np.random.default_rng(seed)
        for stratum in (False, True):
            members = rng.permutation(np.flatnonzero(positive == stratum))
            side[members] = _sides(sizes[members])
    parts = [np.flatnonzero(side[group] == part) for part in range(len(_PARTS))]
    _check(labels, parts, target=target, ordered=ordered)
    return Split(train=parts[0], validation=parts[1], test=parts[2], ordered=ordered)


def _groups(n: int, entities: NDArray[np.object_] | Sequence[str | None] | None) -> Rows:
    """Number the entities in the order of their first rows; a row of nobody stands alone."""
    if entities is None:
        return np.arange(n)
    known: dict[object, int] = {}
    keys = (entity if entity is not None else (row,) for row, entity in enumerate(entities))
    return np.fromiter((known.setdefault(key, len(known)) for key in keys), np.intp, count=n)


def _sides(sizes: NDArray[np.intp]) -> Rows:
    """Assign groups, in order, to the parts; the middle of a group decides."""
    middles = (np.cumsum(sizes) - sizes / 2) / max(1, sizes.sum())
    sides: Rows = np.searchsorted(_BOUNDS, middles, side="right")
    return sides


def _check(labels: NDArray[np.bool_], parts: list[Rows], *, target: Target, ordered: bool) -> None:
    for name, rows in zip(_PARTS, parts, strict=True):
        n_positive = int(labels[rows].sum())
        for positive, n in ((True, n_positive), (False, rows.size - n_positive)):
            if n < _LEAST_PER_CLASS:
                remedy = "Bring more rows of that class"
                if ordered:
                    remedy += ", or train without the time column, so that rows are drawn at random"
                raise TargetError(
                    target.name,
                    f"the {name} part ({rows.size} rows) holds {n} rows of "
                    f"{target.word(positive=positive)!r}, and {_LEAST_PER_CLASS} are needed",
                    remedy=f"{remedy}.",
                )
