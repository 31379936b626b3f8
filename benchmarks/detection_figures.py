"""From what the tools said to rates, and to whether the budgets hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.detection_rows import NO_DRIFT
from scipy import special, stats

from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.detection_tools import Finding
    from numpy.typing import NDArray

    # By tool, size pair and cell; in the order of the repetitions.
    Findings = Mapping[str, Mapping[str, Mapping[str, Sequence[Finding]]]]

__all__ = ["calibration", "checks", "rates", "verdict_split"]

OURS = "holdfast"
LEVELS = (0.01, 0.05, 0.1)
MOST_FALSE_ALARMS = 0.06
QUIET_PEER = 0.1  # the no-drift rate up to which a peer's power is worth beating
FAMILY_ERROR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How often a method's p-value was small although nothing had drifted.

    Attributes:
        method: Whose p-values.
        size: Of which pair of windows.
        level: The bound a in P(p <= a) <= a.
        rate: Share of comparisons with p <= a, over repetitions and features.
        standard_error: Of the rate; repetitions are independent, features are not.
        n_features: Features that the method applied to.
        exceeds: Whether the rate is above the level by more than two standard errors.
        exceeds_family: The same, with as many as leave all looks together a chance of
            5% of one false exceedance.
    """

    method: str
    size: str
    level: float
    rate: float
    standard_error: float
    n_features: int
    exceeds: bool
    exceeds_family: bool


def rates(findings: Findings) -> dict[str, Any]:
    """Return by tool, size pair and cell how often any feature was flagged."""
    return {
        tool: {
            size: {cell: _rate(found) for cell, found in cells.items()}
            for size, cells in sizes.items()
        }
        for tool, sizes in findings.items()
    }


def _rate(found: Sequence[Finding]) -> dict[str, float | int | None]:
    any_flagged = wilson(sum(one.n_flagged > 0 for one in found), len(found))
    windows = [one.window for one in found if one.window is not None]
    return {
        "repetitions": len(found),
        "any": any_flagged.estimate,
        "low": any_flagged.low,
        "high": any_flagged.high,
        "window": float(np.mean(windows)) if windows else None,
    }


def _any_flagged(found: Sequence[Finding]) -> float:
    return float(np.mean([one.n_flagged > 0 for one in found]))


def verdict_split(findings: Findings) -> dict[str, Any]:
    """Return by size pair and cell the mean share of features with each of our verdicts."""
    return {
        size: {cell: _split(found) for cell, found in cells.items()}
        for size, cells in findings[OURS].items()
    }


def _split(found: Sequence[Finding]) -> dict[str, float]:
    total = sum(sum(one.verdicts.values()) for one in found)
    names = ("drifted", "underpowered", "stable")
    return {name: sum(one.verdicts.get(name, 0) for one in found) / total for name in names}


def calibration(findings: Findings) -> dict[str, Any]:
    """Return every look at P(p <= a) without drift, by method and once more by feature.

    Many looks see something by chance: each exact one passes two standard errors with a
    chance of 2.3%. So the count of exceedances stands beside the count to expect, and the
    check uses a bound for all looks together.
    """
    matrices = {
        (method, size): _p_matrix(cells[NO_DRIFT], method)
        for size, cells in findings[OURS].items()
        for method in _methods(cells[NO_DRIFT])
    }
    n_looks = len(matrices) * len(LEVELS)
    family = float(special.ndtri(1 - FAMILY_ERROR / max(1, n_looks)))
    looks = [
        _look(p_values, method=method, size=size, level=level, family=family)
        for (method, size), (_, p_values) in matrices.items()
        for level in LEVELS
    ]
    by_feature = [
        {"method": method, "size": size, "feature": name, "level": level, "rate": float(rate)}
        for (method, size), (names, p_values) in matrices.items()
        for level in LEVELS
        for name, rate in zip(names, (p_values <= level).mean(axis=0), strict=True)
    ]
    n_repetitions = len(next(iter(findings[OURS].values()))[NO_DRIFT])
    return {
        "looks": [asdict(look) for look in looks],
        "exceeding": _counted([look.exceeds for look in looks]),
        "by_feature": _features_beyond(by_feature, n_repetitions),
    }


def _methods(found: Sequence[Finding]) -> list[str]:
    return list(dict.fromkeys(method for one in found for method in one.p_values))


def _p_matrix(found: Sequence[Finding], method: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return p-values by repetition and feature; where nothing was to be tested, p is 1."""
    rows = [one.p_values.get(method, {}) for one in found]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names, np.array([[row.get(name, 1.0) for name in names] for row in rows])


def _look(
    p_values: NDArray[np.float64], *, method: str, size: str, level: float, family: float
) -> Look:
    shares = (p_values <= level).mean(axis=1)
    n, width = p_values.shape
    # Few repetitions can agree by chance; independent features are the least spread there is.
    least = np.sqrt(level * (1 - level) / (n * width))
    error = max(float(shares.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0, float(least))
    rate = float(shares.mean())
    return Look(
        method=method,
        size=size,
        level=level,
        rate=rate,
        standard_error=error,
        n_features=width,
        exceeds=rate > level + 2 * error,
        exceeds_family=rate > level + family * error,
    )


def _features_beyond(by_feature: Sequence[dict[str, Any]], n: int) -> dict[str, Any]:
    beyond = [
        look["rate"] > look["level"] + 2 * np.sqrt(look["level"] * (1 - look["level"]) / n)
        for look in by_feature
    ]
    which = [look for look, above in zip(by_feature, beyond, strict=True) if above]
    return {**_counted(beyond), "which": which}


def _counted(exceeding: Sequence[bool]) -> dict[str, float | int]:
    """Return how many exceed, of how many, and how many would if every p were exact."""
    return {
        "n": int(np.sum(exceeding)),
        "of": len(exceeding),
        "expected_if_exact": round(len(exceeding) * float(special.ndtr(-2.0)), 1),
    }


def checks(findings: Findings) -> dict[str, Any]:
    """Return each budget with what speaks for and against it."""
    alarms = {size: _any_flagged(cells[NO_DRIFT]) for size, cells in findings[OURS].items()}
    contests = _contests(findings)
    beyond = [look for look in calibration(findings)["looks"] if look["exceeds_family"]]
    return {
        "any_flagged_without_drift": {
            "most": MOST_FALSE_ALARMS,
            "rates": alarms,
            "holds": all(rate <= MOST_FALSE_ALARMS for rate in alarms.values()),
        },
        "more_power_than_quiet_peers": {
            "contests": contests,
            "holds": all(contest["outcome"] in {"more", "both always"} for contest in contests),
        },
        "p_values_no_smaller_than_they_say": {"beyond": beyond, "holds": not beyond},
    }


def _contests(findings: Findings) -> list[dict[str, Any]]:
    """Compare ours with each quiet peer in each drifted cell, on the repetitions of both."""
    return [
        {
            "peer": peer,
            "size": size,
            "cell": cell,
            **_paired(findings[OURS][size][cell], theirs),
        }
        for peer, sizes in findings.items()
        if peer != OURS
        for size, cells in sizes.items()
        if _any_flagged(cells[NO_DRIFT]) <= QUIET_PEER
        for cell, theirs in cells.items()
        if cell != NO_DRIFT
    ]


def _paired(ours: Sequence[Finding], theirs: Sequence[Finding]) -> dict[str, Any]:
    """Compare two tools on the windows that both have seen (McNemar's exact test)."""
    n = min(len(ours), len(theirs))
    left = np.array([one.n_flagged > 0 for one in ours[:n]])
    right = np.array([one.n_flagged > 0 for one in theirs[:n]])
    only_ours, only_theirs = int((left & ~right).sum()), int((right & ~left).sum())
    differing = only_ours + only_theirs
    return {
        "repetitions": n,
        "ours": float(left.mean()),
        "theirs": float(right.mean()),
        "p_value": float(stats.binomtest(only_ours, differing).pvalue) if differing else 1.0,
        "outcome": _outcome(only_ours, only_theirs, always=bool(left.all() and right.all())),
    }


def _outcome(only_ours: int, only_theirs: int, *, always: bool) -> str:
    if always:
        return "both always"  # nobody can have more
    if only_ours == only_theirs:
        return "equal"
    return "more" if only_ours > only_theirs else "less"
