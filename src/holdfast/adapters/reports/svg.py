"""How bars become inline SVG: shapes alone, stretched to any width; words stand beside in HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "HEIGHT",
    "WIDTH",
    "Cell",
    "Column",
    "band",
    "columns",
    "paired_bar",
    "single_bar",
    "strip",
]

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

_STRIP = Markup(
    '<svg class="strip" viewBox="0 0 {width} 10" preserveAspectRatio="none" aria-hidden="true">'
    "{cells}</svg>"
)
_BAND = Markup(
    '<svg class="band" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">'
    '<path class="g" d="M0 50H1000"/><rect class="r" x="{begin}" y="25" width="{width}" '
    'height="50"/><path class="n" d="M{now} 0V100"/></svg>'
)
_STROKES = {"s": (7, 3), "u": (3.5, 3)}  # from the top, and height: shapes tell without colours


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Adjoining cells of a strip that look alike.

    Attributes:
        mark: ``d0`` to ``d3`` for drift from faint to strong, ``s`` stable, ``u`` unknown,
            ``e`` for nothing at all.
        begin: The first one's place.
        length: How many.
        title: What is told to who points at it; may hold anything.
    """

    mark: str
    begin: int
    length: int
    title: str = ""


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


def strip(cells: Sequence[Cell], length: int) -> Markup:
    """Draw a row of cells: drift fills them, what is stable keeps to the ground.

    Cells without a title are drawn together, by mark: a map may have thousands.
    """
    titled = Markup().join(_cell(cell) for cell in cells if cell.title)
    marks = sorted({cell.mark for cell in cells if not cell.title and cell.mark != "e"})
    together = Markup().join(
        Markup('<path class="{}" d="{}"/>').format(
            mark,
            "".join(_block(cell) for cell in cells if cell.mark == mark and not cell.title),
        )
        for mark in marks
    )
    return _STRIP.format(width=10 * length, cells=titled + together)


def band(begin: float, end: float, now: float) -> Markup:
    """Draw a value against a band; all in [0, 1] from the left."""
    return _BAND.format(
        begin=_figure(WIDTH * begin),
        width=_figure(WIDTH * (end - begin)),
        now=_figure(WIDTH * now),
    )


def _cell(cell: Cell) -> Markup:
    left, top, width, height = _place(cell)
    return Markup(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    ).format(cell.mark, left, top, width, height, cell.title)


def _block(cell: Cell) -> str:
    left, top, width, height = _place(cell)
    return f"M{left} {top}h{width}v{height}h-{width}z"


def _place(cell: Cell) -> tuple[str, ...]:
    """Return where a cell begins, from the left and the top, and how large it is."""
    top, height = _STROKES.get(cell.mark, (0, 10))
    gap = 0.8 if cell.mark != "s" else 0.0  # blocks stand apart, the ground is one line
    return tuple(map(_figure, (10.0 * cell.begin, top, 10.0 * cell.length - gap, height)))


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
