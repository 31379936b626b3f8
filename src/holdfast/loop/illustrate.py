"""Draw what a model reached, for its card and for the registry: five pictures from its curves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.loop.draw import (
    Chart,
    Dot,
    Line,
    Note,
    chart,
    page,
    reach,
    short,
    table_cell,
    table_head,
)
from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.domain.contract import Target
    from holdfast.domain.curves import Curves, OperatingPoint
    from holdfast.domain.releases import ModelMetrics

    Figure = Callable[[OperatingPoint], float | None]

__all__ = ["CAPTIONS", "illustrate"]

CAPTIONS = {
    "roc.svg": "ROC curve",
    "precision_recall.svg": "Precision and recall",
    "thresholds.svg": "What each threshold would do",
    "calibration.svg": "Calibration",
    "confusion_matrix.svg": "Decisions at the threshold",
}
"""The pictures of a release by the names of their files, in the order of the card."""


def illustrate(curves: Curves, metrics: ModelMetrics, target: Target) -> dict[str, bytes]:
    """Return the pictures as SVG files, by name; the same figures give the same bytes.

    A picture that the rows do not define is left out: a ROC curve of one class.

    Args:
        curves: What the model does at every threshold.
        metrics: On the same rows.
        target: The two classes in their own words.
    """
    charts = {
        "thresholds.svg": _thresholds(curves, target),
        "calibration.svg": _calibration(curves, metrics, target),
    }
    if curves.n_positive:
        charts["precision_recall.svg"] = _precision_recall(curves, metrics, target)
    if curves.n_positive and curves.n_negative:
        charts["roc.svg"] = _roc(curves, metrics, target)
    drawn = {name: chart(one) for name, one in charts.items()}
    drawn["confusion_matrix.svg"] = _confusion(curves, target)
    return {name: drawn[name] for name in CAPTIONS if name in drawn}


def _roc(curves: Curves, metrics: ModelMetrics, target: Target) -> Chart:
    across, up = curves.false_alarms, curves.recall
    plain = Chart(
        title=CAPTIONS["roc.svg"],
        subtitle=f"{_sum(metrics, 'roc_auc', 'AUC')}; {_rows(curves, target)}",
        across=f"false alarms: share of the {short(target.negative)} rows that are flagged",
        up=f"recall: share of the {short(target.positive)} rows that are flagged",
        lines=[
            _through(curves, across, up, style="a", name="the model"),
            Line(points=[(0, 0), (1, 1)], style="faint", name="flagging by chance"),
        ],
    )
    return _marked(plain, curves, across, up, says="{y:.1%} recall, {x:.1%} false alarms")


def _precision_recall(curves: Curves, metrics: ModelMetrics, target: Target) -> Chart:
    across, up = curves.recall, curves.precision
    by_chance = curves.n_positive / curves.n
    plain = Chart(
        title=CAPTIONS["precision_recall.svg"],
        subtitle=f"{_sum(metrics, 'pr_auc', 'PR AUC')}; {_rows(curves, target)}",
        across=f"recall: share of the {short(target.positive)} rows that are flagged",
        up=f"precision: share of the flagged rows that are {short(target.positive)}",
        lines=[
            _through(curves, across, up, style="a", name="the model"),
            Line(points=[(0, by_chance), (1, by_chance)], style="faint", name="by chance"),
        ],
    )
    return _marked(plain, curves, across, up, says="{y:.1%} precision, {x:.1%} recall")


def _thresholds(curves: Curves, target: Target) -> Chart:
    chosen = curves.chosen.threshold
    end = reach(max(chosen, *(point.threshold for point in curves.points[1:])))
    figures = (curves.recall, curves.precision, curves.flagged)
    at_chosen = [figure(curves.chosen) for figure in figures]
    return Chart(
        title=CAPTIONS["thresholds.svg"],
        subtitle=_rows(curves, target),
        across="threshold: score at and above which a row is flagged",
        up="share of rows",
        percent=False,
        width=end,
        lines=[
            _steps(curves, curves.recall, end, style="a", name="recall"),
            _steps(curves, curves.precision, end, style="b", name="precision"),
            _steps(curves, curves.flagged, end, style="c", name="flagged, of all rows"),
            Line(points=[(chosen / end, 0), (chosen / end, 1)], style="here"),
        ],
        dots=[Dot(at=(chosen / end, y), style="chosen") for y in at_chosen if y is not None],
        notes=[Note(at=(chosen / end, 1.0), text=[f"threshold {chosen:.3f}"])],
    )


def _calibration(curves: Curves, metrics: ModelMetrics, target: Target) -> Chart:
    shares = [wilson(one.n_positive, one.n) for one in curves.bins]
    means = [one.mean_score for one in curves.bins]
    end = reach(max(*means, *(share.high for share in shares)))
    sizes = sorted(one.n for one in curves.bins)
    each = f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
    both = [(mean / end, share) for mean, share in zip(means, shares, strict=True)]
    return Chart(
        title=CAPTIONS["calibration.svg"],
        subtitle=f"{_sum(metrics, 'calibration_error', 'mean gap')}; {_rows(curves, target)}",
        across=f"mean score of a bin ({each} rows each; bars: 95% intervals)",
        up=f"share of its rows that are {short(target.positive)}",
        width=end,
        height=end,
        lines=[
            Line(points=[(0, 0), (1, 1)], style="faint", name="what the scores promise"),
            *(Line(points=[(x, y.low / end), (x, y.high / end)], style="bar") for x, y in both),
        ],
        dots=[Dot(at=(x, y.estimate / end)) for x, y in both],
    )


def _confusion(curves: Curves, target: Target) -> bytes:
    chosen, positive, negative = curves.chosen, short(target.positive), short(target.negative)
    missed = curves.n_positive - chosen.n_true_positive
    spared = curves.n_negative - chosen.n_false_positive
    rows = (
        (curves.n_positive, (chosen.n_true_positive, missed)),
        (curves.n_negative, (chosen.n_false_positive, spared)),
    )
    cells = [
        table_cell(row, column, f"{count:,}", _of(count, n), right=row == column)
        for row, (n, counts) in enumerate(rows)
        for column, count in enumerate(counts)
    ]
    heads = [
        table_head(f"decided {positive}", column=0),
        table_head(f"decided {negative}", column=1),
        table_head(f"is {positive}", row=0),
        table_head(f"is {negative}", row=1),
    ]
    return page(
        CAPTIONS["confusion_matrix.svg"],
        f"threshold {chosen.threshold:.3f}; {_rows(curves, target)}",
        [*heads, *cells],
    )


def _of(count: int, n: int) -> str:
    return f"{count / n:.1%} of {n:,}" if n else "no such row"


def _steps(curves: Curves, figure: Figure, end: float, *, style: str, name: str) -> Line:
    """Return a figure at every threshold: it stays as it is until the next score is flagged."""
    points: list[tuple[float, float]] = []
    lower = [*(point.threshold for point in curves.points[1:]), 0.0]
    for point, until in zip(curves.points, lower, strict=True):
        value = figure(point)
        if value is not None:
            begin = end if point.n_true_positive + point.n_false_positive == 0 else point.threshold
            points += [(begin / end, value), (until / end, value)]
    return Line(points=points, style=style, name=name)


def _through(curves: Curves, across: Figure, up: Figure, *, style: str, name: str) -> Line:
    """Return the line through the points at which both figures are defined."""
    found = [(across(point), up(point)) for point in curves.points]
    points = [(x, y) for x, y in found if x is not None and y is not None]
    return Line(points=points, style=style, name=name)


def _marked(plain: Chart, curves: Curves, across: Figure, up: Figure, *, says: str) -> Chart:
    """Mark the threshold of the contract, unless nothing is flagged there."""
    x, y = across(curves.chosen), up(curves.chosen)
    if x is None or y is None:
        return plain
    text = [f"threshold {curves.chosen.threshold:.3f}:", says.format(x=x, y=y)]
    return replace(plain, dots=[Dot(at=(x, y), style="chosen")], notes=[Note(at=(x, y), text=text)])


def _sum(metrics: ModelMetrics, name: str, title: str) -> str:
    """Return the figure that sums a picture up, with its interval."""
    figure, bounds = metrics.figures.get(name), metrics.intervals.get(name)
    if figure is None:
        return f"{title} unknown"
    between = "" if bounds is None else f" (95%: {bounds[0]:.3f} to {bounds[1]:.3f})"
    return f"{title} {figure:.3f}{between}"


def _rows(curves: Curves, target: Target) -> str:
    return f"{curves.n:,} rows, {curves.n_positive:,} of them {short(target.positive)}"
