"""What each test found, in one plain sentence: for readers who never met its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.adapters.reports.counted import CategoryPair, NumericPair
from holdfast.adapters.reports.spelling import (
    amount,
    between,
    chance,
    quoted,
    sentence,
    share,
    shares,
)
from holdfast.drift.broken import absent_share
from holdfast.drift.methods.protocol import DEALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.adapters.reports.counted import Level, Pair
    from holdfast.drift.methods.protocol import MethodResult

__all__ = ["METHOD_NAMES", "levels_in_words", "meaning", "method_name", "quantiles_in_words"]

METHOD_NAMES = {
    "kolmogorov_smirnov": "Kolmogorov–Smirnov",
    "anderson_darling": "Anderson–Darling",
    "cramer_von_mises": "Cramér–von Mises",
    "chi_square": "Chi-square",
    "g_test": "G (likelihood ratio)",
    "missingness": "Missing values (Fisher)",
    "unseen_categories": "Unseen categories",
    "population_stability_index": "Population Stability Index",
    "jensen_shannon": "Jensen–Shannon distance",
    "kullback_leibler": "Kullback–Leibler divergence",
    "hellinger": "Hellinger distance",
    "total_variation": "Total variation",
    "wasserstein": "Wasserstein distance",
}
"""How the methods that come with Holdfast are called in reports."""


def method_name(method: str) -> str:
    """Return a method's name for people; one that is not known here keeps its own.

    >>> method_name("kolmogorov_smirnov"), method_name("energy_distance")
    ('Kolmogorov–Smirnov', 'Energy distance')
    """
    return METHOD_NAMES.get(method, method.replace("_", " ").capitalize())


def meaning(result: MethodResult, pair: Pair) -> str:
    """Return what a result says about this feature, in one or two plain sentences.

    Args:
        result: Of any method, also of one that a plug-in brought.
        pair: The feature's counts, for the figures in the sentence.
    """
    tell = _WORDS.get(result.method)
    said = None if tell is None else tell(result, pair)
    return said or _of_any(result)


def levels_in_words(levels: list[Level], *, most: int = 2) -> str:
    """Tell which categories' shares moved most, as a clause; empty if none did."""
    moved = sorted(levels, key=lambda level: -abs(level.change))[:most]
    told = [_level(level) for level in moved if round(abs(level.change), 4) > 0]
    return ", ".join(told)


def quantiles_in_words(pair: NumericPair) -> str:
    """Tell how a number's middle moved, or its spread if the middle stayed."""
    before, after = pair.spots(_QUARTERS)
    medians = [between(side[1].low, side[1].high) for side in (before, after)]
    if medians[0] != medians[1]:
        if after[1].low >= before[1].high:
            return f"the median rose from {medians[0]} to {medians[1]}"
        if after[1].high <= before[1].low:
            return f"the median fell from {medians[0]} to {medians[1]}"
        return _gap(pair)
    vague = any(spot.low != spot.high for spot in (*before, *after))
    spans = [f"{amount(side[0].low)} to {amount(side[2].low)}" for side in (before, after)]
    if spans[0] != spans[1] and not vague:
        return (
            f"the median stayed at {medians[1]}, but the middle half now runs from "
            f"{spans[1]} (before: {spans[0]})"
        )
    return _gap(pair)


def _of_any(result: MethodResult) -> str:
    if result.p_value is None:
        return f"{method_name(result.method)} came to {amount(result.statistic)}; it has no test."
    return (
        f"{method_name(result.method)} came to {amount(result.statistic)}, an effect of "
        f"{amount(result.effect)}. {_by_chance(result.p_value)}"
    )


def _by_chance(p_value: float) -> str:
    return f"Chance alone does as much {chance(p_value)}."


def _tested(result: MethodResult) -> str:
    return "" if result.p_value is None else f" {_by_chance(result.p_value)}"


def _dealt(result: MethodResult) -> str:
    """Tell what so many rows give without drift: small windows always differ somewhat."""
    told = ""
    if result.expected is not None:
        told = f" Without drift it would be about {amount(float(f'{result.expected:.2g}'))}."
    if result.p_value is not None and result.p_value <= 1 / (DEALS + 1):
        # No deal of the rows came up to it: the p-value is the smallest there can be.
        return f"{told} Chance alone does as much at most {chance(result.p_value)}."
    return told + _tested(result)


def _gap(pair: NumericPair) -> str:
    gap = pair.gap
    before, after = shares(gap.before, gap.after)
    where = "at most" if gap.inclusive else "below"
    return f"{after} of the current values are {where} {amount(gap.at)}; before, it was {before}"


def _kolmogorov_smirnov(result: MethodResult, pair: Pair) -> str | None:
    if not isinstance(pair, NumericPair) or not pair.comparable or pair.edges.size == 0:
        return None
    if result.statistic == 0:
        return "Both windows have the same distribution, value for value."
    bound = f" (at most {share(result.bound)} more within a cell)" if result.bound >= 0.001 else ""
    return f"{sentence(_gap(pair))} Nowhere is the gap wider{bound}.{_tested(result)}"


def _anderson_darling(result: MethodResult, pair: Pair) -> str | None:
    if not isinstance(pair, NumericPair) or not pair.comparable:
        return None
    return (
        f"Over all values, the far ends weighing most: {quantiles_in_words(pair)}.{_tested(result)}"
    )


def _cramer_von_mises(result: MethodResult, pair: Pair) -> str | None:
    if not isinstance(pair, NumericPair) or not pair.comparable:
        return None
    return f"Over all values, each weighing the same: {quantiles_in_words(pair)}.{_tested(result)}"


def _categories(result: MethodResult, pair: Pair) -> str | None:
    if not isinstance(pair, CategoryPair) or not pair.comparable:
        return None
    told = levels_in_words(pair.levels)
    if not told and not pair.unseen.change:
        return "The categories have the same shares in both windows."
    first = sentence(told) if told else "The known categories kept their proportions."
    return (
        f"{first} {share(result.effect)} of the rows would have to change category to make "
        f"the windows alike.{_tested(result)}"
    )


def _likelihood_ratio(result: MethodResult, pair: Pair) -> str | None:
    if not isinstance(pair, CategoryPair):
        return None
    return f"The same question as chi-square, asked by a ratio of likelihoods.{_tested(result)}"


def _missingness(result: MethodResult, pair: Pair) -> str:
    before, after = (absent_share(counts) for counts in (pair.reference, pair.current))
    written = shares(before, after)
    if before == after:
        return f"The share of missing values is the same: {written[0]}."
    if written[0] == written[1]:
        return f"The share of missing values is nearly the same: {written[0]}.{_tested(result)}"
    verb = "rose" if after > before else "fell"
    return f"The share of missing values {verb} from {written[0]} to {written[1]}.{_tested(result)}"


def _unseen_categories(result: MethodResult, pair: Pair) -> str | None:
    if not isinstance(pair, CategoryPair):
        return None
    names = ", ".join(quoted(name) for name, _ in pair.current.unseen[:3])
    more = " …" if len(pair.current.unseen) > 3 else ""
    found = f" ({names}{more})" if names else ""
    told = f"{share(pair.unseen.after)} of the current values stand in categories that the"
    if result.p_value is None:
        return f"{told} reference never had{found}."
    often = chance(result.p_value)
    return (
        f"{told} reference never had{found}. The rare categories of the reference let one "
        f"expect as many {often}."
    )


def _stability(result: MethodResult, _pair: Pair) -> str:
    band = "little" if result.statistic < 0.1 else "some" if result.statistic < 0.2 else "much"
    return (
        f"{amount(result.statistic)}, which credit scoring calls {band} change "
        f"(bounds 0.1 and 0.2).{_dealt(result)}"
    )


def _distance(result: MethodResult, _pair: Pair) -> str:
    return (
        f"{amount(result.statistic)} on a scale from 0 (alike) to 1 (nothing in common)."
        f"{_dealt(result)}"
    )


def _kullback_leibler(result: MethodResult, _pair: Pair) -> str:
    return (
        f"Whoever takes the current values for those of the reference is off by "
        f"{amount(result.statistic)} nats a row.{_dealt(result)}"
    )


def _total_variation(result: MethodResult, _pair: Pair) -> str:
    return (
        f"{share(result.statistic)} of the rows would have to move to another bin to make the "
        f"windows alike.{_dealt(result)}"
    )


def _wasserstein(result: MethodResult, _pair: Pair) -> str:
    least, most = amount(result.statistic), amount(result.upper)
    far = least if least == most else f"{least} to {most}"
    return (
        f"On average a value would have to move by {far} standard deviations to make the "
        f"windows alike; the far ends are clipped.{_dealt(result)}"
    )


def _level(level: Level) -> str:
    before, after = shares(level.before, level.after)
    if level.before == 0:
        return f"{quoted(level.name)} appeared, with {after}"
    if level.after == 0:
        return f"{quoted(level.name)} disappeared (before: {before})"
    verb = "grew" if level.change > 0 else "shrank"
    return f"{quoted(level.name)} {verb} from {before} to {after}"


_QUARTERS = np.array([0.25, 0.5, 0.75])
_WORDS: dict[str, Callable[[MethodResult, Pair], str | None]] = {
    "kolmogorov_smirnov": _kolmogorov_smirnov,
    "anderson_darling": _anderson_darling,
    "cramer_von_mises": _cramer_von_mises,
    "chi_square": _categories,
    "g_test": _likelihood_ratio,
    "missingness": _missingness,
    "unseen_categories": _unseen_categories,
    "population_stability_index": _stability,
    "jensen_shannon": _distance,
    "kullback_leibler": _kullback_leibler,
    "hellinger": _distance,
    "total_variation": _total_variation,
    "wasserstein": _wasserstein,
}
