"""Draw charts as SVG files that stand alone: a title, two axes of shares, lines, marks, words.

The same chart gives the same bytes, so that a release may hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "HEIGHT",
    "WIDTH",
    "Chart",
    "Dot",
    "Line",
    "Note",
    "chart",
    "page",
    "reach",
    "short",
    "table_cell",
    "table_head",
    "words",
]

WIDTH, HEIGHT = 640, 560  # pixels

_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 612, 108, 492  # of the plot in the page
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_REACHES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_LONGEST = 16  # letters of a name that is not ours
_CELLS, _CELL = (156, 146), (228, 178)  # where a table's first cell begins, and how large it is
_KEY, _KEY_LINE, _KEY_LETTER = 90, 30, 7.5  # of the key: how far down, a line, a letter

_STYLE = (
    "text{font-family:Helvetica,Arial,sans-serif;font-size:14px;fill:#222}"
    ".title{font-size:19px;font-weight:bold}.sub{fill:#555}.tick{font-size:12px;fill:#555}"
    ".note{paint-order:stroke;stroke:#fff;stroke-width:4px}"
    ".grid{stroke:#e3e3e3;stroke-width:1}.frame{stroke:#777;stroke-width:1;fill:none}"
    "polyline{fill:none;stroke-width:2.5;stroke-linejoin:round}"
    ".a{stroke:#1f5fa8}.b{stroke:#b4501e;stroke-dasharray:9 4}"
    ".c{stroke:#3a7d44;stroke-dasharray:3 3}"
    ".faint{stroke:#999;stroke-width:1.5;stroke-dasharray:5 5}"
    ".here{stroke:#111;stroke-width:1.5;stroke-dasharray:2 3}.bar{stroke:#1f5fa8;stroke-width:1.5}"
    ".dot{fill:#1f5fa8}.chosen{fill:#fff;stroke:#111;stroke-width:3}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points; [0, 1] × [0, 1] is the whole of a chart.

    Attributes:
        points: From its first to its last.
        style: ``a``, ``b``, ``c``: three that differ also without colours; ``faint`` for what
            is compared with; ``here`` and ``bar`` for marks.
        name: For the key; empty to leave it out there.
    """

    points: Sequence[tuple[float, float]]
    style: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A mark at a point; ``chosen`` is a ring, ``dot`` is full."""

    at: tuple[float, float]
    style: str = "dot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Words beside a point, on the side where there is more room."""

    at: tuple[float, float]
    text: Sequence[str]  # a line each


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn; any text may hold anything.

    Attributes:
        title: What it is.
        subtitle: On how many rows, and the figure that sums it up.
        across: What the horizontal axis counts.
        up: What the vertical axis counts.
        percent: Whether the horizontal axis is told in percent; the vertical one always is.
        width: What the horizontal axis reaches to.
        height: What the vertical axis reaches to.
        lines: Later ones lie above earlier ones.
        dots: Above the lines.
        notes: Above all.
    """

    title: str
    subtitle: str
    across: str
    up: str
    percent: bool = True
    width: float = 1.0
    height: float = 1.0
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    notes: Sequence[Note] = ()


def chart(drawn: Chart) -> bytes:
    """Return a chart as an SVG file."""
    parts = [
        *(_grid(at, drawn) for at in _TICKS),
        (
            f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_RIGHT - _LEFT}" '
            f'height="{_BOTTOM - _TOP}"/>'
        ),
        *map(_line, drawn.lines),
        *map(_dot, drawn.dots),
        *(part for note in drawn.notes for part in _note(note)),
        *_key([line for line in drawn.lines if line.name]),
        words((_LEFT + _RIGHT) / 2, _BOTTOM + 46, drawn.across, anchor="middle"),
        (
            f'<g transform="translate(24 {(_TOP + _BOTTOM) // 2}) rotate(-90)">'
            f"{words(0, 0, drawn.up, anchor='middle')}</g>"
        ),
    ]
    return page(drawn.title, drawn.subtitle, parts)


def page(title: str, subtitle: str, parts: Sequence[str]) -> bytes:
    """Return an SVG file with a title and what is drawn beneath it.

    Args:
        title: What is drawn; may hold anything.
        subtitle: One line under it; may hold anything.
        parts: SVG, safe.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img"><title>{_safe(title)}</title>'
        f"<desc>{_safe(subtitle)}</desc><style>{_STYLE}</style>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    )
    top = (words(28, 36, title, style="title"), words(28, 62, subtitle, style="sub"))
    return "\n".join([head, *top, *parts, "</svg>\n"]).encode()


def words(across: float, down: float, text: str, *, style: str = "", anchor: str = "start") -> str:
    """Return a line of text at a place in pixels.

    >>> words(3, 4.5, "a < b")
    '<text x="3" y="4.5" text-anchor="start">a &lt; b</text>'
    """
    kind = f' class="{style}"' if style else ""
    place = f'x="{_pixel(across)}" y="{_pixel(down)}"'
    return f'<text{kind} {place} text-anchor="{anchor}">{_safe(text)}</text>'


def table_head(text: str, *, row: int | None = None, column: int | None = None) -> str:
    """Return the name of a row, or of a column, of a table of two by two."""
    if column is not None:
        return words(_CELLS[0] + _CELL[0] * (column + 0.5), _CELLS[1] - 16, text, anchor="middle")
    return words(_CELLS[0] - 12, _CELLS[1] + _CELL[1] * ((row or 0) + 0.5) + 5, text, anchor="end")


def table_cell(row: int, column: int, figure: str, share: str, *, right: bool) -> str:
    """Return a cell of a table of two by two, in a deeper colour if it is as it should be."""
    left, top = _CELLS[0] + _CELL[0] * column, _CELLS[1] + _CELL[1] * row
    middle = left + _CELL[0] / 2
    return (
        f'<rect x="{_pixel(left)}" y="{_pixel(top)}" width="{_CELL[0]}" height="{_CELL[1]}" '
        f'fill="{"#d5e3f3" if right else "#f6e7df"}" stroke="#777"/>'
        + words(middle, top + 78, figure, style="title", anchor="middle")
        + words(middle, top + 106, share, style="sub", anchor="middle")
    )


def reach(largest: float) -> float:
    """Return a round end for an axis from 0 that shows a share.

    >>> reach(0.031), reach(0.4), reach(0.93)
    (0.05, 0.5, 1.0)
    """
    return next((end for end in _REACHES if largest <= end), 1.0)


def short(name: str) -> str:
    """Return a name that is not ours at a length that a picture has room for.

    >>> short("a" * 40)
    'aaaaaaaaaaaaaaa…'
    """
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _grid(at: float, drawn: Chart) -> str:
    x, y = _place((at, at))
    across = f"{100 * at * drawn.width:g}%" if drawn.percent else f"{at * drawn.width:g}"
    up = f"{100 * at * drawn.height:g}%"
    lines = f'<path class="grid" d="M{x} {_TOP}V{_BOTTOM}M{_LEFT} {y}H{_RIGHT}"/>'
    below = words(float(x), _BOTTOM + 20, across, style="tick", anchor="middle")
    return lines + below + words(_LEFT - 8, float(y) + 4, up, style="tick", anchor="end")


def _line(line: Line) -> str:
    points = " ".join(",".join(_place(point)) for point in line.points)
    return f'<polyline class="{line.style}" points="{points}"/>'


def _dot(dot: Dot) -> str:
    x, y = _place(dot.at)
    return (
        f'<circle class="{dot.style}" cx="{x}" cy="{y}" r="{7 if dot.style == "chosen" else 5}"/>'
    )


def _note(note: Note) -> list[str]:
    x, y = map(float, _place(note.at))
    left, low = note.at[0] > 0.6, note.at[1] > 0.2
    anchor, x = ("end", x - 14) if left else ("start", x + 14)
    first = y + 22 if low else y - 18 * len(note.text)
    return [
        words(x, first + 18 * i, text, style="note", anchor=anchor)
        for i, text in enumerate(note.text)
    ]


def _key(lines: Sequence[Line]) -> list[str]:
    """Return the names of lines side by side above the plot, where nothing is drawn."""
    parts, x = [], float(_LEFT)
    for line in lines:
        stroke = f"{_pixel(x)},{_KEY} {_pixel(x + _KEY_LINE)},{_KEY}"
        parts.append(f'<polyline class="{line.style}" points="{stroke}"/>')
        parts.append(words(x + _KEY_LINE + 8, _KEY + 5, line.name))
        x += _KEY_LINE + 32 + _KEY_LETTER * len(line.name)
    return parts


def _place(point: tuple[float, float]) -> tuple[str, str]:
    """Return where a point lies on the page, in pixels."""
    across = _LEFT + point[0] * (_RIGHT - _LEFT)
    down = _BOTTOM - point[1] * (_BOTTOM - _TOP)
    return _pixel(across), _pixel(down)


def _pixel(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _safe(text: str) -> str:
    """Return text for XML, which has no way to write most control characters."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text))
