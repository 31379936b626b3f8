"""The drift report as one page: verdict first, then the features by severity, each drawn."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from holdfast import __version__
from holdfast.adapters.reports.counted import NumericPair, pairs_of
from holdfast.adapters.reports.severity import Severity, by_severity
from holdfast.adapters.reports.spelling import share, visible
from holdfast.adapters.reports.svg import single_bar
from holdfast.adapters.reports.verdict import headline, seen
from holdfast.adapters.reports.views import FeatureView, feature_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.adapters.reports.counted import Pair
    from holdfast.adapters.reports.sections import ModelSection, PastWindow
    from holdfast.drift.grid import Grid
    from holdfast.drift.multivariate.report import MultivariateReport
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport

__all__ = ["MOST_PICTURES", "render_drift"]

MOST_PICTURES = 60
"""Features that get a picture and their tests, the worst first; the others get a line."""

_MOST_OPEN = 8  # features that stand open when the page is; more would bury the list
_LONGEST_TITLE = 200
_MOST_BYTES = 500_000  # of the page; a page beyond gets fewer pictures
_LONGEST_SENTENCE = 1_000  # names up to five features, whose names may be anything


def render_drift(
    report: DriftReport,
    reference: Profile,
    current: Profile,
    grid: Grid,
    *,
    title: str,
    reference_name: str,
    current_name: str,
    made_at: datetime,
    power: float = 0.8,
    multivariate: MultivariateReport | None = None,
    model: ModelSection | None = None,
    history: Sequence[PastWindow] = (),
    left_out: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the report as one HTML page that loads nothing and runs nothing.

    Names may hold anything; they are escaped, spelled out and cut.

    Args:
        report: The comparison.
        reference: The counts it was made from.
        current: Those of the window.
        grid: Where their cells lie.
        title: Of the page.
        reference_name: What the reference is, such as its file.
        current_name: What the window is.
        made_at: When the report is made.
        power: With which the report's smallest detectable shifts would be found.
        multivariate: What the rows say when taken whole, if they were asked.
        model: The project's model and how it fares, if there is one.
        history: The windows of a series, the oldest first.
        left_out: Columns that were not compared, each with the reason.
    """
    beside = {
        "title": visible(title, longest=_LONGEST_TITLE),
        "reference_name": visible(reference_name, longest=_LONGEST_TITLE),
        "current_name": visible(current_name, longest=_LONGEST_TITLE),
        "made_at": f"{made_at:%Y-%m-%d %H:%M} UTC",
        "version": __version__,
        "report": report,
        "headline": headline(report),
        "seen": seen(report, power=power),
        "most_open": _MOST_OPEN,
        "whole_rows": None if multivariate is None else _whole_rows(multivariate),
        "history": [_past(window) for window in history],
        "left_out": [
            (visible(name), visible(why, longest=_LONGEST_TITLE)) for name, why in left_out
        ],
        "model": model,
        "scores": None if model is None else _scores(model, reference, current),
    }
    template, pairs = _environment().get_template("drift.html"), pairs_of(reference, current, grid)
    page = ""
    for n_pictures in (MOST_PICTURES, MOST_PICTURES // 2, 0):
        page = template.render(groups=_groups(report, pairs, n_pictures), **beside)
        if len(page.encode()) <= _MOST_BYTES:
            break
    return page


def _groups(
    report: DriftReport, pairs: dict[str, Pair], n_pictures: int
) -> list[tuple[Severity, list[FeatureView]]]:
    """Return the views of all features by severity; the worst get the pictures."""
    ranks = count()
    return [
        (
            severity,
            [
                feature_view(
                    feature, pairs[feature.name], identity=f"f{rank}", drawn=rank < n_pictures
                )
                for feature, rank in zip(features, ranks, strict=False)
            ],
        )
        for severity, features in by_severity(report.features).items()
    ]


def _whole_rows(found: MultivariateReport) -> dict[str, object]:
    """Return what the template shows of it; its sentences name features."""
    return {
        "severity": found.verdict.value,
        "words": [visible(sentence, longest=_LONGEST_SENTENCE) for sentence in found.words()],
    }


def _past(window: PastWindow) -> dict[str, object]:
    known = window.share_drifted is not None and window.n_rows > 0
    part = window.share_drifted if window.share_drifted is not None and known else 0.0
    words = {True: "drifted", False: "not drifted", None: "cannot be told"}
    return {
        "name": visible(window.name),
        "n_rows": f"{window.n_rows:,}",
        "share": share(part) if known else "–",
        "drawing": single_bar(part),
        "says": words[window.drifted] if known else "no rows",
    }


def _scores(model: ModelSection, reference: Profile, current: Profile) -> FeatureView | None:
    if model.scores is None or model.score_grid is None:
        return None
    if reference.scores is None or current.scores is None:
        return None
    pair = NumericPair(
        reference=reference.scores.as_feature(),
        current=current.scores.as_feature(),
        edges=model.score_grid.edges,
    )
    return feature_view(model.scores, pair, identity="score")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("holdfast.adapters.reports"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name fails a test, not silently
        trim_blocks=True,
        lstrip_blocks=True,
    )
