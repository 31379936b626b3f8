"""What changed in one feature, in one line: for the list of features and for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.reports.counted import CategoryPair, NumericPair
from holdfast.adapters.reports.spelling import quoted, sentence, share, shares
from holdfast.adapters.reports.verdict import needed_in_words
from holdfast.adapters.reports.words import levels_in_words, quantiles_in_words
from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    from holdfast.adapters.reports.counted import Pair
    from holdfast.drift.verdicts import FeatureReport

__all__ = ["summary"]


def summary(feature: FeatureReport, pair: Pair) -> str:
    """Return what is worth knowing of a feature as one or two short sentences.

    Args:
        feature: The report on it.
        pair: Its counts in both windows.
    """
    if feature.broken is not None:
        return sentence(feature.broken)
    if feature.verdict is Verdict.UNDERPOWERED:
        return needed_in_words(feature) or "Too few rows to tell."
    if feature.verdict is Verdict.STABLE:
        return _stable(feature)
    by = {test.result.method for test in feature.tests if test.drifted}
    clauses = []
    if by - {"missingness", "unseen_categories"}:
        clauses.append(_values(pair))
    if "unseen_categories" in by:
        clauses.append(_unseen(feature, pair))
    if "missingness" in by:
        before, after = shares(feature.reference_missing, feature.current_missing)
        verb = "rose" if feature.current_missing > feature.reference_missing else "fell"
        clauses.append(f"missing values {verb} from {before} to {after}")
    return " ".join(sentence(clause) for clause in clauses if clause)


def _values(pair: Pair) -> str:
    if isinstance(pair, NumericPair):
        return quantiles_in_words(pair)
    return levels_in_words(pair.levels) or "known categories gave way to others"


def _unseen(feature: FeatureReport, pair: Pair) -> str:
    if not isinstance(pair, CategoryPair):
        return ""
    names = ", ".join(quoted(name) for name, _ in feature.unseen[:2])
    more = " …" if len(feature.unseen) > 2 else ""
    found = share(pair.unseen.after)
    return f"{found} stand in categories that the reference never had: {names}{more}"


def _stable(feature: FeatureReport) -> str:
    if feature.reference_missing == feature.current_missing == 1.0:
        return "All values are missing, as in the reference."
    return "No change that matters."
