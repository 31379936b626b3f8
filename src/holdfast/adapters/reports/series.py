"""The windows of a series one after the other: a chart at a glance, and each in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.adapters.reports.spelling import count, share, visible
from holdfast.adapters.reports.svg import Cell, single_bar, strip
from holdfast.domain.windows import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from holdfast.adapters.reports.sections import PastWindow
    from holdfast.domain.windows import WindowSpan

__all__ = ["MOST_WINDOWS", "PastView", "Series", "series", "span_name"]

MOST_WINDOWS = 120
"""Of a series that are shown, the newest; more would be thinner than a line."""

_MOST_OPEN = 12  # windows whose table stands open
_SAYS = {True: "drifted", False: "not drifted", None: "cannot be told"}
_MARKS = {True: "d3", False: "s", None: "u"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastView:
    """One window of the table."""

    name: str
    n_rows: str
    share: str
    drawing: Markup
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the page shows of the windows of a series.

    Attributes:
        windows: The newest, in order.
        drawing: Their verdicts side by side.
        says: How many drifted, in a sentence.
        folded: Whether the table is folded away: there are many.
    """

    windows: tuple[PastView, ...]
    drawing: Markup
    says: str
    folded: bool


def series(history: Sequence[PastWindow]) -> Series | None:
    """Prepare a series; None without a window.

    Args:
        history: The windows, the oldest first.
    """
    if not history:
        return None
    shown = list(history)[-MOST_WINDOWS:]
    cells = [
        Cell(mark=_mark(one), begin=i, length=1, title=f"{visible(one.name)}: {_says(one)}")
        for i, one in enumerate(shown)
    ]
    return Series(
        windows=tuple(map(_view, shown)),
        drawing=strip(cells, len(cells)),
        says=_summary(shown, len(history)),
        folded=len(shown) > _MOST_OPEN,
    )


def span_name(span: WindowSpan) -> str:
    """Return a window's name, short where its ends are midnights.

    >>> from holdfast.domain.windows import WindowSpan
    >>> span_name(WindowSpan(unit=Unit.ROWS, start=0, end=1000))
    'rows 0 to 1,000'
    """
    if span.unit is Unit.ROWS:
        return str(span)
    ends = (span.window.start_at, span.window.end_at)
    if any(end.hour or end.minute or end.second for end in ends):
        return f"{ends[0]:%Y-%m-%d %H:%M} to {ends[1]:%Y-%m-%d %H:%M}"
    return f"{ends[0]:%Y-%m-%d} to {ends[1]:%Y-%m-%d}"


def _known(window: PastWindow) -> bool:
    return window.share_drifted is not None and window.n_rows > 0


def _mark(window: PastWindow) -> str:
    return _MARKS[window.drifted] if _known(window) else "e"


def _says(window: PastWindow) -> str:
    if window.n_rows == 0:
        return "no rows"
    return _SAYS[window.drifted] if _known(window) else "not judged"


def _view(window: PastWindow) -> PastView:
    part = window.share_drifted if window.share_drifted is not None and _known(window) else 0.0
    return PastView(
        name=visible(window.name),
        n_rows=f"{window.n_rows:,}",
        share=share(part) if _known(window) else "–",
        drawing=single_bar(part),
        says=_says(window),
    )


def _summary(shown: Sequence[PastWindow], n_all: int) -> str:
    drifted = sum(_known(window) and window.drifted is True for window in shown)
    unknown = sum(_known(window) and window.drifted is None for window in shown)
    empty = sum(window.n_rows == 0 for window in shown)
    told = f"{drifted or 'None'} of {count(len(shown), 'window')} drifted"
    if unknown:
        told += f"; of {unknown} it cannot be told"
    if empty:
        told += f"; {empty} held no rows"
    if n_all > len(shown):
        told += f". These are the newest of {n_all:,}"
    parts = [one.share_drifted for one in shown if one.share_drifted is not None and _known(one)]
    if parts:
        told += f". At most {share(max(parts))} of the features drifted at once"
    return f"{told}."
