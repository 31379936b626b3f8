"""Features against windows as a map: which drifted when, the worst feature first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from holdfast.adapters.reports.series import MOST_WINDOWS, span_name
from holdfast.adapters.reports.spelling import LONGEST_TIP, amount, count, visible
from holdfast.adapters.reports.svg import Cell, strip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from holdfast.drift.history import DriftMatrix

__all__ = ["MOST_FEATURES", "HeatMap", "HeatRow", "heat_map"]

MOST_FEATURES = 60
"""Rows of the map; the features that drifted most often come first."""

_BANDS = (0.1, 0.2, 0.4)  # effects from which a drifted cell is darker
_DRIFTED = "drifted"
_MOST_TITLED = 1_500  # stretches; more titles would be half of the page
_WORDS = {
    _DRIFTED: "drifted",
    "stable": "stable",
    "underpowered": "too few rows to tell",
    "empty": "no rows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """One feature over time, drawn and in words."""

    name: str
    full_name: str
    drawing: Markup
    drifted_in: str
    says: str  # the drawing in words, for readers who do not see it


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """The map, with what was left out of it in words."""

    rows: tuple[HeatRow, ...]
    first: str  # window
    last: str
    notes: tuple[str, ...]


def heat_map(matrix: DriftMatrix) -> HeatMap | None:
    """Prepare the map; None without a feature or a window.

    Args:
        matrix: Of all windows; the newest are shown.
    """
    if not matrix.features or not matrix.windows:
        return None
    begin = max(0, len(matrix.windows) - MOST_WINDOWS)
    names = [span_name(span) for span in matrix.windows[begin:]]
    tracks = [
        _Track(feature, effects[begin:], verdicts[begin:])
        for feature, effects, verdicts in zip(
            matrix.features, matrix.effects, matrix.verdicts, strict=True
        )
    ]
    shown = sorted(tracks, key=lambda track: track.rank)[:MOST_FEATURES]
    titled = sum(len(track.stretches) for track in shown) <= _MOST_TITLED
    return HeatMap(
        rows=tuple(_row(track, names, titled=titled) for track in shown),
        first=names[0],
        last=names[-1],
        notes=tuple(_notes(len(tracks), len(matrix.windows))),
    )


class _Track:
    """One feature's cells."""

    def __init__(self, name: str, effects: Sequence[float | None], verdicts: Sequence[str]) -> None:
        self.name = name
        self.cells = list(zip(verdicts, effects, strict=True))
        marks = [_mark(*cell) for cell in self.cells]
        self.stretches = [
            [index for index, _ in run] for _, run in groupby(enumerate(marks), lambda one: one[1])
        ]
        self.marks = marks

    @property
    def drifted(self) -> list[int]:
        return [i for i, (verdict, _) in enumerate(self.cells) if verdict == _DRIFTED]

    @property
    def rank(self) -> tuple[int, float]:
        """Sorts the worst first: most windows drifted, then the largest effect."""
        largest = max((effect or 0.0 for _, effect in self.cells), default=0.0)
        return -len(self.drifted), -largest


def _mark(verdict: str, effect: float | None) -> str:
    """Return how a cell looks: its verdict, and for drift how large it is."""
    if verdict != _DRIFTED:
        return verdict[:1]
    return f"d{sum((effect or 0.0) >= bound for bound in _BANDS)}"


def _row(track: _Track, names: list[str], *, titled: bool) -> HeatRow:
    shown = visible(track.name)
    cells = [
        Cell(
            mark=track.marks[run[0]],
            begin=run[0],
            length=len(run),
            title=_title(track, run, names) if titled else "",
        )
        for run in track.stretches
    ]
    n, total = len(track.drifted), len(track.cells)
    return HeatRow(
        name=shown,
        full_name="" if shown == track.name else visible(track.name, longest=LONGEST_TIP),
        drawing=strip(cells, total),
        drifted_in=f"{n} of {total}",
        says=_says(track, names),
    )


def _title(track: _Track, run: list[int], names: list[str]) -> str:
    first, last = names[run[0]], names[run[-1]]
    when = first if first == last else f"{first} until {last}"
    known = [effect for _, effect in (track.cells[i] for i in run) if effect is not None]
    size = f", effect {_range(known)}" if known else ""
    return f"{when}: {_WORDS.get(track.cells[run[0]][0], track.cells[run[0]][0])}{size}"


def _range(effects: list[float]) -> str:
    least, most = f"{min(effects):.2f}", f"{max(effects):.2f}"
    return least if least == most else f"{least} to {most}"


def _says(track: _Track, names: list[str]) -> str:
    drifted = track.drifted
    if not drifted:
        few = sum(verdict == "underpowered" for verdict, _ in track.cells)
        also = f"; {count(few, 'window')} with too few rows to tell" if few else ""
        return f"never drifted{also}"
    most = max(drifted, key=lambda i: track.cells[i][1] or 0.0)
    effect = track.cells[most][1]
    size = "" if effect is None else f", most in {names[most]} (effect {amount(round(effect, 2))})"
    return f"first drifted in {names[drifted[0]]}, last in {names[drifted[-1]]}{size}"


def _notes(n_features: int, n_windows: int) -> list[str]:
    told = []
    if n_windows > MOST_WINDOWS:
        told.append(f"The newest {MOST_WINDOWS} of {n_windows:,} windows are shown.")
    if n_features > MOST_FEATURES:
        told.append(
            f"{MOST_FEATURES} of {n_features:,} features are shown: those that drifted most often."
        )
    return told
