"""The drift report as one page: verdict first, then the features by severity, each drawn."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from holdfast import __version__
from holdfast.adapters.reports.counted import NumericPair, pairs_of
from holdfast.adapters.reports.heat_map import heat_map
from holdfast.adapters.reports.series import series
from holdfast.adapters.reports.severity import Severity, by_severity
from holdfast.adapters.reports.spelling import visible
from holdfast.adapters.reports.verdict import headline, seen
from holdfast.adapters.reports.views import FeatureView, feature_view
from holdfast.adapters.reports.whole_rows import whole_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.adapters.reports.counted import Pair
    from holdfast.adapters.reports.sections import ModelSection, PastWindow
    from holdfast.drift.grid import Grid
    from holdfast.drift.history import DriftMatrix
    from holdfast.drift.multivariate.report import MultivariateReport
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport

__all__ = ["MOST_PICTURES", "environment", "render_drift"]

MOST_PICTURES = 60
"""Features that get a picture and their tests, the worst first; the others get a line."""

_MOST_OPEN = 8  # features that stand open when the page is; more would bury the list
_LONGEST_TITLE = 200
_LONGEST_NOTE = 500
_MOST_BYTES = 500_000  # of the page; a page beyond gets fewer pictures


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
    matrix: DriftMatrix | None = None,
    left_out: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
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
        history: The windows of a series, the oldest first; the newest are shown.
        matrix: The features of each window of the series, for a map.
        left_out: Columns that were not compared, each with the reason.
        notes: What a reader must not overlook, each in a sentence; beside the verdict.
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
        "notes": [visible(note, longest=_LONGEST_NOTE) for note in notes],
        "most_open": _MOST_OPEN,
        "whole_rows": None if multivariate is None else whole_rows(multivariate),
        "history": series(history),
        "heat": None if matrix is None else heat_map(matrix),
        "left_out": [
            (visible(name), visible(why, longest=_LONGEST_TITLE)) for name, why in left_out
        ],
        "model": model,
        "scores": None if model is None else _scores(model, reference, current),
    }
    template, pairs = environment().get_template("drift.html"), pairs_of(reference, current, grid)
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
def environment() -> Environment:
    """Return what the pages are made with: all that is not markup is escaped."""
    return Environment(
        loader=PackageLoader("holdfast.adapters.reports"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name fails a test, not silently
        trim_blocks=True,
        lstrip_blocks=True,
    )
