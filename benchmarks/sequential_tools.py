"""Who watches the streams: Holdfast's monitors, the usual recipes, two dummies; day by day."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from benchmarks.detection_tools import decisive_methods
from benchmarks.sequential_rows import Shift
from benchmarks.sequential_streams import DAY, FIRST_DAY, draw

from holdfast.adapters.detectors.river import DETECTORS
from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.evidence import Severity
from holdfast.drift.report import compare
from holdfast.performance.degradation import (
    Degradation,
    DegradationPolicy,
    DegradationVerdict,
    degradation,
)
from holdfast.performance.realised import measure
from holdfast.policy.monitoring import Monitors, SequentialPolicy
from holdfast.stats.auc import roc_auc

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.sequential_rows import Population
    from benchmarks.sequential_streams import Day, Reference, Traffic
    from numpy.typing import NDArray

    from holdfast.drift.report import DriftReport
    from holdfast.drift.sequential import Monitor

    Floats = NDArray[np.float64]
    Labels = NDArray[np.bool_]

__all__ = [
    "OURS",
    "OUR_OWN",
    "PEERS",
    "Holdfast",
    "Peer",
    "Raised",
    "Scene",
    "Watcher",
    "estimated_auc",
]

OURS = "holdfast"
BESIDE_OURS = ("window_tests",)
_UNDATED = "holdfast_undated"
DAYS_PER_YEAR = 365.0
ALPHA = 0.05
_NANNYML_CHUNKS = 10
_NANNYML_SDS = 3.0
_WINDOW = 7  # days, the default of `[monitor] window`


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One alarm.

    Attributes:
        tool: Who raised it.
        monitor: Which part of it, if it has parts.
        day: At the end of which day, counted from 0.
        critical: Whether it was of the loudest kind.
        since: On which day the change began, as the tool estimates it; None if it does not.
    """

    tool: str
    monitor: str
    day: int
    critical: bool = False
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a watcher may know before the first day.

    Attributes:
        reference: The champion's.
        population: What further rows without drift are drawn from.
        traffic: Of each day.
        rng: Draws them.
    """

    reference: Reference
    population: Population
    traffic: Traffic
    rng: np.random.Generator


class Watcher(Protocol):
    """Sees each day once, when it is complete and its labels are known."""

    def see(self, day: Day) -> tuple[Raised, ...]:
        """Return the alarms of a day."""
        ...


class Holdfast:
    """The shipped monitors, with the settings that they have if nobody sets any.

    Where days are unlike, they learn from the reference's own days by how much.

    Args:
        scene: What is known before the first day.
        dated: Whether the reference's rows have times; without them there is nothing to
            learn of its days from.
    """

    def __init__(self, scene: Scene, *, dated: bool = True) -> None:
        self._tool = OURS if dated else _UNDATED
        make = partial(
            Monitors.of,
            scene.reference.profile,
            scene.reference.baseline,
            policy=SequentialPolicy(buckets_per_year=DAYS_PER_YEAR),
        )
        self._monitors = make()
        if dated and (days := scene.reference.days):
            labelled = [day.scores for day in days if day.scores is not None]
            effects = self._monitors.design_effects(days, labelled)
            self._monitors = make(dispersion={name: e.value for name, e in effects.items()})
        self._state = self._monitors.start(FIRST_DAY)

    @property
    def monitors(self) -> tuple[Monitor, ...]:
        """What they are, with what each puts up with."""
        return self._monitors.monitors

    def see(self, day: Day) -> tuple[Raised, ...]:
        """See `Watcher.see`."""
        self._state, seen = self._monitors.see(self._state, day.window, day.counts)
        self._state, learnt = self._monitors.learn(self._state, day.window, day.labelled)
        return tuple(
            Raised(
                tool=self._tool,
                monitor=alarm.monitor,
                day=day.number,
                critical=alarm.severity is Severity.CRITICAL,
                since=(alarm.onset_at - FIRST_DAY) // DAY,
            )
            for alarm in (*seen, *learnt)
        )


class DailyTests:
    """Each day against the reference, by our own report on a window; read in three ways.

    ``daily_report`` is its verdict (Benjamini–Hochberg at 5%, and an effect that matters),
    ``daily_corrected`` the same without asking for an effect, ``daily_5_percent`` each
    feature's Anderson–Darling or chi-square test at 5% by itself.
    """

    def __init__(self, scene: Scene) -> None:
        self._reference = scene.reference.profile.profile
        self._methods = decisive_methods()

    def see(self, day: Day) -> tuple[Raised, ...]:
        """See `Watcher.see`."""
        report = compare(self._reference, day.counts, methods=self._methods)
        said = {
            "daily_report": any(feature.drifted for feature in report.features),
            "daily_corrected": _least_p(report, adjusted=True) <= ALPHA,
            "daily_5_percent": _least_p(report, adjusted=False) <= ALPHA,
        }
        return tuple(_raised(tool, day) for tool, alarm in said.items() if alarm)


def _least_p(report: DriftReport, *, adjusted: bool) -> float:
    tests = [test for feature in report.features for test in feature.tests]
    if adjusted:
        return min((t.p_adjusted for t in tests if t.p_adjusted is not None), default=1.0)
    usual = [t.result for t in tests if t.result.method in {"anderson_darling", "chi_square"}]
    return min((r.p_value for r in usual if r.p_value is not None), default=1.0)


class NannyMl:
    """Realised and estimated ROC AUC of a day, beyond mean ± 3 sd of ten days before.

    Its calibration of the scores is left out: the champion's are calibrated.

    Source:
        The documentation of NannyML 0.13: standard-deviation thresholds, and
        confidence-based performance estimation (CBPE).
    """

    def __init__(self, scene: Scene) -> None:
        unchanged = Shift(population=scene.population)
        chunks = [draw(unchanged, scene.traffic, scene.rng) for _ in range(_NANNYML_CHUNKS)]
        found = [_aucs(scene.population.scores[c.rows], c.labels) for c in chunks]
        self._bounds = {tool: _bounds([one[tool] for one in found]) for tool in found[0]}

    def see(self, day: Day) -> tuple[Raised, ...]:
        """See `Watcher.see`."""
        found = _aucs(day.population.scores[day.drawn.rows], day.drawn.labels)
        return tuple(
            _raised(tool, day) for tool, auc in found.items() if _beyond(auc, self._bounds[tool])
        )


def _aucs(scores: Floats, labels: Labels) -> dict[str, float | None]:
    try:
        realised = roc_auc(labels, scores)
    except TooFewLabelsError:
        realised = None
    return {"nannyml_realised": realised, "nannyml_estimated": estimated_auc(scores)}


def estimated_auc(scores: Floats) -> float:
    """Return the ROC AUC to expect if the scores are true probabilities: CBPE.

    Each row counts as a positive with its score, as a negative with the rest.

    Args:
        scores: Calibrated P(y = 1), shape ``(n,)``.
    """
    positive = np.sort(scores)
    negative = 1.0 - positive
    below = np.cumsum(negative) - negative / 2  # a row against itself counts one half
    return float(positive @ below / (positive.sum() * negative.sum()))


def _bounds(chunks: list[float | None]) -> tuple[float, float]:
    known = np.array([value for value in chunks if value is not None])
    half = _NANNYML_SDS * float(known.std())  # over n, as NannyML has it
    return float(known.mean()) - half, float(known.mean()) + half


def _beyond(value: float | None, bounds: tuple[float, float]) -> bool:
    return value is not None and not bounds[0] <= value <= bounds[1]


class River:
    """ADWIN and Page–Hinkley, row by row, on the 0/1 loss and on one feature; as they come."""

    def __init__(self, _: Scene) -> None:
        self._watches = {
            f"{name}_{stream}": make().watch()
            for name, make in DETECTORS.items()
            for stream in ("loss", "charges")
        }

    def see(self, day: Day) -> tuple[Raised, ...]:
        """See `Watcher.see`."""
        people, rows = day.population, day.drawn.rows
        decided = people.scores[rows] >= people.contract.threshold
        streams = {
            "loss": (decided != day.drawn.labels).astype(np.float64),
            "charges": people.charges[rows],
        }
        return tuple(
            _raised(tool, day)
            for tool, watch in self._watches.items()
            if watch.take(streams[tool.rpartition("_")[2]])
        )


class Dummies:
    """One that alarms every day, and one that never does."""

    def __init__(self, _: Scene) -> None:
        pass

    def see(self, day: Day) -> tuple[Raised, ...]:
        """See `Watcher.see`."""
        return (Raised(tool="always", monitor="", day=day.number, critical=True),)


class WindowTests:
    """What stands beside our monitors in the budget of harm: two tests on the last seven days.

    ROC AUC and Brier score are tested each day anew, each at the level that its share of the
    budget leaves for a day.
    """

    def __init__(self, scene: Scene) -> None:
        policy = SequentialPolicy(buckets_per_year=DAYS_PER_YEAR)
        level = policy.window_test_weight * policy.alarms_per_year / DAYS_PER_YEAR
        self._policy = DegradationPolicy(alpha=level)
        self._baseline = scene.reference.baseline
        self._days: deque[tuple[Labels, Floats]] = deque(maxlen=_WINDOW)

    def see(self, day: Day) -> tuple[Raised, ...]:
        """See `Watcher.see`."""
        self._days.append((day.drawn.labels, day.population.scores[day.drawn.rows]))
        if len(self._days) < _WINDOW:
            return ()
        labels, scores = (np.concatenate(parts) for parts in zip(*self._days, strict=True))
        current = measure(labels, scores, threshold=day.population.contract.threshold)
        judged = degradation(self._baseline, current, policy=self._policy)
        fell = [one.verdict is DegradationVerdict.DEGRADED for one in judged if _acts(one)]
        return tuple(_raised(tool, day) for tool in BESIDE_OURS if any(fell))


def _acts(tested: Degradation) -> bool:
    return not tested.informational


def _raised(tool: str, day: Day) -> Raised:
    return Raised(tool=tool, monitor="", day=day.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A watcher, what its alarms are named, and how many rows of it a run can afford.

    Attributes:
        begin: Makes one.
        tools: The names of its alarms.
        learns: Whether what it says of a day depends on the days before.
        only_unlike: Whether there is something to see only where days are unlike.
        most_rows: In all years of one traffic together; None if its cost grows with days.
    """

    begin: Callable[[Scene], Watcher]
    tools: tuple[str, ...]
    learns: bool = False
    only_unlike: bool = False
    most_rows: int | None = None

    def years(self, traffic: Traffic, *, most: int) -> int:
        """Return how many years it can watch: one at least, if any.

        Args:
            traffic: Of each day.
            most: If its cost does not grow with rows.
        """
        if self.only_unlike and not traffic.unlike:
            return 0
        if self.most_rows is None:
            return most
        return min(most, max(1, self.most_rows // round(traffic.rows * DAYS_PER_YEAR)))


OUR_OWN = Peer(begin=Holdfast, tools=(OURS,), learns=True)
PEERS: tuple[Peer, ...] = (
    Peer(begin=partial(Holdfast, dated=False), tools=(_UNDATED,), learns=True, only_unlike=True),
    Peer(begin=WindowTests, tools=BESIDE_OURS, learns=True, most_rows=4_000_000),
    Peer(begin=DailyTests, tools=("daily_report", "daily_corrected", "daily_5_percent")),
    Peer(begin=NannyMl, tools=("nannyml_realised", "nannyml_estimated")),
    Peer(
        begin=River,
        tools=("adwin_loss", "adwin_charges", "page_hinkley_loss", "page_hinkley_charges"),
        learns=True,
        most_rows=15_000_000,
    ),
    Peer(begin=Dummies, tools=("always", "never")),
)
