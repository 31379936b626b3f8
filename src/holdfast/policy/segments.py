"""Parts of the rows on which a model may have become worse while it is better on the whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from holdfast.domain.contract import MISSING_CATEGORY, FeatureKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract, Feature
    from holdfast.domain.matrix import FeatureMatrix

    Floats = NDArray[np.float64]

__all__ = ["SegmentGain", "Segments", "segment_gains", "segments_of"]

_LEAST_ROWS = 100  # of a segment that is judged: its mean is nearly normal then
_MOST_SEGMENTS = 10  # of one feature
_QUARTILES = (0.25, 0.5, 0.75)
_OUTSIDE = -1  # the code of rows that are in no segment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """One way to part the rows: by the values of one feature.

    Attributes:
        names: Of the segments, in words.
        codes: The segment of each row, -1 for none; shape ``(n,)``.
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]

    def ordered(self, order: NDArray[np.intp]) -> Segments:
        """Return the same for the rows in another order."""
        return Segments(names=self.names, codes=self.codes[order])


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentGain:
    """By how much the Brier score of one segment is lower; positive is better."""

    name: str
    n: int
    estimate: float
    standard_error: float

    def harm(self, *, slack: float) -> float:
        """Return Student's one-sided p-value of a loss of more than `slack`.

        >>> SegmentGain(name="all", n=100, estimate=-0.1, standard_error=0.01).harm(slack=0.1)
        0.5
        """
        beyond = self.estimate + slack
        if self.n < 2 or self.standard_error == 0.0:
            return 0.0 if beyond < 0.0 else 1.0
        return float(special.stdtr(self.n - 1, beyond / self.standard_error))


def segments_of(
    matrix: FeatureMatrix, contract: Contract, *, least: int = _LEAST_ROWS
) -> tuple[Segments, ...]:
    """Part rows by each feature: its commonest words, or its numbers' quartiles.

    Numbers of few distinct values are taken one by one. Missing values are a segment of
    their own. Whatever has fewer rows than can be judged is left out.

    Args:
        matrix: The rows that are judged.
        contract: What the columns are.
        least: Rows that a segment needs.
    """
    texts = [f for f in contract.features if f.kind is FeatureKind.CATEGORICAL]
    numbers = [f for f in contract.features if f.kind is not FeatureKind.CATEGORICAL]
    found = [
        *(_by_number(f, matrix.numeric[:, i], least) for i, f in enumerate(numbers)),
        *(_by_word(f, matrix.categorical[:, i], least) for i, f in enumerate(texts)),
    ]
    return tuple(one for one in found if len(one.names) > 1)


def segment_gains(losses: Floats, segments: Segments) -> tuple[SegmentGain, ...]:
    """Return the mean of paired differences in each segment, with its standard error.

    Args:
        losses: The champion's loss less the challenger's, shape ``(n,)``.
        segments: How the rows are parted.
    """
    inside = segments.codes != _OUTSIDE
    codes, values = segments.codes[inside], losses[inside]
    k = len(segments.names)
    n = np.bincount(codes, minlength=k)
    mean = np.bincount(codes, values, minlength=k) / np.maximum(n, 1)
    spread = np.bincount(codes, (values - mean[codes]) ** 2, minlength=k)
    error = np.sqrt(spread / np.maximum(n - 1, 1) / np.maximum(n, 1))
    return tuple(
        SegmentGain(
            name=name,
            n=int(n[i]),
            estimate=float(mean[i]),
            standard_error=float(error[i]),
        )
        for i, name in enumerate(segments.names)
    )


def _by_word(feature: Feature, words: NDArray[np.object_], least: int) -> Segments:
    known = {word: i for i, word in enumerate(sorted(set(words.tolist())))}
    codes = np.fromiter(map(known.__getitem__, words.tolist()), dtype=np.intp, count=words.size)
    names = [f"{feature.name} = {word}" if word != MISSING_CATEGORY else _missing(feature)
             for word in known]  # fmt: skip
    return _kept(names, codes, least)


def _by_number(feature: Feature, values: NDArray[np.float32], least: int) -> Segments:
    known = np.isfinite(values)
    present = np.unique(values[known])
    if present.size <= _MOST_SEGMENTS:
        names = [f"{feature.name} = {_value(feature, value)}" for value in present.tolist()]
        codes = np.searchsorted(present, values)
    else:
        cuts = np.unique(np.quantile(values[known], _QUARTILES, method="inverted_cdf"))
        ends = [float(present[0]), *cuts.tolist(), float(present[-1])]
        names = [f"{feature.name} {low:.6g} to {high:.6g}" for low, high in pairwise(ends)]
        codes = np.searchsorted(cuts, values, side="left")
    return _kept([*names, _missing(feature)], np.where(known, codes, len(names)), least)


def _value(feature: Feature, value: float) -> str:
    return str(bool(value)).lower() if feature.kind is FeatureKind.BOOLEAN else f"{value:g}"


def _missing(feature: Feature) -> str:
    return f"{feature.name} is missing"


def _kept(names: list[str], codes: NDArray[np.intp], least: int) -> Segments:
    """Return the largest segments of enough rows; those of no segment are coded so."""
    counts = np.bincount(codes, minlength=len(names))
    largest = np.argsort(-counts, kind="stable")[:_MOST_SEGMENTS]
    kept = [int(i) for i in np.sort(largest) if counts[i] >= least]
    place = np.full(len(names), _OUTSIDE, dtype=np.intp)
    place[kept] = np.arange(len(kept))
    return Segments(names=tuple(names[i] for i in kept), codes=place[codes])
