"""How far apart two windows are on ten bins: sizes beside what chance alone would give.

The value of a divergence without any drift grows with the number of bins and falls with
the number of rows, so that a threshold on the value alone means little. Each therefore
carries its mean over random deals of the same rows (`expected`) and the share of deals
that reach it (`p_value`, in steps of 0.005: to be read, too coarse to make a verdict).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.methods.protocol import Comparison, MethodResult
from holdfast.stats import divergence
from holdfast.stats.permutation import share_reaching

if TYPE_CHECKING:
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
        index = divergence.population_stability_index(*pair.smoothed_shares)
        return _beside_chance(self.name, index)


class JensenShannon(_Divergence):
    """The Jensen–Shannon distance on ten bins."""

    name = "jensen_shannon"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        return _beside_chance(self.name, divergence.jensen_shannon(*pair.shares))


class KullbackLeibler(_Divergence):
    """The divergence of the current window from the reference, half a row added per bin."""

    name = "kullback_leibler"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the divergence in nats."""
        return _beside_chance(self.name, divergence.kullback_leibler(*pair.smoothed_shares))


class Hellinger(_Divergence):
    """The Hellinger distance on ten bins."""

    name = "hellinger"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        return _beside_chance(self.name, divergence.hellinger(*pair.shares))


class TotalVariation(_Divergence):
    """The share of rows that would have to move to another of the ten bins."""

    name = "total_variation"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        return _beside_chance(self.name, divergence.total_variation(*pair.shares))


def _beside_chance(name: str, values: Floats) -> MethodResult:
    """Set the observed value, the first, beside those of the random deals."""
    found, dealt = float(values[0]), values[1:]
    return MethodResult(
        method=name,
        statistic=found,
        p_value=share_reaching(found, dealt),
        effect=found,
        expected=float(dealt.mean()),
    )
