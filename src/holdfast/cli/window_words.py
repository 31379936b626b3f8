"""The windows of a file on the terminal: a sentence, then a line for each."""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TYPE_CHECKING

import typer

from holdfast.adapters.reports.series import span_name
from holdfast.adapters.reports.spelling import count, share, visible
from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.windows import WindowSpan
    from holdfast.drift.history import DriftHistory, WindowDrift
    from holdfast.drift.report import DriftReport

__all__ = ["VERDICTS", "named", "say_windows"]

VERDICTS = {True: "drifted", False: "not drifted", None: "cannot be told"}
_MOST_LINES = 24
_MOST_NAMES = 4
_LONGEST_NAME = 24


def say_windows(history: DriftHistory) -> None:
    """Print the windows of a file for a person.

    Args:
        history: What they say.
    """
    typer.echo(_headline(history))
    rule = next((window.report.rule for window in history.windows if window.report), None)
    against = count(history.n_reference, "reference row")
    typer.echo(f"  against {against}{'' if rule is None else f' ({rule})'}")
    for note in history.notes():
        typer.echo(f"  {note}")
    shown = history.windows[-_MOST_LINES:]
    earlier = history.windows[: -len(shown)]
    if earlier:
        typer.echo(_of_earlier(earlier))
    if shown:
        _say_rows(shown)


def named(span: WindowSpan) -> str:
    """Return a window's ends, and whether the data cover it.

    >>> from holdfast.domain.windows import Unit, WindowSpan
    >>> named(WindowSpan(unit=Unit.ROWS, start=0, end=1000, complete=False))
    'rows 0 to 1,000 (cut off)'
    """
    return span_name(span) + ("" if span.complete else " (cut off)")


def _headline(history: DriftHistory) -> str:
    judged = [window.report for window in history.windows if window.report is not None]
    length = history.spec.say(history.spec.length)
    if not judged:
        return f"No window of {length} is filled by {count(history.n_current, 'row')}."
    drifted = sum(report.drifted is True for report in judged)
    unknown = sum(report.drifted is None for report in judged)
    also = f", and for {unknown:,} it cannot be told" if unknown else ""
    return f"{drifted:,} of {count(len(judged), 'window')} of {length} drifted{also}."


def _of_earlier(windows: Sequence[WindowDrift]) -> str:
    drifted = [window for window in windows if window.report and window.report.drifted]
    first = f", first {named(drifted[0].span)}" if drifted else ""
    return (
        f"  {count(len(windows), 'earlier window')}, {len(drifted):,} of them drifted{first}; "
        "--json has them all"
    )


def _say_rows(windows: Sequence[WindowDrift]) -> None:
    lines = [("window", "", "rows", "share", "drifted most"), *map(_line, windows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    longest = get_terminal_size().columns
    for where, verdict, n, part, names in lines:
        line = (
            f"{where:<{widths[0]}}  {verdict:<{widths[1]}}  {n:>{widths[2]}}  "
            f"{part:>{widths[3]}}  {names}"
        ).rstrip()
        typer.echo(line if len(line) <= longest else f"{line[: longest - 1]}…")


def _line(window: WindowDrift) -> tuple[str, str, str, str, str]:
    where, n, report = named(window.span), f"{window.n:,}", window.report
    if report is None:
        return where, "no rows", n, "", ""
    return where, VERDICTS[report.drifted], n, share(report.share_drifted), _worst(report)


def _worst(report: DriftReport) -> str:
    found = [
        (0.0 if feature.strongest is None else feature.strongest.result.effect, feature.name)
        for feature in report.features
        if feature.verdict is Verdict.DRIFTED
    ]
    ranked = sorted(found, key=lambda one: -one[0])
    named_ones = [
        f"{visible(name, longest=_LONGEST_NAME)} {effect:.2f}"
        for effect, name in ranked[:_MOST_NAMES]
    ]
    return ", ".join(named_ones) + (" …" if len(ranked) > _MOST_NAMES else "")
