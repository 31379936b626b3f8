"""How monitors watch bucket after bucket: what each bets on, and when it raises an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.evidence import Severity  # noqa: TC001 - msgspec reads it at run time
from holdfast.domain.windows import since_1970
from holdfast.stats.e_detector import STAKES, grown, log_gains, log_group_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.windows import Window

    Floats = NDArray[np.float64]
    Indexes = NDArray[np.intp]

__all__ = ["Alarm", "Bank", "Monitor", "Tally", "Track", "Watched"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Watched(StrEnum):
    """What a monitor watches."""

    FEATURE = "feature"
    SCORE = "score"
    LABEL = "label"
    CALIBRATION = "calibration"
    HARM = "harm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One monitor's evidence has reached its bar.

    Attributes:
        monitor: Its name, such as ``feature:tenure``.
        watched: What it watches.
        subject: The feature's name; else what is watched.
        severity: A warning, or critical.
        raised_at: End of the bucket that did it.
        onset_at: Since when the strongest bet has been winning: the start of a bucket.
        indicator: In words, which rate rose or fell.
        rate: That rate since the onset.
        bound: The rate that was put up with.
    """

    monitor: str
    watched: Watched
    subject: str
    severity: Severity
    raised_at: datetime
    onset_at: datetime
    indicator: str
    rate: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Monitor:
    """A few rates that are watched as one, with what is put up with of each.

    Attributes:
        name: Unique in a project.
        watched: What kind of thing.
        subject: Which of them.
        weight: Its share of the budget of false alarms, above 0.
        indicators: In words, what each rate is the rate of; shape ``(m,)``.
        high: The highest rates that are put up with; at 1 a rise is not bet on.
        low: The lowest; at 0 a fall is not bet on.
        dispersion: By how much rows vary more than independent ones, at least 1.
        lesser: What a row of the lesser kind counts, a hit counting 1.
    """

    name: str
    watched: Watched
    subject: str
    weight: float
    indicators: tuple[str, ...]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    dispersion: float
    lesser: float = 0.0

    @property
    def bets(self) -> bool:
        """Whether any rate is bet on at all."""
        return bool((self.high < 1.0).any() or (self.low > 0.0).any())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What one bucket holds for one monitor.

    Attributes:
        hits: Rows with a hit, by indicator, shape ``(m,)``.
        n: Rows that could have had one.
        lesser: Rows with a hit of the lesser kind, or None if there is but one kind.
    """

    hits: Floats
    n: Floats
    lesser: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """What a bank has gathered: for each bet and stake, shape ``(b, 7)`` throughout.

    Attributes:
        log_m: Log of the evidence that some change has happened.
        log_c: Log of the evidence that it happened at the likeliest moment.
        since: That moment, in microseconds since 1970.
        hits: Sum of outcomes since then.
        rows: Rows since then.
    """

    log_m: NDArray[np.float32]
    log_c: NDArray[np.float32]
    since: NDArray[np.int64]
    hits: NDArray[np.float64]
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bets:
    """The bets of a bank's monitors, one after the other, shape ``(b,)``."""

    indicator: Indexes  # which of all the monitors' indicators
    falls: NDArray[np.bool_]
    rates: Floats  # the highest of hits, or of what is no hit
    lesser: Floats
    starts: Indexes  # each monitor's first bet
    won: Floats  # log gain of a hit at each stake, shape (b, 7)
    partly: Floats  # of a lesser hit
    lost: Floats  # of no hit


@dataclass(frozen=True, kw_only=True, eq=False)
class Bank:
    """Monitors that see the same buckets, each with its bar.

    Attributes:
        monitors: All of them bet on something.
        bars: The evidence from which each raises an alarm, shape ``(g,)``.
        severity: Of those alarms.
    """

    monitors: tuple[Monitor, ...]
    bars: NDArray[np.float64]
    severity: Severity

    def __post_init__(self) -> None:
        idle = [monitor.name for monitor in self.monitors if not monitor.bets]
        if idle:
            raise ValueError(f"monitors that bet on nothing cannot alarm: {', '.join(idle)}")

    @cached_property
    def _bets(self) -> _Bets:
        high = np.concatenate([np.zeros(0), *(m.high for m in self.monitors)])
        low = np.concatenate([np.zeros(0), *(m.low for m in self.monitors)])
        owner = np.repeat(np.arange(len(self.monitors)), [m.high.size for m in self.monitors])
        indicator = np.tile(np.arange(high.size), 2)
        falls = np.repeat([False, True], high.size)
        rates = np.concatenate([high, 1.0 - low])
        # A monitor's bets lie together; a bound of 0 or 1 cannot be passed, nor bet against.
        order = np.argsort(owner[indicator], kind="stable")
        order = order[(rates[order] > 0.0) & (rates[order] < 1.0)]
        owners = owner[indicator[order]]
        dispersion = np.array([m.dispersion for m in self.monitors])[owners]
        lesser = np.array([m.lesser for m in self.monitors])[owners]
        return _Bets(
            indicator=indicator[order],
            falls=falls[order],
            rates=rates[order],
            lesser=lesser,
            starts=np.searchsorted(owners, np.arange(len(self.monitors))),
            won=log_gains(1.0, rates=rates[order], dispersion=dispersion),
            partly=log_gains(lesser, rates=rates[order], dispersion=dispersion),
            lost=log_gains(0.0, rates=rates[order], dispersion=dispersion),
        )

    def start(self) -> Track:
        """Return the track before the first bucket."""
        shape = (self._bets.rates.size, STAKES.size)
        return Track(
            log_m=np.full(shape, -np.inf, dtype=np.float32),
            log_c=np.zeros(shape, dtype=np.float32),
            since=np.zeros(shape, dtype=np.int64),
            hits=np.zeros(shape),
            rows=np.zeros(shape, dtype=np.int64),
        )

    def shares(self, track: Track) -> NDArray[np.float64]:
        """Return how near each monitor is to its alarm: its evidence as a share of its bar.

        Args:
            track: From `start`, or from the bucket before.

        Returns:
            Shape ``(g,)``, below 1.
        """
        log_m = track.log_m.astype(np.float64)
        shares: Floats = np.exp(log_group_means(log_m, self._bets.starts)) / self.bars
        return shares

    def fits(self, track: Track) -> bool:
        """Return whether a track has the shape of this bank's."""
        shape = (self._bets.rates.size, STAKES.size)
        fields = (track.log_m, track.log_c, track.since, track.hits, track.rows)
        return all(field.shape == shape for field in fields)

    def advance(
        self, track: Track, bucket: Window, tallies: Sequence[Tally]
    ) -> tuple[Track, tuple[Alarm, ...]]:
        """Take one bucket in; where evidence reaches its bar, raise an alarm and begin anew.

        Args:
            track: From `start`, or from the bucket before.
            bucket: When the rows were.
            tallies: What each monitor counts in it.
        """
        if not self.monitors:
            return track, ()
        bets = self._bets
        outcomes, rows, log_e = self._wagered(tallies)
        # A bet without rows learns nothing, and must not grow by standing still.
        seen = (rows > 0)[:, np.newaxis]
        anew = seen & (track.log_c <= 0.0)
        log_m = np.where(seen, grown(track.log_m.astype(np.float64), log_e), track.log_m)
        after = Track(
            log_m=log_m.astype(np.float32),
            log_c=(np.where(anew, 0.0, track.log_c) + log_e).astype(np.float32),
            since=np.where(anew, since_1970(bucket.start_at), track.since),
            hits=np.where(anew, 0.0, track.hits) + outcomes[:, np.newaxis],
            rows=np.where(anew, 0, track.rows) + rows[:, np.newaxis].astype(np.int64),
        )
        reached = log_group_means(log_m, bets.starts) >= np.log(self.bars)
        return self._alarmed(after, bucket, np.flatnonzero(reached))

    def _wagered(self, tallies: Sequence[Tally]) -> tuple[Floats, Floats, Floats]:
        """Return each bet's sum of outcomes, its rows, and its log e-value at each stake."""
        bets = self._bets
        hits = np.concatenate([tally.hits for tally in tallies])[bets.indicator]
        rows = np.concatenate([tally.n for tally in tallies])[bets.indicator]
        parts = [np.zeros(t.n.size) if t.lesser is None else t.lesser for t in tallies]
        partly = np.concatenate(parts)[bets.indicator]
        won = np.where(bets.falls, rows - hits - partly, hits)
        lost = rows - won - partly
        log_e = (
            won[:, np.newaxis] * bets.won
            + partly[:, np.newaxis] * bets.partly
            + lost[:, np.newaxis] * bets.lost
        )
        return won + partly * bets.lesser, rows, log_e

    def _alarmed(
        self, track: Track, bucket: Window, reached: Indexes
    ) -> tuple[Track, tuple[Alarm, ...]]:
        bets = self._bets
        ends = np.append(bets.starts[1:], bets.rates.size)
        alarms = []
        for index in reached:
            own = slice(int(bets.starts[index]), int(ends[index]))
            bet, stake = np.unravel_index(np.argmax(track.log_m[own]), track.log_m[own].shape)
            alarms.append(self._alarm(track, bucket, index, own.start + int(bet), int(stake)))
            track.log_m[own] = -np.inf
            track.log_c[own] = 0.0
        return track, tuple(alarms)

    def _alarm(self, track: Track, bucket: Window, index: int, bet: int, stake: int) -> Alarm:
        """Put the alarm of a monitor into words, by the component that won most."""
        bets, monitor = self._bets, self.monitors[index]
        before = sum(m.high.size for m in self.monitors[:index])
        words = monitor.indicators[int(bets.indicator[bet]) - before]
        falls = bool(bets.falls[bet])
        rate = float(track.hits[bet, stake] / track.rows[bet, stake])
        bound = float(bets.rates[bet])
        return Alarm(
            monitor=monitor.name,
            watched=monitor.watched,
            subject=monitor.subject,
            severity=self.severity,
            raised_at=bucket.end_at,
            onset_at=_EPOCH + timedelta(microseconds=int(track.since[bet, stake])),
            indicator=f"{words} {'fell' if falls else 'rose'}",
            rate=1.0 - rate if falls else rate,
            bound=1.0 - bound if falls else bound,
        )
