"""How often monitors may cry wolf, how that is shared, and which changes are put up with."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from holdfast.drift.sequential import Watched

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SequentialPolicy"]

_WEIGHTS = MappingProxyType(
    {
        Watched.FEATURE: 0.4,
        Watched.CALIBRATION: 0.3,
        Watched.HARM: 0.15,
        Watched.SCORE: 0.1,
        Watched.LABEL: 0.05,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialPolicy:
    """How often the monitors may cry wolf, and which changes are worth an alarm.

    Attributes:
        buckets_per_year: How many buckets a year has.
        alarms_per_year: False alarms of all monitors that are put up with, on average.
        critical_per_year: The same for critical ones.
        weights: How the budget is shared; the parts are at most 1 together. Features share
            theirs equally. Of that of harm, a third is the e-detector's and a third is each
            of the two window tests', of ROC AUC and of the Brier score.
        tolerance: Change of a rate of features, scores or labels that is put up with.
        calibration_tolerance: The same for the share of positives at a score.
        harm_tolerance: The same for the mean loss.
    """

    buckets_per_year: float
    alarms_per_year: float = 4.0
    critical_per_year: float = 0.05
    weights: Mapping[Watched, float] = field(default_factory=lambda: _WEIGHTS, hash=False)
    tolerance: float = 0.02
    calibration_tolerance: float = 0.05
    harm_tolerance: float = 0.01

    def __post_init__(self) -> None:
        for name in ("buckets_per_year", "alarms_per_year", "critical_per_year"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be above 0; found {getattr(self, name)}")
        parts = self.weights.values()
        if min(parts, default=0.0) < 0.0 or sum(parts) > 1.0 + 1e-9:
            raise ValueError(
                f"weights must be 0 or more, and 1 at most together; found {dict(self.weights)}"
            )

    def weight(self, watched: Watched) -> float:
        """Return the share of the budget for all e-detectors of a kind."""
        whole = self.weights.get(watched, 0.0)
        return whole / 3 if watched is Watched.HARM else whole

    @property
    def window_test_weight(self) -> float:
        """The share of the budget for each of the two window tests of harm."""
        return self.weights.get(Watched.HARM, 0.0) / 3

    def tolerated(self, watched: Watched) -> float:
        """Return the change of a rate that is put up with."""
        special = {
            Watched.CALIBRATION: self.calibration_tolerance,
            Watched.HARM: self.harm_tolerance,
        }
        return special.get(watched, self.tolerance)
