"""What the page shows of one feature: every figure already written as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.adapters.reports.counted import CategoryPair
from holdfast.adapters.reports.pictures import Bars, Curve, picture
from holdfast.adapters.reports.severity import Severity, severity_of
from holdfast.adapters.reports.spelling import (
    LONGEST_TIP,
    amount,
    effect_size,
    p_figure,
    share,
    shares,
    visible,
)
from holdfast.adapters.reports.summary import summary
from holdfast.adapters.reports.verdict import detectable, needed_in_words
from holdfast.adapters.reports.words import meaning, method_name

if TYPE_CHECKING:
    from holdfast.adapters.reports.counted import Pair
    from holdfast.drift.verdicts import FeatureReport, FeatureTest

__all__ = ["FeatureView", "FindingView", "UnseenView", "feature_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One row of the table of tests."""

    method: str
    says: str
    statistic: str
    p_value: str
    p_adjusted: str
    effect: str
    meaning: str
    decisive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenView:
    """A category of the current window that the reference never had."""

    name: str
    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureView:
    """One feature of the page."""

    identity: str
    name: str
    full_name: str
    kind: str
    severity: Severity
    summary: str
    effect: float
    effect_shown: str
    effect_name: str
    n_values: tuple[str, str]
    missing: tuple[str, str]
    unseen: tuple[UnseenView, ...]
    n_unseen_names: int
    detectable: str | None
    needed: str | None
    picture: Bars | Curve | None
    findings: tuple[FindingView, ...]

    @property
    def is_curve(self) -> bool:
        """Whether the picture is a histogram rather than a table of bars."""
        return isinstance(self.picture, Curve)


_EFFECTS = {
    "chi_square": "total variation",
    "g_test": "total variation",
    "missingness": "difference of missing shares",
    "unseen_categories": "share of unseen categories",
}
_MOST_UNSEEN = 8


def feature_view(
    feature: FeatureReport, pair: Pair, *, identity: str, drawn: bool = True
) -> FeatureView:
    """Prepare one feature for the page.

    Args:
        feature: The report on it.
        pair: Its counts in both windows.
        identity: Unique on the page.
        drawn: Whether it gets a picture.
    """
    strongest = feature.strongest
    method = "" if strongest is None else strongest.result.method
    least = detectable(feature)
    shown = visible(feature.name)
    unseen = feature.unseen if isinstance(pair, CategoryPair) else ()
    return FeatureView(
        identity=identity,
        name=shown,
        full_name="" if shown == feature.name else visible(feature.name, longest=LONGEST_TIP),
        kind=feature.kind.value,
        severity=severity_of(feature),
        summary=summary(feature, pair),
        effect=0.0 if strongest is None else strongest.result.effect,
        effect_shown="–" if strongest is None else effect_size(strongest.result.effect),
        effect_name=_EFFECTS.get(method, "KS distance" if method else "no test applied"),
        n_values=(f"{pair.reference.n_values:,}", f"{pair.current.n_values:,}"),
        missing=shares(feature.reference_missing, feature.current_missing),
        unseen=tuple(
            UnseenView(name=visible(name), share=share(n / pair.current.n_values))
            for name, n in unseen[:_MOST_UNSEEN]
        ),
        n_unseen_names=len(unseen),
        detectable=None if least is None else _least(least),
        needed=needed_in_words(feature),
        picture=picture(pair, identity=identity, name=feature.name) if drawn else None,
        findings=tuple(_finding(test, pair) for test in feature.tests) if drawn else (),
    )


def _least(effect: float) -> str:
    return "no shift is that large" if effect > 1 else effect_size(effect)


def _finding(test: FeatureTest, pair: Pair) -> FindingView:
    result = test.result
    return FindingView(
        method=method_name(result.method),
        says=_says(test),
        statistic=amount(result.statistic),
        p_value="–" if result.p_value is None else p_figure(result.p_value),
        p_adjusted="–" if test.p_adjusted is None else p_figure(test.p_adjusted),
        effect=f"{result.effect:.3f}",
        meaning=meaning(result, pair),
        decisive=test.p_adjusted is not None,
    )


def _says(test: FeatureTest) -> str:
    if test.p_adjusted is None:
        return "for information"
    return "drift" if test.drifted else "no drift"
