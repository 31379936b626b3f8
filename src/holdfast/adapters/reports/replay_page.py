"""A replay as one page: what each policy came to, the picture, and the windows under the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from holdfast import __version__
from holdfast.adapters.reports.html import environment
from holdfast.adapters.reports.spelling import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["PolicyRow", "WindowRow", "render_replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """What one policy came to, in words and figures ready to be read."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """One window under the first policy."""

    name: str
    auc: str
    brier: str
    model: str
    decision: str
    reasons: Sequence[str]


def render_replay(
    policies: Sequence[PolicyRow],
    windows: Sequence[WindowRow],
    *,
    columns: Sequence[str],
    title: str,
    notes: Sequence[str],
    chart: str,
    made_at: datetime,
) -> str:
    """Return the replay as one HTML page that loads nothing and runs nothing.

    Args:
        policies: The policies, the one told of in full first.
        windows: Its windows.
        columns: What the policies' cells are.
        title: Of the page.
        notes: How it was played, in sentences.
        chart: The picture, an SVG of this package.
        made_at: When the page is made.
    """
    template = environment().get_template("replay.html")
    return template.render(
        title=visible(title, longest=200),
        policies=[(visible(each.name), each.cells) for each in policies],
        windows=windows,
        columns=columns,
        notes=notes,
        chart=Markup(chart),  # noqa: S704 - `render_chart` escapes what is not its own
        made_at=f"{made_at:%Y-%m-%d %H:%M} UTC",
        version=__version__,
    )
