"""How bars become inline SVG: shapes alone, stretched to any width; words stand beside in HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEIGHT", "WIDTH", "Column", "columns", "paired_bar", "single_bar"]

WIDTH, HEIGHT = 1000.0, 100.0  # of the drawing; the page stretches it

Column = tuple[float, float, float]
"""(left, right, height), each in [0, 1]."""

_BREAK = ((0.45, 0.53), (0.52, 0.6))  # where the two strokes of a break begin and end

_FIGURE = Markup(
    '<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" '
    'aria-labelledby="{id}t {id}d">'
    '<title id="{id}t">{title}</title><desc id="{id}d">{description}</desc>'
    '<path class="g" d="M0 25H1000M0 50H1000M0 75H1000"/>'
    '<path class="r" d="{before}"/><path class="c" d="{after}"/>'
    '<path class="k" d="{breaks}"/></svg>'
)
_BAR = Markup(
    '<svg class="bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
    '<rect class="r" width="{before}" height="6"/>'
    '<rect class="c" y="7.5" width="{after}" height="6"/></svg>'
)
_SINGLE = Markup(
    '<svg class="bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
    '<rect class="c" width="{length}" y="3" height="8"/></svg>'
)


def columns(
    before: Sequence[Sequence[Column]],
    after: Sequence[Sequence[Column]],
    *,
    broken: Sequence[tuple[float, float]] = (),
    identity: str,
    title: str,
    description: str,
) -> Markup:
    """Draw two windows' columns over each other: the reference filled, the current outlined.

    Args:
        before: Groups of adjoining columns, from left to right, of the reference.
        after: The same of the current window.
        broken: From where to where columns lie whose heights are on a scale of their own.
        identity: Unique on the page.
        title: What is drawn; may hold anything.
        description: What can be seen; may hold anything.
    """
    return _FIGURE.format(
        id=identity,
        title=title,
        description=description,
        before="".join(_outline(group) for group in before),
        after="".join(_outline(group) for group in after),
        breaks="".join(_break(*stretch) for stretch in broken),
    )


def paired_bar(before: float, after: float) -> Markup:
    """Draw two lengths in [0, 1] one above the other: the reference's, then the current one."""
    return _BAR.format(before=_figure(100 * before), after=_figure(100 * after))


def single_bar(length: float) -> Markup:
    """Draw one length in [0, 1]."""
    return _SINGLE.format(length=_figure(100 * length))


def _break(left: float, right: float) -> str:
    """Return two slanted strokes across a column, as for an axis that is cut."""
    begin, end = _figure((left - 0.004) * WIDTH), _figure((right + 0.004) * WIDTH)
    return "".join(
        f"M{begin} {_figure(HEIGHT * low)}L{end} {_figure(HEIGHT * high)}" for high, low in _BREAK
    )


def _outline(group: Sequence[Column]) -> str:
    """Return the closed outline of adjoining columns."""
    if not group:
        return ""
    steps = [f"M{_figure(group[0][0] * WIDTH)} {_figure(HEIGHT)}"]
    for _, right, height in group:
        steps.append(f"V{_figure(HEIGHT * (1 - height))}H{_figure(right * WIDTH)}")
    return "".join([*steps, f"V{_figure(HEIGHT)}Z"])


def _figure(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
