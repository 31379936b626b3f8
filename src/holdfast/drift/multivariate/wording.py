"""What the multivariate methods found, in plain sentences for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.multivariate.importance import TellingFeature, View
from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.drift.multivariate.domain_classifier import DomainClassifier
    from holdfast.drift.multivariate.reconstruction import Reconstruction
    from holdfast.drift.power import RowsNeeded

__all__ = ["classifier_words", "reconstruction_words"]

_MOST_NAMED = 5


def classifier_words(found: DomainClassifier) -> tuple[str, ...]:
    """Return what the domain classifier found, as sentences."""
    if found.auc is None or found.p_value is None or found.auc_expected is None:
        few = f"Too few rows to tell whole rows apart: {_rows(found)}. {_need(found.needed)}"
        return (few,)
    figures = f"AUC {found.auc:.3f}, {found.auc_expected:.3f} without drift, {_p(found.p_value)}"
    if found.drifted:
        can = f"A classifier can tell current rows from reference rows ({figures})."
        return (can, *_named(found))
    cannot = f"A classifier cannot reliably tell current rows from reference rows ({figures})"
    if found.verdict is Verdict.UNDERPOWERED:
        few = f"{cannot}, but there are too few of them: {_rows(found)}. {_need(found.needed)}"
        return (few,)
    return (f"{cannot}; an AUC of {found.smallest_detectable:.3f} would have been found.",)


def reconstruction_words(found: Reconstruction) -> tuple[str, ...]:
    """Return what the reconstruction error says, as sentences."""
    if found.current_error is None or found.p_value is None:
        rows = f"{found.n_held_out} held-out reference rows and {found.n_current} current ones"
        return (f"Too few rows for the reconstruction error: {rows}. {_need(found.needed)}",)
    band = f"band {found.low:.3f} to {found.high:.3f}"
    figures = f"error {found.current_error:.3f}, {band}, {_p(found.p_value)}"
    if found.drifted:
        how = "worse" if (found.shift or 0.0) > 0 else "better"
        return (f"What held among the reference's features fits current rows {how} ({figures}).",)
    if found.verdict is Verdict.UNDERPOWERED:
        few = f"but there are too few rows to rely on it ({figures}). {_need(found.needed)}"
        return (f"The reconstruction error shows no change, {few}",)
    return (f"What held among the reference's features still holds ({figures}).",)


def _named(found: DomainClassifier) -> tuple[str, ...]:
    alone = [one for one in found.telling if one.view is View.ALONE]
    together = [one for one in found.telling if one.view is View.TOGETHER]
    said = []
    if alone:
        said.append(f"The features that tell them apart: {_listed(alone)}.")
    if together:
        also = (
            "No single feature does, but how they go together"
            if not alone
            else ("How features go together also tells")
        )
        said.append(f"{also}: {_listed(together)}.")
    if not found.telling:
        said.append("No feature stands out: the difference is spread over many.")
    return tuple(said)


def _listed(features: Sequence[TellingFeature]) -> str:
    named = [_one(feature) for feature in features[:_MOST_NAMED]]
    more = len(features) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _one(feature: TellingFeature) -> str:
    partner = "" if feature.partner is None else f" with {feature.partner}"
    return f"{feature.name}{partner} (AUC {-feature.drop:+.3f} without it)"


def _rows(found: DomainClassifier) -> str:
    return f"{found.n_reference} reference rows and {found.n_current} current ones"


def _need(needed: RowsNeeded | None) -> str:
    if needed is None:
        return ""
    also = "" if needed.reference is None else f", with {needed.reference} reference rows"
    return f"{needed.current} current rows{also} would be enough."


def _p(p_value: float) -> str:
    return f"p {p_value:.3f}"
