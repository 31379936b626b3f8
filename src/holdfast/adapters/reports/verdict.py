"""What the whole comparison says in the sentences that stand first: verdict and sensitivity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.adapters.reports.severity import Severity, by_severity
from holdfast.adapters.reports.spelling import count, effect_size, share, times, visible
from holdfast.domain.contract import FeatureKind

if TYPE_CHECKING:
    from holdfast.drift.report import DriftReport
    from holdfast.drift.verdicts import FeatureReport

__all__ = ["Headline", "SeverityCount", "detectable", "headline", "needed_in_words", "seen"]

_LABELS = {
    Severity.BROKEN: "broken feeds",
    Severity.DRIFTED: "drifted",
    Severity.UNDERPOWERED: "too few rows to tell",
    Severity.STABLE: "stable",
}
_MOST_RULE_WORDS = 600  # a rule may name features, whose names may be anything


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityCount:
    """How many features are of one severity."""

    severity: Severity
    n: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict on the window.

    Attributes:
        words: In one short sentence.
        badge: The severity whose colours it bears.
        why: What the rule says.
        rule: The rule itself.
        counts: How many features are of each severity, the worst first.
    """

    words: str
    badge: Severity
    why: str
    rule: str
    counts: tuple[SeverityCount, ...]


def headline(report: DriftReport) -> Headline:
    """Return the verdict in words."""
    found = by_severity(report.features)
    return Headline(
        words=_verdict(report, len(found[Severity.BROKEN]), len(found[Severity.DRIFTED])),
        badge=_badge(report, found),
        why=visible(report.outcome.why, longest=_MOST_RULE_WORDS),
        rule=visible(report.outcome.rule, longest=_MOST_RULE_WORDS),
        counts=tuple(
            SeverityCount(severity=severity, n=len(features), label=_label(severity, found))
            for severity, features in found.items()
        ),
    )


def seen(report: DriftReport, *, power: float = 0.8) -> list[str]:
    """Tell what a window of this size could have shown, one sentence for each kind of feature.

    Args:
        report: The comparison.
        power: With which its smallest detectable shifts would be found.
    """
    told = []
    for kinds, what, effect in (
        ({FeatureKind.NUMERIC}, "numeric", "a KS distance"),
        ({FeatureKind.CATEGORICAL, FeatureKind.BOOLEAN}, "categorical", "a total variation"),
    ):
        features = [feature for feature in report.features if feature.kind in kinds]
        least = [found for feature in features if (found := detectable(feature)) is not None]
        if least and min(least) > 1:
            told.append(f"In {what} features no shift, however large, would surely be found.")
        elif least:
            told.append(
                f"In {what} features {effect} of {_range(min(least), max(least))} or more would "
                f"have been found {times(power)}."
            )
    return told + _enough(report)


def detectable(feature: FeatureReport) -> float | None:
    """Return the smallest shift of a feature's values that would have been found, if known."""
    found = [
        test.result.smallest_detectable
        for test in feature.tests
        if test.p_adjusted is not None and test.result.smallest_detectable is not None
    ]
    return max(found, default=None)


def needed_in_words(feature: FeatureReport) -> str | None:
    """Tell how many rows would be enough, for a feature that has too few."""
    needed = feature.needed
    if needed is None:
        return None
    also = (
        ""
        if needed.reference is None
        else f", and {count(needed.reference, 'value')} in the reference"
    )
    return f"{count(needed.current, 'value')} in the current window would be enough{also}."


def _verdict(report: DriftReport, n_broken: int, n_drifted: int) -> str:
    n = len(report.features)
    if n == 0:
        return "There was no feature to compare."
    found = f"{n_broken + n_drifted or 'none'} of {count(n, 'feature')} drifted"
    if n_broken:
        found += f", {n_broken} of them {'a broken feed' if n_broken == 1 else 'broken feeds'}"
    if report.drifted is None:
        return f"It cannot be told whether the window drifted: {found}."
    if report.drifted:
        return f"The window has drifted: {found}."
    if n_broken or n_drifted:
        return f"{found[:1].upper()}{found[1:]}; the window as a whole has not."
    return f"No drift: {found}."


def _label(severity: Severity, found: dict[Severity, list[FeatureReport]]) -> str:
    if severity is Severity.BROKEN and len(found[severity]) == 1:
        return "broken feed"
    if severity is Severity.DRIFTED and found[Severity.BROKEN]:
        return "drifted otherwise"
    return _LABELS[severity]


def _badge(report: DriftReport, found: dict[Severity, list[FeatureReport]]) -> Severity:
    """Return the severity whose colours the verdict bears: never calmer than what was found."""
    if found[Severity.BROKEN]:
        return Severity.BROKEN
    if report.drifted or found[Severity.DRIFTED]:
        return Severity.DRIFTED if report.drifted else Severity.UNDERPOWERED
    return Severity.UNDERPOWERED if report.drifted is None else Severity.STABLE


def _range(least: float, most: float) -> str:
    shown = effect_size(least), "more than 1 (nothing)" if most > 1 else effect_size(most)
    return shown[0] if shown[0] == shown[1] else f"{shown[0]} to {shown[1]}"


def _enough(report: DriftReport) -> list[str]:
    """Tell how long a window all underpowered features would need."""
    needed = [feature.needed for feature in report.features if feature.needed is not None]
    if not needed:
        return ["No feature had too few rows to tell."] if report.features else []
    current = max(one.current for one in needed)
    reference = max((one.reference for one in needed if one.reference is not None), default=None)
    also = "" if reference is None else f" and {reference:,} in the reference"
    part = share(len(needed) / len(report.features))
    whom = "it" if len(needed) == 1 else "all of them"
    told = (
        f"For {count(len(needed), 'feature')} ({part}) a shift that matters could have gone unseen:"
        f" {current:,} values in the current window{also} would be enough for {whom}."
    )
    return [told]
