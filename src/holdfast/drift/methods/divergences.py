"""How far apart two windows are on ten bins: sizes beside what chance alone would give.

The value of a divergence without any drift grows with the number of bins and falls with
the number of rows, so that a threshold on the value alone means little. Each therefore
carries its mean over random deals of the same rows (`expected`) and the share of deals
that reach it (`p_value`, in steps of 0.005: to be read, too coarse to make a verdict).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.methods.protocol import Comparison, MethodResult
from holdfast.stats import share_distances
from holdfast.stats.divergence import SMOOTHING
from holdfast.stats.permutation import share_reaching
from holdfast.stats.share_distances import shares

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "Hellinger",
    "JensenShannon",
    "KullbackLeibler",
    "PopulationStabilityIndex",
    "TotalVariation",
]


class _Divergence:
    """What divergences have in common: they apply to all, missing values have a bin."""

    is_test = False

    def applies(self, pair: Comparison) -> bool:
        """Every feature; missing values have a bin of their own."""
        return pair.reference.kind == pair.current.kind


class PopulationStabilityIndex(_Divergence):
    """The index known from credit scoring, on ten bins, half a row added to each."""

    name = "population_stability_index"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the index in nats."""
        return _beside_chance(pair, self.name, share_distances.stability, smoothing=SMOOTHING)


class JensenShannon(_Divergence):
    """The Jensen–Shannon distance on ten bins."""

    name = "jensen_shannon"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        return _beside_chance(pair, self.name, share_distances.jensen_shannon)


class KullbackLeibler(_Divergence):
    """The divergence of the current window from the reference, half a row added per bin."""

    name = "kullback_leibler"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the divergence in nats."""
        return _beside_chance(
            pair, self.name, share_distances.relative_entropy, smoothing=SMOOTHING
        )


class Hellinger(_Divergence):
    """The Hellinger distance on ten bins."""

    name = "hellinger"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        return _beside_chance(pair, self.name, share_distances.hellinger)


class TotalVariation(_Divergence):
    """The share of rows that would have to move to another of the ten bins."""

    name = "total_variation"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        return _beside_chance(pair, self.name, share_distances.variation)


def _beside_chance(
    pair: Comparison,
    name: str,
    distance: Callable[[Floats, Floats], Floats],
    *,
    smoothing: float = 0.0,
) -> MethodResult:
    found = float(distance(*(shares(side, smoothing=smoothing) for side in pair.bins)))
    dealt = distance(*(shares(side, smoothing=smoothing) for side in pair.deals))
    return MethodResult(
        method=name,
        statistic=found,
        p_value=share_reaching(found, dealt),
        effect=found,
        expected=float(dealt.mean()),
    )
