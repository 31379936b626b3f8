"""Compare a file with the reference window by window, and tell what was found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from holdfast.cli.drift_words import say_drift, say_left_out
from holdfast.cli.window_words import named, say_windows
from holdfast.domain.errors import WindowError
from holdfast.loop.drift_history import compare_windows

if TYPE_CHECKING:
    from holdfast.adapters.reports.sections import PastWindow
    from holdfast.cli.drift_answer import Answer, Pair
    from holdfast.domain.windows import WindowSpec
    from holdfast.drift.history import DriftHistory, WindowDrift
    from holdfast.drift.report import DriftReport
    from holdfast.loop.baseline import Comparing
    from holdfast.loop.drift_history import ComparedWindows, JudgedWindow

__all__ = ["compare_over_time"]


def compare_over_time(
    pair: Pair,
    how: Comparing,
    spec: WindowSpec,
    answer: Answer,
    *,
    n_seasons: int | None,
    partial: bool,
) -> DriftReport:
    """Compare each window of a file, and tell what was found as it is wanted.

    Args:
        pair: The files.
        how: Bounds and roles.
        spec: How the windows lie.
        answer: What is to be written.
        n_seasons: How many seasons are added up at most.
        partial: Whether to judge the windows, too, that the data's ends cut off.

    Returns:
        The report on the newest window.

    Raises:
        WindowError: If the data fill no window.
    """
    found = compare_windows(
        pair.open_reference(),
        pair.open_current(),
        spec,
        how,
        n_seasons=n_seasons,
        partial_windows=partial,
    )
    if found.newest is None:
        raise _unfilled(found.history, partial=partial)
    if not answer.quiet:
        _say(found, found.newest)
    if answer.html is not None:
        answer.write_page(_page(found, found.newest, pair, how))
    answer.write_json(found.to_json())
    return found.newest.report


def _unfilled(history: DriftHistory, *, partial: bool) -> WindowError:
    length = history.spec.say(history.spec.length)
    undated = f" ({history.n_undated:,} of them bear no time)" if history.n_undated else ""
    also = "" if partial else ", or judge what there is with --partial"
    return WindowError(
        f"The {history.n_current:,} current rows{undated} fill no window of {length}",
        remedy=f"Choose a shorter --window{also}.",
    )


def _say(found: ComparedWindows, newest: JudgedWindow) -> None:
    say_windows(found.history)
    typer.echo(f"\nThe newest, {named(newest.span)}:")
    say_drift(newest.report, newest.reference, newest.current, found.baseline.grid)
    say_left_out(found.baseline.left_out)


def _page(found: ComparedWindows, newest: JudgedWindow, pair: Pair, how: Comparing) -> str:
    from holdfast.adapters.reports.html import render_drift

    return render_drift(
        newest.report,
        newest.reference,
        newest.current,
        found.baseline.grid,
        title=f"{pair.title}, {named(newest.span)}",
        reference_name=pair.reference.name,
        current_name=f"{pair.current_name}, {named(newest.span)}",
        made_at=datetime.now(UTC),
        power=how.policy.power,
        history=[_past(window) for window in found.history.windows],
        matrix=found.history.matrix(),
        left_out=found.baseline.left_out,
        notes=tuple(found.history.notes()),
    )


def _past(window: WindowDrift) -> PastWindow:
    from holdfast.adapters.reports.sections import PastWindow

    report = window.report
    return PastWindow(
        name=named(window.span),
        n_rows=window.n,
        share_drifted=None if report is None else report.share_drifted,
        drifted=None if report is None else report.drifted,
    )
