"""Whether a model does worse than on its reference, by more than noise and a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.stats.normal import excess_p_value
from holdfast.stats.proportion import fall_p_value

if TYPE_CHECKING:
    from holdfast.domain.releases import ModelMetrics

__all__ = ["Degradation", "DegradationPolicy", "DegradationVerdict", "degradation"]


class DegradationVerdict(StrEnum):
    """What is known of one metric."""

    DEGRADED = "degraded"
    HELD = "held"
    TOO_FEW = "too_few"  # rows, or rows of the rarer class, to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationPolicy:
    """From when a model counts as doing worse.

    Attributes:
        alpha: Chance, for each metric, of calling degraded what worsened by the tolerance.
        auc_tolerance: Fall of ROC AUC that is put up with.
        brier_tolerance: Rise of the Brier score that is put up with.
        min_rows: Labelled rows below which nothing is said.
        min_positives: The same for each of the two classes.
    """

    alpha: float = 0.05
    auc_tolerance: float = 0.01
    brier_tolerance: float = 0.01
    min_rows: int = 200
    min_positives: int = 20

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1; found {self.alpha}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """One metric of a window beside the reference's.

    Attributes:
        metric: Its name, as in `ModelMetrics.figures`.
        reference: What the model reached on its reference; None if that is not known.
        current: What it reached in the window; None if the window does not define it.
        worsening: By how much it got worse, in the metric's unit; negative if better.
        p_value: One-sided, of a worsening beyond the tolerance; None if too few rows.
        verdict: Degraded, held, or too few rows to tell.
        informational: Whether it is only shown, and never a reason to act.
    """

    metric: str
    reference: float | None
    current: float | None
    worsening: float | None
    p_value: float | None
    verdict: DegradationVerdict
    informational: bool


def degradation(
    reference: ModelMetrics, current: ModelMetrics, *, policy: DegradationPolicy
) -> tuple[Degradation, ...]:
    """Compare a window's realised performance with the model's reference.

    ROC AUC and Brier score are judged by ``(worsening - tolerance) / sqrt(se_reference² +
    se_current²)``, as the reference figure is an estimate too. Recall and accuracy at the
    threshold are two-proportion tests; a changed mix of classes moves them without any
    change of the model, so they inform only.

    Args:
        reference: On the rows the model was tested on before its release.
        current: On mature rows of the window.
        policy: The bounds.

    Returns:
        One result for each of ``roc_auc``, ``brier``, ``recall``, ``accuracy``.
    """
    enough = _enough(current, policy)
    return (
        _distance("roc_auc", reference, current, policy, enough=enough, higher_is_better=True),
        _distance("brier", reference, current, policy, enough=enough, higher_is_better=False),
        _share("recall", reference, current, policy, enough=enough),
        _share("accuracy", reference, current, policy, enough=enough),
    )


def _enough(current: ModelMetrics, policy: DegradationPolicy) -> bool:
    rarer = min(current.n_positive, current.n - current.n_positive)
    return current.n >= policy.min_rows and rarer >= policy.min_positives


def _distance(
    metric: str,
    reference: ModelMetrics,
    current: ModelMetrics,
    policy: DegradationPolicy,
    *,
    enough: bool,
    higher_is_better: bool,
) -> Degradation:
    tolerance = policy.auc_tolerance if higher_is_better else policy.brier_tolerance
    worsening = _worsening(metric, reference, current, higher_is_better=higher_is_better)
    errors = [window.standard_errors.get(metric) for window in (reference, current)]
    p_value = None
    if enough and worsening is not None and None not in errors:
        spread = math.hypot(*(error for error in errors if error is not None))
        p_value = excess_p_value(worsening - tolerance, standard_error=spread)
    return _result(
        metric, reference, current, worsening, p_value, policy=policy, informational=False
    )


def _share(
    metric: str,
    reference: ModelMetrics,
    current: ModelMetrics,
    policy: DegradationPolicy,
    *,
    enough: bool,
) -> Degradation:
    worsening = _worsening(metric, reference, current, higher_is_better=True)
    p_value = None
    if enough and worsening is not None:
        p_value = fall_p_value(_part_of_whole(metric, reference), _part_of_whole(metric, current))
    return _result(
        metric, reference, current, worsening, p_value, policy=policy, informational=True
    )


def _part_of_whole(metric: str, window: ModelMetrics) -> tuple[int, int]:
    whole = window.n_positive if metric == "recall" else window.n
    return round(window.figures[metric] * whole), whole


def _worsening(
    metric: str, reference: ModelMetrics, current: ModelMetrics, *, higher_is_better: bool
) -> float | None:
    if metric not in reference.figures or metric not in current.figures:
        return None
    change = current.figures[metric] - reference.figures[metric]
    return -change if higher_is_better else change


def _result(
    metric: str,
    reference: ModelMetrics,
    current: ModelMetrics,
    worsening: float | None,
    p_value: float | None,
    *,
    policy: DegradationPolicy,
    informational: bool,
) -> Degradation:
    verdict = DegradationVerdict.TOO_FEW
    if p_value is not None:
        degraded = p_value <= policy.alpha
        verdict = DegradationVerdict.DEGRADED if degraded else DegradationVerdict.HELD
    return Degradation(
        metric=metric,
        reference=reference.figures.get(metric),
        current=current.figures.get(metric),
        worsening=worsening,
        p_value=p_value,
        verdict=verdict,
        informational=informational,
    )
