"""What a champion's monitors ask of each bucket, and within which bounds its answers may lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from holdfast.drift.dates import CYCLES
from holdfast.drift.indicators import feature_indicators, score_indicators
from holdfast.drift.sequential import Monitor, Watched
from holdfast.performance.label_monitors import (
    HarmIndicators,
    calibration_indicators,
    harm_indicators,
    label_indicators,
)
from holdfast.stats.design_effect import DesignEffect, design_effect
from holdfast.stats.rate_bounds import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from holdfast.domain.releases import ModelMetrics
    from holdfast.drift.indicators import FeatureIndicators, ScoreIndicators
    from holdfast.drift.profile import Profile, ReferenceProfile
    from holdfast.drift.scores import ScoreProfile
    from holdfast.drift.sequential import Tally
    from holdfast.policy.alarm_budget import SequentialPolicy

__all__ = ["Watch", "design_effects", "watches_of"]

Counted = TypeVar("Counted")

_HARM_Z = 1.645  # one-sided 95%
_BOUND_LEVEL = 0.05  # chance that any bound is wrong because the reference is a sample


class _Rated(Protocol):
    """A few rates with what is known of them from the reference."""

    @property
    def words(self) -> tuple[str, ...]: ...

    def bounds(
        self, *, z: float, dispersion: float, tolerance: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question(Generic[Counted]):
    """One monitor before its bounds are known, and how it reads a bucket."""

    watched: Watched
    subject: str
    rated: _Rated
    read: Callable[[Counted], Tally]

    @property
    def name(self) -> str:
        feature = self.watched is Watched.FEATURE
        return f"feature:{self.subject}" if feature else self.watched.value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch(Generic[Counted]):
    """One monitor, and how it reads a bucket."""

    monitor: Monitor
    read: Callable[[Counted], Tally]


def watches_of(
    reference: ReferenceProfile,
    baseline: ModelMetrics,
    *,
    policy: SequentialPolicy,
    dispersion: Mapping[str, float],
    prices: tuple[float, float] | None,
) -> tuple[tuple[Watch[Profile], ...], tuple[Watch[ScoreProfile], ...]]:
    """Return the monitors of features and scores, and those of labels.

    Args:
        reference: The champion's reference counts, features and scores.
        baseline: What the champion reached on rows it had not seen.
        policy: The budget and the tolerances.
        dispersion: Design effect by monitor's name; 1 elsewhere.
        prices: What a false positive and a false negative cost, if the aim says so.
    """
    counted = _profile_questions(reference, policy)
    labels = _label_questions(reference, baseline, prices)
    n_rates = sum(map(_n_rates, counted)) + sum(map(_n_rates, labels))
    z = normal_quantile(_BOUND_LEVEL / (2 * max(1, n_rates)))
    bounded = partial(_watch, policy=policy, z=z, dispersion=dispersion)
    return _shared(map(bounded, counted)), _shared(map(bounded, labels))


def design_effects(
    watches: Sequence[Watch[Counted]], buckets: Sequence[Counted]
) -> dict[str, DesignEffect]:
    """Estimate the design effect of each monitor from buckets without a drift."""
    return {each.monitor.name: _effect(each, buckets) for each in watches}


def _effect(watch: Watch[Counted], buckets: Sequence[Counted]) -> DesignEffect:
    m = len(watch.monitor.indicators)
    tallies = [watch.read(counts) for counts in buckets]
    outcomes = [
        t.hits if t.lesser is None else t.hits + watch.monitor.lesser * t.lesser for t in tallies
    ]
    return design_effect(
        np.array(outcomes).reshape(-1, m), np.array([t.n for t in tallies]).reshape(-1, m)
    )


def _profile_questions(
    reference: ReferenceProfile, policy: SequentialPolicy
) -> list[_Question[Profile]]:
    """Return what is asked of features and scores."""
    grid, counts = reference.grid, reference.profile
    questions: list[_Question[Profile]] = []
    for place, (cells, known) in enumerate(zip(grid.features, counts.features, strict=True)):
        source = grid.dates.get(cells.name)
        if source is not None and source.part in CYCLES:
            continue
        rated = feature_indicators(known, cells, tolerance=policy.tolerance)
        questions.append(
            _Question(
                watched=Watched.FEATURE,
                subject=cells.name,
                rated=rated,
                read=partial(_feature_tally, rated, place),
            )
        )
    if counts.scores is not None and reference.score_grid is not None:
        scores = score_indicators(counts.scores, reference.score_grid)
        read = partial(_score_tally, scores)
        questions.append(_Question(watched=Watched.SCORE, subject="score", rated=scores, read=read))
    return questions


def _feature_tally(rated: FeatureIndicators, place: int, counts: Profile) -> Tally:
    return rated.tally(counts.features[place])


def _score_tally(rated: ScoreIndicators, counts: Profile) -> Tally:
    return rated.tally(counts.scores)


def _label_questions(
    reference: ReferenceProfile, baseline: ModelMetrics, prices: tuple[float, float] | None
) -> list[_Question[ScoreProfile]]:
    """Return what is asked of labels."""
    label = label_indicators(baseline)
    concept = calibration_indicators(reference.profile.scores, reference.score_grid)
    harm = harm_indicators(baseline, prices=prices)
    asked = {Watched.LABEL: label, Watched.CALIBRATION: concept, Watched.HARM: harm}
    return [
        _Question(watched=watched, subject=watched.value, rated=rated, read=rated.tally)
        for watched, rated in asked.items()
        if rated is not None
    ]


def _n_rates(question: _Question[Any]) -> int:
    return len(question.rated.words)


def _watch(
    question: _Question[Counted],
    *,
    policy: SequentialPolicy,
    z: float,
    dispersion: Mapping[str, float],
) -> Watch[Counted]:
    """Make a monitor that has the whole weight of its kind."""
    watched, rated = question.watched, question.rated
    factor = dispersion.get(question.name, 1.0)
    low, high = rated.bounds(
        # The loss is one rate, bet on in one direction, and against nobody's odds.
        z=_HARM_Z if watched is Watched.HARM else z,
        dispersion=factor,
        tolerance=policy.tolerated(watched),
    )
    monitor = Monitor(
        name=question.name,
        watched=watched,
        subject=question.subject,
        weight=policy.weight(watched),
        indicators=rated.words,
        high=high,
        low=low,
        dispersion=factor,
        lesser=rated.lesser if isinstance(rated, HarmIndicators) else 0.0,
    )
    return Watch(monitor=monitor, read=question.read)


def _shared(watches: Iterable[Watch[Counted]]) -> tuple[Watch[Counted], ...]:
    """Leave out what bets on nothing, and share each kind's weight among the others."""
    betting = [each for each in watches if each.monitor.bets and each.monitor.weight > 0.0]
    sizes = Counter(each.monitor.watched for each in betting)
    return tuple(
        replace(each, monitor=replace(one, weight=one.weight / sizes[one.watched]))
        for each in betting
        for one in [each.monitor]
    )
