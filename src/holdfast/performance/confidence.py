"""Whether a model has become less sure of itself than it was on its reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.drift.scores import MeanConfidence
from holdfast.stats.normal import excess_p_value

if TYPE_CHECKING:
    from holdfast.domain.releases import ModelMetrics

__all__ = [
    "ConfidenceDecay",
    "ConfidencePolicy",
    "ConfidenceVerdict",
    "confidence_decay",
    "reference_confidence",
]


class ConfidenceVerdict(StrEnum):
    """What is known of a model's confidence."""

    DECAYED = "decayed"
    HELD = "held"
    TOO_FEW = "too_few"  # rows to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidencePolicy:
    """From when confidence counts as decayed.

    Attributes:
        alpha: One-sided error level of the comparison.
        min_effect: Fall of mean |p - 0.5| that is worth a word.
        min_rows: Rows below which nothing is said.
    """

    alpha: float = 0.05
    min_effect: float = 0.02
    min_rows: int = 100

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1; found {self.alpha}")
        if self.min_rows < 2:
            raise ValueError(f"min_rows must be at least 2; found {self.min_rows}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceDecay:
    """Mean |p - 0.5| of a window beside the reference's.

    Attributes:
        reference: Mean on held-out reference rows, in [0, 0.5].
        current: Mean in the window.
        fall: Reference minus current; negative if the model became surer.
        p_value: One-sided, of a fall; None if too few rows.
        verdict: Decayed, held, or too few rows to tell.
    """

    reference: float
    current: float
    fall: float
    p_value: float | None
    verdict: ConfidenceVerdict


def confidence_decay(
    reference: MeanConfidence, current: MeanConfidence, *, policy: ConfidencePolicy | None = None
) -> ConfidenceDecay:
    """Compare a model's confidence in a window with its reference; needs no labels.

    Args:
        reference: Of held-out scores (`reference_confidence`, or a reference's
            `ScoreProfile.confidence`), never of training scores, which are surer.
        current: Of the window's scores, `ScoreProfile.confidence`.
        policy: The bounds; None takes the defaults.

    Source:
        Welch (1947), *The generalization of Student's problem*; normal in large samples.

    >>> before = MeanConfidence(mean=0.30, sd=0.1, n=1000)
    >>> confidence_decay(before, MeanConfidence(mean=0.25, sd=0.1, n=500)).verdict.value
    'decayed'
    """
    policy = policy or ConfidencePolicy()
    fall = reference.mean - current.mean
    p_value, verdict = None, ConfidenceVerdict.TOO_FEW
    if min(reference.n, current.n) >= policy.min_rows:
        spread = math.hypot(
            reference.sd / math.sqrt(reference.n), current.sd / math.sqrt(current.n)
        )
        p_value = excess_p_value(fall, standard_error=spread)
        decayed = p_value <= policy.alpha and fall >= policy.min_effect
        verdict = ConfidenceVerdict.DECAYED if decayed else ConfidenceVerdict.HELD
    return ConfidenceDecay(
        reference=reference.mean, current=current.mean, fall=fall, p_value=p_value, verdict=verdict
    )


def reference_confidence(metrics: ModelMetrics) -> MeanConfidence:
    """Return the confidence that a release was measured with."""
    return MeanConfidence(mean=metrics.confidence, sd=metrics.confidence_sd, n=metrics.n)
