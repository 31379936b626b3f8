"""The picture of a replay: each policy's figures over time, and where it changed the model.

An SVG that fits any width without being scaled: lines are stretched, words and marks are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from holdfast.adapters.reports.spelling import amount, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Line", "Panel", "render_chart", "spread", "ticks_of"]

_HEIGHT = 210  # of a panel's lines, in pixels
_ABOVE, _BELOW = 34, 30  # of a panel: its title, and the axis beneath
_TOP = 34  # of the picture: what the marks mean
_LABEL_GAP = 15  # between the middles of two names, in pixels
_MOST_LINES = 8  # more could not be told apart
_TOO_OFTEN = 0.5  # share of windows from which on marks would say no more than the name

_PAGE = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" class="hf" width="100%" height="{height}" '
    'role="img" aria-labelledby="hf-t hf-d"><title id="hf-t">{title}</title>'
    '<desc id="hf-d">{description}</desc><style>{style}</style>'
    '<rect class="ground" width="100%" height="100%"/>{key}{panels}</svg>'
)
_KEY = Markup(
    '<svg class="key" x="12" y="18" overflow="visible">'
    '<circle class="done" r="4.5" cx="5" cy="-4"/><text x="15">promoted</text>'
    '<circle class="tried" r="4.5" cx="90" cy="-4"/>'
    '<text x="100">attempted, and the model kept</text></svg>'
)
_STYLE = """
.hf{--bg:#fff;--fg:#1c2330;--quiet:#5b6472;--rule:#e3e6ea;font:13px system-ui,sans-serif;
--c0:#0072b2;--c1:#6b7280;--c2:#d55e00;--c3:#b07d00;--c4:#00805c;--c5:#b4578f;--c6:#3a8fc4;
--c7:#8a5a2b}
@media (prefers-color-scheme:dark){.hf{--bg:#14171c;--fg:#e8eaee;--quiet:#a3abb8;--rule:#2c323b;
--c0:#56b4e9;--c1:#9aa3b2;--c2:#ff8f4a;--c3:#e6b422;--c4:#2fc496;--c5:#e39ac6;--c6:#8fd0ff;
--c7:#d3a878}}
.hf .ground{fill:var(--bg)}.hf text{fill:var(--fg)}.hf .quiet{fill:var(--quiet);font-size:12px}
.hf .head{font-weight:600}.hf .own{font-weight:700}.hf .rule{stroke:var(--rule)}
.hf path{fill:none;stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.hf path.own{stroke-width:3}.hf .lead{stroke-width:1}
.hf .done{stroke:var(--bg);stroke-width:1}.hf .tried{fill:var(--bg);stroke-width:2}
.hf .key .done{fill:var(--fg)}.hf .key .tried{stroke:var(--fg)}.hf .v0,.hf .v1{display:none}
@media (max-width:1000px){.hf text{font-size:11px}.hf .v2{display:none}.hf .v1{display:inline}}
@media (max-width:560px){.hf .v1,.hf .wide{display:none}.hf .v0{display:inline}}
"""
# How much of the width lines may take, on narrow, middling and wide screens: names stand beside
# them, and Chromium does not take the width of an inner <svg> from a style sheet.
_WIDTHS = {"54%": 17, "66%": 24, "76%": 24}  # and how many letters of a name there is room for
_DASHES = ("", "2 4", "9 4", "9 3 2 3", "4 3", "1 3", "14 4", "6 2 1 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One policy in a panel.

    Attributes:
        name: The policy's.
        values: One a window; None where the window has no figure.
        promoted: Windows after which another model scored.
        kept: Windows after which a retraining was attempted and the model kept.
    """

    name: str
    values: Sequence[float | None]
    promoted: Sequence[int] = ()
    kept: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One figure over time.

    Attributes:
        title: The figure, and which way is better.
        lines: The policies, the one that matters most first.
    """

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Where windows and values lie in a panel."""

    n_windows: int
    low: float
    high: float

    def x(self, window: int) -> float:
        """Return the middle of a window, in percent from the left."""
        return 100 * (window + 0.5) / self.n_windows

    def y(self, value: float) -> float:
        """Return where a value lies, in pixels from the top."""
        return _HEIGHT * (1 - (value - self.low) / (self.high - self.low))


def render_chart(
    panels: Sequence[Panel], *, names: Sequence[str], title: str, description: str
) -> str:
    """Return the picture as an SVG that loads nothing and runs nothing.

    Args:
        panels: From top to bottom; all have the same windows. Of more than eight policies the
            first eight are drawn.
        names: What the axis says of each window: its first row, or its date.
        title: What is shown, for readers who hear it.
        description: What can be seen, for the same.
    """
    step = _ABOVE + _HEIGHT + _BELOW
    drawn = Markup().join(
        _panel(panel, names, top=_TOP + k * step) for k, panel in enumerate(panels)
    )
    return str(
        _PAGE.format(
            height=_TOP + len(panels) * step,
            title=visible(title, longest=200),
            description=visible(description, longest=500),
            style=Markup(_STYLE + _paints()),  # noqa: S704 - made of constants alone
            key=_KEY,
            panels=drawn,
        )
    )


def ticks_of(low: float, high: float) -> list[float]:
    """Return three to six round numbers that span a range of values.

    >>> ticks_of(0.62, 0.86)
    [0.6, 0.7, 0.8, 0.9]
    """
    rough = max(high - low, 1e-3) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = min(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def spread(places: Sequence[float], gap: float, *, most: float) -> list[float]:
    """Move places apart until neighbours keep a gap, as little as can be, and below a limit.

    >>> spread([10.0, 12.0, 50.0], 15.0, most=200.0)
    [3.5, 18.5, 50.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[tuple[float, int]] = []  # the middle of neighbours that touch, and how many
    for i in order:
        middle, n = places[i], 1
        while groups and middle - groups[-1][0] < gap * (n + groups[-1][1]) / 2:
            other, m = groups.pop()
            middle, n = (middle * n + other * m) / (n + m), n + m
        groups.append((middle, n))
    moved = [middle + (k - (n - 1) / 2) * gap for middle, n in groups for k in range(n)]
    beyond = max(0.0, max(moved, default=0.0) - most)
    found = [0.0] * len(places)
    for i, place in zip(order, moved, strict=True):
        found[i] = place - beyond
    return found


def _paints() -> str:
    return "".join(
        f".hf .s{k}{{stroke:var(--c{k});stroke-dasharray:{dash or 'none'}}}"
        f".hf .f{k}{{fill:var(--c{k})}}.hf .o{k}{{stroke:var(--c{k})}}"
        for k, dash in enumerate(_DASHES)
    )


def _panel(panel: Panel, names: Sequence[str], *, top: int) -> Markup:
    lines = list(panel.lines)[:_MOST_LINES]
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return Markup('<text x="12" y="{}">{}: no window has one</text>').format(
            top + 16, panel.title
        )
    ticks = ticks_of(min(known), max(known))
    n = len(names)

    scale = _Scale(n_windows=n, low=ticks[0], high=ticks[-1])
    ranked = [*enumerate(lines)]
    inside = [
        *(_grid(tick, scale.y(tick)) for tick in ticks),
        *(_axis(names[k], scale.x(k), place) for place, k in enumerate(_told(n))),
        # The first is drawn last: it lies above the others.
        *(_curve(line, k, scale) for k, line in reversed(ranked)),
        *(_marks(line, k, scale) for k, line in reversed(ranked)),
    ]
    plots = Markup().join(
        Markup(
            '<svg class="v{}" x="52" y="{}" width="{}" height="{}" overflow="visible">{}</svg>'
        ).format(
            k,
            top + _ABOVE,
            width,
            _HEIGHT,
            Markup().join([*inside, *_labels(lines, scale, longest=longest)]),
        )
        for k, (width, longest) in enumerate(_WIDTHS.items())
    )
    head = Markup('<text class="head" x="12" y="{}">{}</text>').format(top + 16, panel.title)
    return head + plots


def _grid(tick: float, at: float) -> Markup:
    return Markup(
        '<line class="rule" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
        '<text class="quiet" x="-8" y="{1}" text-anchor="end">{2}</text>'
    ).format(_short(at), _short(at + 4), amount(tick))


def _told(n: int) -> list[int]:
    """Return which windows the axis names: at most five, the ends among them."""
    return sorted({round(i * (n - 1) / 4) for i in range(5)})


def _axis(name: str, at: float, place: int) -> Markup:
    # On a narrow screen, the first, the middle and the last are enough.
    return Markup('<text class="{}" x="{}%" y="{}" text-anchor="middle">{}</text>').format(
        "quiet wide" if place % 2 else "quiet", _short(at), _HEIGHT + 20, visible(name, longest=20)
    )


def _curve(line: Line, k: int, scale: _Scale) -> Markup:
    """Draw a policy's line; it is broken where a window has no figure."""
    path, gap = "", True
    for i, value in enumerate(line.values):
        if value is not None:
            path += f"{'M' if gap else 'L'}{10 * scale.x(i):.1f} {scale.y(value):.1f}"
        gap = value is None
    return Markup(
        '<svg width="100%" height="{0}" viewBox="0 0 1000 {0}" preserveAspectRatio="none" '
        'overflow="visible"><path class="s{1}{2}" d="{3}"/></svg>'
    ).format(_HEIGHT, k, " own" if k == 0 else "", path)


def _marks(line: Line, k: int, scale: _Scale) -> Markup:
    """Mark attempts, between the window that they follow and the next; not of who never rests."""
    if len(line.promoted) + len(line.kept) > _TOO_OFTEN * len(line.values):
        return Markup()
    return Markup().join(
        Markup('<circle class="{}" cx="{}%" cy="{}" r="{}"><title>{}</title></circle>').format(
            f"done f{k}" if done else f"tried o{k}",
            _short(scale.x(window)),
            _short(scale.y(value)),
            "5" if k == 0 else "4",
            f"{line.name}: {'promoted' if done else 'attempted, and the model kept'}",
        )
        for windows, done in ((line.kept, False), (line.promoted, True))
        for window in windows
        if (value := line.values[window]) is not None
    )


def _labels(lines: Sequence[Line], scale: _Scale, *, longest: int) -> list[Markup]:
    """Write each policy's name beside the end of its line."""
    ends = [
        next((scale.y(value) for value in reversed(line.values) if value is not None), _HEIGHT / 2)
        for line in lines
    ]
    places = spread(ends, _LABEL_GAP, most=_HEIGHT + 6)
    return [
        Markup(
            '<svg x="100%" overflow="visible"><path class="lead o{0}" d="M2 {1}L12 {2}"/>'
            '<text class="{3}" x="15" y="{4}">{5}</text></svg>'
        ).format(
            k,
            _short(end),
            _short(place),
            "own" if k == 0 else "name",
            _short(place + 4),
            visible(line.name, longest=longest),
        )
        for k, (line, end, place) in enumerate(zip(lines, ends, places, strict=True))
    ]


def _short(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
