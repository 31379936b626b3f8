"""Watch a champion bucket by bucket: all its monitors, within one budget of false alarms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.canonical import digest
from holdfast.domain.errors import GridMismatchError
from holdfast.domain.evidence import Severity
from holdfast.drift.sequential import Alarm, Bank, Monitor, Watched
from holdfast.policy.alarm_budget import SequentialPolicy
from holdfast.policy.monitor_state import MonitorState
from holdfast.policy.watching import Watch, design_effects, watches_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from holdfast.domain.releases import ModelMetrics
    from holdfast.domain.windows import Window
    from holdfast.drift.profile import Profile, ReferenceProfile
    from holdfast.drift.scores import ScoreProfile
    from holdfast.stats.design_effect import DesignEffect

__all__ = ["Alarm", "MonitorState", "Monitors", "SequentialPolicy", "Watched"]

_LOUD = (Watched.CALIBRATION, Watched.HARM)  # the others have not shown that anything is worse


@dataclass(frozen=True, kw_only=True, eq=False)
class Monitors:
    """All monitors of a champion; made once, immutable. What they gather is a `MonitorState`.

    If every bucket is handed in once and nothing changes beyond what is put up with, there
    are ``alarms_per_year`` alarms a year at most on average, however the monitors depend on
    each other: given that rows are exchangeable within a bucket up to the design effect, and
    that the reference covers the season.

    Attributes:
        reference: What the champion's buckets are compared with.
        policy: Budget and tolerances.
        on_rows: Monitors of features and scores.
        on_labels: Of labels, calibration and harm.
    """

    reference: ReferenceProfile
    policy: SequentialPolicy
    on_rows: tuple[Watch[Profile], ...]
    on_labels: tuple[Watch[ScoreProfile], ...]

    @classmethod
    def of(
        cls,
        reference: ReferenceProfile,
        baseline: ModelMetrics,
        *,
        policy: SequentialPolicy,
        dispersion: Mapping[str, float] = MappingProxyType({}),
        prices: tuple[float, float] | None = None,
    ) -> Monitors:
        """Make the monitors of a champion.

        Left out is what has nothing to bet on, for want of reference rows or of labelled
        scores. So are the hour, weekday and month of dates: a bucket holds one of them by
        its nature.

        Args:
            reference: The champion's reference counts, features and scores.
            baseline: What the champion reached on rows it had not seen.
            policy: The budget and the tolerances.
            dispersion: Design effect by monitor's name, from `design_effects`; 1 elsewhere.
            prices: What a false positive and a false negative cost, if the aim says so.
        """
        on_rows, on_labels = watches_of(
            reference, baseline, policy=policy, dispersion=dispersion, prices=prices
        )
        return cls(reference=reference, policy=policy, on_rows=on_rows, on_labels=on_labels)

    @property
    def monitors(self) -> tuple[Monitor, ...]:
        """Every monitor, with what it bets on."""
        rows = tuple(each.monitor for each in self.on_rows)
        return rows + tuple(each.monitor for each in self.on_labels)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is watched, its bounds and its bars; a state belongs to one."""
        score_grid = self.reference.score_grid
        return digest(
            {
                "grid": self.reference.grid.digest,
                "scores": None if score_grid is None else score_grid.digest,
                "budget": [
                    self.policy.buckets_per_year,
                    self.policy.alarms_per_year,
                    self.policy.critical_per_year,
                ],
                "monitors": [_plain(monitor) for monitor in self.monitors],
            }
        )

    def start(self, at: datetime) -> MonitorState:
        """Return the state before the first bucket.

        Args:
            at: From which bucket on; aware.
        """
        return MonitorState(
            digest=self.digest,
            seen_until=at,
            learnt_until=at,
            n_seen=0,
            n_learnt=0,
            seeing=self._seeing.start(),
            learning=self._learning.start(),
            critical=self._critical.start(),
        )

    def shares(self, state: MonitorState) -> dict[str, float]:
        """Return how near each monitor is to a warning: its evidence as a share of its bar.

        Args:
            state: From `start`, or from the bucket before.
        """
        banks = ((self._seeing, state.seeing), (self._learning, state.learning))
        return {
            monitor.name: float(share)
            for bank, track in banks
            for monitor, share in zip(bank.monitors, bank.shares(track), strict=True)
        }

    def see(
        self, state: MonitorState, bucket: Window, counts: Profile
    ) -> tuple[MonitorState, tuple[Alarm, ...]]:
        """Take in the features and scores of one complete bucket.

        Args:
            state: From `start`, or from the bucket before.
            bucket: When the rows were. One that was seen before changes nothing.
            counts: Of its rows, with the champion's own scores or none; without a row only
                the cursor moves.

        Raises:
            GridMismatchError: If they were counted on another grid, or are another
                release's scores.
            ValueError: If the state is another champion's, or the bucket was seen in part.
        """
        if not self._is_next(state, bucket, state.seen_until):
            return state, ()
        if counts.grid_digest != self.reference.grid.digest:
            raise GridMismatchError(self.reference.grid.digest, counts.grid_digest)
        state = replace(state, seen_until=bucket.end_at, n_seen=state.n_seen + counts.n_rows)
        if counts.n_rows == 0:
            return state, ()
        tallies = [each.read(counts) for each in self.on_rows]
        track, alarms = self._seeing.advance(state.seeing, bucket, tallies)
        return replace(state, seeing=track), alarms

    def learn(
        self, state: MonitorState, bucket: Window, labelled: ScoreProfile
    ) -> tuple[MonitorState, tuple[Alarm, ...]]:
        """Take in the labels of one mature bucket.

        Args:
            state: From `start`, or from the bucket before.
            bucket: When the rows were. One that was learnt before changes nothing.
            labelled: The champion's scores of rows whose labels are known, counted with them
                by `holdfast.drift.scores.score_profile`; without a row only the cursor moves.

        Returns:
            The state, and the alarms: of one monitor the critical one, if it has two.

        Raises:
            GridMismatchError: If they are another release's scores.
            ValueError: If the state is another champion's, or the bucket was learnt in part.
        """
        if not self._is_next(state, bucket, state.learnt_until):
            return state, ()
        scores = self.reference.score_grid
        if scores is not None and labelled.grid_digest != scores.digest:
            raise GridMismatchError(scores.digest, labelled.grid_digest)
        n_learnt = state.n_learnt + labelled.n_labelled
        state = replace(state, learnt_until=bucket.end_at, n_learnt=n_learnt)
        if labelled.n_labelled == 0:
            return state, ()
        tallies = [each.read(labelled) for each in self.on_labels]
        learning, alarms = self._learning.advance(state.learning, bucket, tallies)
        loud = [t for t, m in zip(tallies, self._learning.monitors, strict=True) if _is_loud(m)]
        critical, worst = self._critical.advance(state.critical, bucket, loud)
        said = {alarm.monitor for alarm in worst}
        quieter = tuple(alarm for alarm in alarms if alarm.monitor not in said)
        return replace(state, learning=learning, critical=critical), (*worst, *quieter)

    def design_effects(
        self, seen: Sequence[Profile], learnt: Sequence[ScoreProfile] = ()
    ) -> dict[str, DesignEffect]:
        """Estimate how much the rows of a bucket vary together, for each monitor.

        Args:
            seen: Buckets of the reference, or of another time without a drift.
            learnt: The same of labelled scores.

        Returns:
            By monitor's name; where too few buckets tell, rows are taken as independent.
        """
        return design_effects(self.on_rows, seen) | design_effects(self.on_labels, learnt)

    @cached_property
    def _seeing(self) -> Bank:
        return self._bank(self.on_rows, self.policy.alarms_per_year, Severity.WARNING)

    @cached_property
    def _learning(self) -> Bank:
        return self._bank(self.on_labels, self.policy.alarms_per_year, Severity.WARNING)

    @cached_property
    def _critical(self) -> Bank:
        loud = [each for each in self.on_labels if _is_loud(each.monitor)]
        return self._bank(loud, self.policy.critical_per_year, Severity.CRITICAL)

    def _bank(self, watches: Sequence[Watch[Any]], per_year: float, severity: Severity) -> Bank:
        monitors = tuple(each.monitor for each in watches)
        weights = np.array([monitor.weight for monitor in monitors])
        bars = self.policy.buckets_per_year / per_year / weights
        return Bank(monitors=monitors, bars=bars, severity=severity)

    def _is_next(self, state: MonitorState, bucket: Window, until: datetime) -> bool:
        """Return whether a bucket is still to come."""
        if state.digest != self.digest:
            raise ValueError(
                f"a state of these monitors ({self.digest[:12]}) is needed, from `start`; "
                f"found one of others ({state.digest[:12]})"
            )
        if bucket.end_at <= until:
            return False
        if bucket.start_at < until:
            raise ValueError(
                f"buckets must not overlap: the one from {bucket} began before {until}, "
                "up to which rows were counted"
            )
        return True


def _is_loud(monitor: Monitor) -> bool:
    return monitor.watched in _LOUD


def _plain(monitor: Monitor) -> dict[str, Any]:
    return {
        "name": monitor.name,
        "weight": monitor.weight,
        "indicators": list(monitor.indicators),
        "high": monitor.high.tolist(),
        "low": monitor.low.tolist(),
        "dispersion": monitor.dispersion,
        "lesser": monitor.lesser,
    }
