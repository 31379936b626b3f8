"""What a file's windows say one after the other: their reports, and a map of them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.domain.windows import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.windows import WindowSpan, WindowSpec
    from holdfast.drift.report import DriftReport
    from holdfast.drift.seasons import WindowReference

__all__ = ["EMPTY", "DriftHistory", "DriftMatrix", "WindowDrift"]

EMPTY = "empty"
"""What is said in place of a verdict where a window holds no row."""

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDrift:
    """What is known of one window.

    Attributes:
        span: Which stretch; not `complete` if the data end, or begin, inside it.
        n: Its rows.
        report: The comparison; None for a window without a row, of which nothing is known.
        reference: What it was compared with.
    """

    span: WindowSpan
    n: int
    report: DriftReport | None
    reference: WindowReference

    def to_json(self) -> dict[str, Any]:
        """Return the window as plain JSON values; the figures of each feature are the matrix's."""
        report = self.report
        return {
            **_ends(self.span),
            "complete": self.span.complete,
            "n": self.n,
            "status": "empty" if report is None else "judged",
            "reference": "same_season" if self.reference.seasons else "fixed",
            "n_reference": self.reference.counts.n_rows,
            "seasons": [_ends(season) for season in self.reference.seasons],
            "fallback": self.reference.fallback,
            "drifted": None if report is None else report.drifted,
            "share_drifted": None if report is None else report.share_drifted,
            "weighted_share": None if report is None else report.weighted_share,
            "rule": None if report is None else report.rule,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftMatrix:
    """Features against windows, for a heat map.

    Attributes:
        features: The rows' names, in contract order.
        windows: The columns.
        effects: For each feature and window the effect of the decisive test that speaks
            most for drift. None for an empty window, and where no test applied.
        verdicts: For each feature and window ``drifted``, ``stable``, ``underpowered``, or
            ``empty``.
    """

    features: tuple[str, ...]
    windows: tuple[WindowSpan, ...]
    effects: tuple[tuple[float | None, ...], ...]
    verdicts: tuple[tuple[str, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the matrix as plain JSON values."""
        return {
            "features": list(self.features),
            "effects": [list(row) for row in self.effects],
            "verdicts": [list(row) for row in self.verdicts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftHistory:
    """The windows of a file in order, each compared with its reference.

    Attributes:
        spec: How the windows lie.
        features: What was compared, in order.
        windows: Every window that the data fill, those without a row, too; with those that
            the ends of the data cut off, if they were asked for.
        n_reference: Rows of the reference.
        n_current: Rows of the file.
        n_undated: Rows of the file without a time: they are in no window.
        n_left_out: Dated rows in no window that is listed: the ends of the data cut theirs
            off.
    """

    spec: WindowSpec
    features: tuple[str, ...]
    windows: tuple[WindowDrift, ...]
    n_reference: int
    n_current: int
    n_undated: int
    n_left_out: int

    def matrix(self) -> DriftMatrix:
        """Return the effect and the verdict of each feature in each window."""
        cells = [
            [_cell(window.report, index) for window in self.windows]
            for index in range(len(self.features))
        ]
        return DriftMatrix(
            features=self.features,
            windows=tuple(window.span for window in self.windows),
            effects=tuple(tuple(effect for effect, _ in row) for row in cells),
            verdicts=tuple(tuple(verdict for _, verdict in row) for row in cells),
        )

    def notes(self) -> Iterator[str]:
        """Yield, in words, what a reader of the windows must not overlook."""
        if self.n_undated:
            yield f"{self.n_undated:,} of {self.n_current:,} rows bear no time: in no window"
        if self.n_left_out:
            yield (
                f"{self.n_left_out:,} rows lie where the data begin or end inside a window "
                f"of {self.spec.say(self.spec.length)}: not judged"
            )
        empty = sum(window.report is None for window in self.windows)
        if empty:
            total = len(self.windows)
            yield f"{empty:,} of {total:,} windows hold no row: nothing is known of them"
        fixed = [window for window in self.windows if window.reference.fallback is not None]
        if fixed:
            yield (
                f"{len(fixed):,} of {len(self.windows):,} windows were compared with the whole "
                f"reference: {fixed[0].reference.fallback}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the history as plain, strict JSON values; other tools read these keys."""
        return {
            "schema_version": _SCHEMA_VERSION,
            "unit": self.spec.unit.value,
            "window": self.spec.say(self.spec.length),
            "step": self.spec.say(self.spec.step),
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "n_undated": self.n_undated,
            "n_left_out": self.n_left_out,
            "notes": list(self.notes()),
            "windows": [window.to_json() for window in self.windows],
            "matrix": self.matrix().to_json(),
        }


def _cell(report: DriftReport | None, index: int) -> tuple[float | None, str]:
    if report is None:
        return None, EMPTY
    feature = report.features[index]
    strongest = feature.strongest
    return None if strongest is None else strongest.result.effect, feature.verdict.value


def _ends(span: WindowSpan) -> dict[str, Any]:
    if span.unit is Unit.ROWS:
        return {"start": span.start, "end": span.end}
    window = span.window
    return {"start_time": window.start_at.isoformat(), "end_time": window.end_at.isoformat()}
