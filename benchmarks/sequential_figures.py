"""From alarms to rates, delays and errors, each with its interval; and whether bounds hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from benchmarks.sequential_tools import BESIDE_OURS, OURS
from scipy import stats

from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

    from benchmarks.sequential_tools import Raised

__all__ = ["Found", "Quiet", "checks", "found_figures", "quiet_figures"]

MOST_ALARMS = 4.0
MOST_CRITICAL = 0.05
MOST_AT_THE_EDGE = 0.2  # the monitor of labels has a twentieth of the budget
_NORMAL_95 = 1.96
_FEW = 20  # alarms in all years together
_Item = TypeVar("_Item")
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What one tool said in one year without drift.

    Attributes:
        tool: Which.
        traffic: The year's.
        alarms: By monitor; of a peer the days with an alarm, under no name.
        n_critical: How many of them were critical.
    """

    tool: str
    traffic: str
    alarms: dict[str, int]
    n_critical: int

    @classmethod
    def of(cls, raised: Sequence[Raised], *, tool: str, traffic: str) -> Self:
        """Count the alarms that a tool raised."""
        return cls(
            tool=tool,
            traffic=traffic,
            alarms=dict(Counter(one.monitor for one in raised)),
            n_critical=sum(one.critical for one in raised),
        )

    @property
    def n(self) -> int:
        """All alarms of the year."""
        return sum(self.alarms.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whether and when one tool found one shift.

    Attributes:
        tool: Which.
        traffic: Of the stream.
        kind: Of shift.
        size: Of it.
        delay: Days until the end of the one that alarmed, 1 for the first; None: not found.
        onset_error: Days by which the shift is dated too late; None if it is not dated.
    """

    tool: str
    traffic: str
    kind: str
    size: float
    delay: int | None
    onset_error: int | None

    @classmethod
    def of(
        cls,
        first: Raised | None,
        *,
        tool: str,
        traffic: str,
        kind: str,
        size: float,
        shifted_on: int,
    ) -> Self:
        """Measure the first alarm after a shift.

        Args:
            first: That alarm, if there was one.
            tool: Whose.
            traffic: Of the stream.
            kind: Of shift.
            size: Of it.
            shifted_on: The first day with it.
        """
        since = None if first is None else first.since
        return cls(
            tool=tool,
            traffic=traffic,
            kind=kind,
            size=size,
            delay=None if first is None else first.day - shifted_on + 1,
            onset_error=None if since is None else since - shifted_on,
        )


def quiet_figures(quiet: Iterable[Quiet]) -> dict[str, Any]:
    """Return by traffic and tool how often it alarmed in years without drift."""
    years = _grouped(quiet, lambda one: (one.traffic, one.tool))
    figures: dict[str, Any] = defaultdict(dict)
    for (traffic, tool), found in years.items():
        figures[traffic][tool] = _of_years(found)
    return dict(figures)


def _of_years(years: Sequence[Quiet]) -> dict[str, Any]:
    critical = wilson(sum(one.n_critical > 0 for one in years), len(years))
    quiet = wilson(sum(one.n == 0 for one in years), len(years))
    return {
        "streams": len(years),
        "alarms_a_year": _mean([one.n for one in years]),
        "years_with_critical": _share(critical.estimate, critical.low, critical.high),
        "years_without_any": _share(quiet.estimate, quiet.low, quiet.high),
        "by_kind": _by(years, lambda monitor: monitor.partition(":")[0]),
        "by_monitor": _by(years, lambda monitor: monitor),
    }


def _by(years: Sequence[Quiet], kind_of: Callable[[str], str]) -> dict[str, float]:
    total: Counter[str] = Counter()
    for one in years:
        for monitor, n in one.alarms.items():
            if monitor:
                total[kind_of(monitor)] += n
    return {kind: n / len(years) for kind, n in sorted(total.items())}


def _mean(values: Sequence[int]) -> dict[str, float]:
    found = np.array(values, dtype=np.float64)
    n, total = found.size, float(found.sum())
    if total < _FEW:  # Poisson's exact interval (Garwood): none seen does not mean none to come
        low = float(stats.chi2.ppf(0.025, 2 * total)) / 2 / n if total else 0.0
        return _share(total / n, low, float(stats.chi2.ppf(0.975, 2 * total + 2)) / 2 / n)
    half = _NORMAL_95 * float(found.std(ddof=1)) / np.sqrt(n) if n > 1 else 0.0
    return _share(total / n, max(0.0, total / n - half), total / n + half)


def _share(estimate: float, low: float, high: float) -> dict[str, float]:
    return {"estimate": estimate, "low": low, "high": high}


def found_figures(found: Iterable[Found]) -> list[dict[str, Any]]:
    """Return by kind, size, traffic and tool how often and how soon shifts were found."""
    groups = _grouped(found, lambda one: (one.kind, one.size, one.traffic, one.tool))
    return [
        {"kind": kind, "size": size, "traffic": traffic, "tool": tool, **_of_shifts(members)}
        for (kind, size, traffic, tool), members in groups.items()
    ]


def _of_shifts(found: Sequence[Found]) -> dict[str, Any]:
    delays = [one.delay for one in found if one.delay is not None]
    errors = [one.onset_error for one in found if one.onset_error is not None]
    share = wilson(len(delays), len(found))
    return {
        "streams": len(found),
        "found": _share(share.estimate, share.low, share.high),
        # Those that were not found count as later than all others.
        "median_delay": _median_of_all(delays, len(found)),
        "onset_error": _quartiles(errors) if errors else None,
        "onset_within_3_days": float(np.mean(np.abs(errors) <= 3)) if errors else None,
    }


def _median_of_all(delays: Sequence[int], n: int) -> float | None:
    ordered = sorted(delays)
    middle = (n - 1) // 2
    return float(ordered[middle]) if middle < len(ordered) else None


def _quartiles(errors: Sequence[int]) -> dict[str, float]:
    low, median, high = np.quantile(errors, [0.25, 0.5, 0.75])
    return {"low": float(low), "median": float(median), "high": float(high)}


def checks(quiet: Sequence[Quiet], edge: Sequence[Quiet]) -> dict[str, Any]:
    """Return each bound with what was found.

    Args:
        quiet: Years without drift.
        edge: Years at the edge of what is put up with; there the bound may be
            reached, so that it counts as broken only if the interval lies above it.
    """
    figures = quiet_figures(quiet)
    ours = {traffic: tools[OURS] for traffic, tools in figures.items()}
    alarms = {
        # The window tests of harm are paid from the same budget.
        name: sum(tools[t]["alarms_a_year"]["estimate"] for t in (OURS, *BESIDE_OURS) if t in tools)
        for name, tools in figures.items()
    }
    critical = {name: one["years_with_critical"]["estimate"] for name, one in ours.items()}
    standing = _mean([one.n for one in edge])
    return {
        "alarms_a_year": {
            "most": MOST_ALARMS,
            "found": alarms,
            "holds": all(mean <= MOST_ALARMS for mean in alarms.values()),
        },
        "years_with_a_critical_one": {
            "most": MOST_CRITICAL,
            "found": critical,
            "holds": all(share <= MOST_CRITICAL for share in critical.values()),
        },
        "alarms_a_year_at_the_edge": {
            "most": MOST_AT_THE_EDGE,
            "found": standing,
            "holds": standing["low"] <= MOST_AT_THE_EDGE,
        },
    }


def _grouped(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, list[_Item]]:
    groups: dict[_Key, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)
