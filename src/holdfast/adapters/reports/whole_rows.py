"""What rows taken whole say: in sentences, by the features that tell, and against a band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.adapters.reports.severity import Severity
from holdfast.adapters.reports.spelling import amount, visible
from holdfast.adapters.reports.svg import band, single_bar

if TYPE_CHECKING:
    from markupsafe import Markup

    from holdfast.drift.multivariate.importance import TellingFeature
    from holdfast.drift.multivariate.reconstruction import Reconstruction
    from holdfast.drift.multivariate.report import MultivariateReport

__all__ = ["Band", "Telling", "WholeRows", "whole_rows"]

_LONGEST_SENTENCE = 1_000  # names up to five features, whose names may be anything
_MOST_TELLING = 6
_MARGIN = 0.25  # beside the outermost mark, as a share of what is marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One feature that tells the windows apart."""

    name: str
    drop: str
    drawing: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The reconstruction error against where it lies without drift."""

    drawing: Markup
    band_at: float  # from the left, in percent: the middle of the band
    current_at: float
    band: str
    current: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRows:
    """What the page shows of it."""

    severity: Severity
    words: tuple[str, ...]
    telling: tuple[Telling, ...]
    band: Band | None


def whole_rows(found: MultivariateReport) -> WholeRows:
    """Prepare a comparison of whole rows for the page.

    Args:
        found: The comparison; its sentences name features, whose names may be anything.
    """
    telling = found.classifier.telling[:_MOST_TELLING]
    most = max((one.drop for one in telling), default=0.0)
    return WholeRows(
        severity=Severity(found.verdict.value),
        words=tuple(visible(said, longest=_LONGEST_SENTENCE) for said in found.words()),
        telling=tuple(_telling(one, most) for one in telling),
        band=_band(found.reconstruction),
    )


def _telling(one: TellingFeature, most: float) -> Telling:
    partner = "" if one.partner is None else f" with {visible(one.partner)}"
    return Telling(
        name=f"{visible(one.name)}{partner}",
        drop=f"{one.drop:.3f}",
        drawing=single_bar(max(0.0, one.drop) / most if most > 0 else 0.0),
    )


def _band(found: Reconstruction) -> Band | None:
    low, high, current = found.low, found.high, found.current_error
    if low is None or high is None or current is None:
        return None
    least, most = min(low, current), max(high, current)
    margin = _MARGIN * (most - least or abs(most) or 1.0)
    least, width = least - margin, most - least + 2 * margin
    begin, end, now = ((value - least) / width for value in (low, high, current))
    return Band(
        drawing=band(begin, end, now),
        band_at=round(50 * (begin + end), 1),
        current_at=round(100 * now, 1),
        band=f"{amount(low)} to {amount(high)}",
        current=amount(current),
    )
