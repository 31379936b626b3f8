"""Which verdict each feature gets: tests, one family of p-values, and what matters at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from holdfast.drift.broken import absent_share, breakage
from holdfast.drift.counts import CategoryCounts
from holdfast.drift.methods.protocol import Comparison
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.power import RowsNeeded, Sensitivity, rows_needed
from holdfast.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.domain.contract import FeatureKind
    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells
    from holdfast.drift.methods.protocol import Method, MethodResult

__all__ = ["DriftPolicy", "FeatureReport", "FeatureTest", "Verdict", "judge_features"]


class Verdict(StrEnum):
    """What is known of a feature after a comparison."""

    DRIFTED = "drifted"
    STABLE = "stable"
    UNDERPOWERED = "underpowered"  # a shift that matters could have gone unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPolicy:
    """When a feature counts as drifted; of a whole window a rule tells.

    Attributes:
        alpha: False discovery rate over all default tests of a window.
        min_effect: Effect of a test (Kolmogorov–Smirnov distance or total variation)
            below which a significant shift is not worth a word.
        min_missing_effect: The same for the share of missing values.
        min_unseen_effect: The same for the share of unseen categories.
        power: With which the smallest detectable shift would be found.
        blindness: A feature is underpowered if its smallest detectable shift exceeds
            this many times `min_effect`.
        missing_rise: Rise of the missing share from which a feed counts as broken.
        min_rows: Rows of a window below which nothing counts as drifted or broken: the
            score of a single row is an extreme one every twentieth time.
        decisive: Methods whose tests make the verdict, built in or a third party's; each
            must be among those that a comparison is given.
    """

    alpha: float = 0.05
    min_effect: float = 0.05
    min_missing_effect: float = 0.01
    min_unseen_effect: float = 0.01
    power: float = 0.8
    blindness: float = 2.5
    missing_rise: float = 0.2
    min_rows: int = 30
    decisive: tuple[str, ...] = (
        "anderson_darling",
        "chi_square",
        "missingness",
        "unseen_categories",
    )

    def __post_init__(self) -> None:
        for name in ("alpha", "power"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie between 0 and 1; found {getattr(self, name)}")

    def check_decisive(self, methods: Mapping[str, Method]) -> None:
        """Refuse what cannot make a verdict.

        Args:
            methods: Those in use, by name.

        Raises:
            ValueError: If a decisive method is not among them, or has no p-value that
                could decide.
        """
        tests = [name for name, method in methods.items() if method.is_test]
        unfit = [name for name in self.decisive if name not in tests]
        if unfit:
            raise ValueError(
                f"decisive takes methods with a p-value ({', '.join(tests)}); "
                f"found {', '.join(unfit)}"
            )

    def least_effect(self, method: str) -> float:
        """Return the effect from which a significant result of a method counts."""
        special = {
            "missingness": self.min_missing_effect,
            "unseen_categories": self.min_unseen_effect,
        }
        return special.get(method, self.min_effect)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTest:
    """One method's result, with its p-value adjusted over the family if it is decisive."""

    result: MethodResult
    p_adjusted: float | None
    drifted: bool

    def to_json(self) -> dict[str, Any]:
        """Return the test as plain JSON values."""
        return {
            "method": self.result.method,
            "statistic": self.result.statistic,
            "p_value": self.result.p_value,
            "p_adjusted": self.p_adjusted,
            "effect": self.result.effect,
            "bound": self.result.bound,
            "smallest_detectable": self.result.smallest_detectable,
            "expected": self.result.expected,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureReport:
    """What a comparison says of one feature.

    Attributes:
        name: The feature.
        kind: Its kind.
        verdict: Drifted, stable, or too few rows to tell.
        tests: Every method that applied, decisive or not.
        reference_missing: Share of reference rows without a usable value.
        current_missing: The same for the current window.
        unseen: Unseen categories of the current window with their rows, at most 20.
        broken: In words, if the feed is broken rather than the world changed.
        needed: For an underpowered feature, how many values would be enough.
    """

    name: str
    kind: FeatureKind
    verdict: Verdict
    tests: tuple[FeatureTest, ...]
    reference_missing: float
    current_missing: float
    unseen: tuple[tuple[str, int], ...] = ()
    broken: str | None = None
    needed: RowsNeeded | None = None

    @property
    def drifted(self) -> bool:
        """Whether the verdict is drifted."""
        return self.verdict is Verdict.DRIFTED

    @property
    def rows_needed(self) -> int | None:
        """For an underpowered feature, the values that the window would need."""
        return None if self.needed is None else self.needed.current

    @property
    def strongest(self) -> FeatureTest | None:
        """The decisive test that speaks most for drift, or None if none applied."""
        decisive = [test for test in self.tests if test.p_adjusted is not None]
        return min(decisive, key=_weakness, default=None)

    def to_json(self) -> dict[str, Any]:
        """Return the feature as plain JSON values."""
        needed = self.needed
        return {
            "name": self.name,
            "kind": self.kind.value,
            "verdict": self.verdict.value,
            "tests": [test.to_json() for test in self.tests],
            "reference_missing": self.reference_missing,
            "current_missing": self.current_missing,
            "unseen": [{"category": name, "n": n} for name, n in self.unseen],
            "broken": self.broken,
            "rows_needed": self.rows_needed,
            "reference_rows_needed": None if needed is None else needed.reference,
        }


def judge_features(
    pairs: Sequence[tuple[FeatureCounts, FeatureCounts]],
    policy: DriftPolicy,
    *,
    cells: Sequence[FeatureCells | None] | None = None,
    methods: Mapping[str, Method] = METHODS,
) -> tuple[FeatureReport, ...]:
    """Test every feature, adjust over the whole family, and give each its verdict.

    Args:
        pairs: Reference and current counts of each feature; both windows hold rows.
        policy: The bounds.
        cells: Where each feature's cells lie, for the methods that ask for values; None
            where only their order is known.
        methods: Every method that may be asked, by name.

    Raises:
        ValueError: If the policy leaves the verdict to a method that is not among them.
    """
    policy.check_decisive(methods)
    unasked = Sensitivity(level=policy.alpha, power=policy.power)
    unsure = [
        Comparison(reference=left, current=right, cells=where, sensitivity=unasked)
        for (left, right), where in zip(pairs, cells or [None] * len(pairs), strict=True)
    ]
    applicable = [[m for m in methods.values() if m.applies(pair)] for pair in unsure]
    n_tests = sum(m.name in policy.decisive for row in applicable for m in row)
    sensitivity = Sensitivity(level=policy.alpha / max(1, n_tests), power=policy.power)
    # One comparison for all methods of a feature: they share what they work out.
    compared = [replace(pair, sensitivity=sensitivity) for pair in unsure]
    results = [
        [method.compare(pair) for method in row]
        for pair, row in zip(compared, applicable, strict=True)
    ]
    adjusted = iter(benjamini_hochberg(_decisive_p_values(results, policy)))
    return tuple(
        _feature(
            *pair,
            [_test(result, adjusted, policy, enough=_enough(*pair, policy)) for result in row],
            sensitivity,
            policy,
        )
        for pair, row in zip(pairs, results, strict=True)
    )


def _decisive_p_values(
    results: Sequence[Sequence[MethodResult]], policy: DriftPolicy
) -> list[float]:
    return [
        result.p_value
        for row in results
        for result in row
        if result.p_value is not None and _decides(result, policy)
    ]


def _decides(result: MethodResult, policy: DriftPolicy) -> bool:
    return result.p_value is not None and result.method in policy.decisive


def _enough(reference: FeatureCounts, current: FeatureCounts, policy: DriftPolicy) -> bool:
    return all(side.n_values + side.n_absent >= policy.min_rows for side in (reference, current))


def _test(
    result: MethodResult, adjusted: Iterator[float], policy: DriftPolicy, *, enough: bool
) -> FeatureTest:
    """Pair a result with the next adjusted p-value, if it takes part in the verdict."""
    p_adjusted = next(adjusted) if _decides(result, policy) else None
    return FeatureTest(
        result=result,
        p_adjusted=p_adjusted,
        drifted=enough
        and p_adjusted is not None
        and p_adjusted <= policy.alpha
        and result.effect >= policy.least_effect(result.method),
    )


def _feature(
    reference: FeatureCounts,
    current: FeatureCounts,
    tests: Sequence[FeatureTest],
    sensitivity: Sensitivity,
    policy: DriftPolicy,
) -> FeatureReport:
    drifted = {test.result.method for test in tests if test.drifted}
    needed = None if drifted else _needed(reference, current, tests, sensitivity, policy)
    return FeatureReport(
        name=reference.name,
        kind=reference.kind,
        verdict=Verdict.DRIFTED if drifted else Verdict.UNDERPOWERED if needed else Verdict.STABLE,
        tests=tuple(tests),
        reference_missing=absent_share(reference),
        current_missing=absent_share(current),
        unseen=current.unseen if isinstance(current, CategoryCounts) else (),
        broken=breakage(
            reference,
            current,
            values_drifted=bool(drifted - {"missingness"}),
            missing_drifted="missingness" in drifted,
            missing_rise=policy.missing_rise,
        ),
        needed=needed,
    )


def _needed(
    reference: FeatureCounts,
    current: FeatureCounts,
    tests: Sequence[FeatureTest],
    sensitivity: Sensitivity,
    policy: DriftPolicy,
) -> RowsNeeded | None:
    """Return the rows that would be enough, or None if there were enough."""
    n, m = reference.n_values, current.n_values
    if n == m == 0:
        return None  # nothing but missing values on both sides: missingness has judged it
    target = policy.blindness * policy.min_effect
    detectable = [
        test.result.smallest_detectable
        for test in tests
        if test.p_adjusted is not None and test.result.smallest_detectable is not None
    ]
    if detectable and max(detectable) <= target:
        return None
    scale = sensitivity.numeric_scale
    if detectable and n and m:
        scale = max(detectable) / (1 / n + 1 / m) ** 0.5
    return rows_needed(scale, n_reference=n, target=target)


def _weakness(test: FeatureTest) -> tuple[bool, float, float]:
    p_adjusted = 1.0 if test.p_adjusted is None else test.p_adjusted
    return (not test.drifted, p_adjusted, -test.result.effect)
