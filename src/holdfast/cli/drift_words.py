"""A drift report on the terminal: the verdict, what broke or drifted, the rest in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from holdfast.adapters.reports.counted import pairs_of
from holdfast.adapters.reports.severity import Severity, by_severity
from holdfast.adapters.reports.spelling import count, visible
from holdfast.adapters.reports.summary import summary
from holdfast.adapters.reports.verdict import headline, seen

if TYPE_CHECKING:
    from holdfast.adapters.reports.counted import Pair
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.drift.verdicts import FeatureReport

__all__ = ["say_drift"]

_MOST_ROWS = 25
_MOST_NAMES = 6
_LONGEST_NAME = 32


def say_drift(report: DriftReport, reference: Profile, current: Profile, grid: Grid) -> None:
    """Print a drift report for a person.

    Args:
        report: The comparison.
        reference: The counts it was made from.
        current: Those of the window.
        grid: Where their cells lie.
    """
    said, found = headline(report), by_severity(report.features)
    typer.echo(said.words)
    typer.echo(f"  {said.why} ({said.rule})")
    typer.echo(
        f"  {count(report.n_reference, 'reference row')}, {count(report.n_current, 'current row')}"
    )
    worst = found[Severity.BROKEN] + found[Severity.DRIFTED]
    if worst:
        _say_rows(worst, pairs_of(reference, current, grid))
    _say_unknown(found[Severity.UNDERPOWERED])
    stable = found[Severity.STABLE]
    if stable:
        also = "And " if worst or found[Severity.UNDERPOWERED] else ""
        typer.echo(f"{also}{count(len(stable), 'stable feature')}: {_listed(stable)}")
    for sentence in seen(report):
        typer.echo(sentence)


def _say_rows(features: list[FeatureReport], pairs: dict[str, Pair]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # a name is text, never markup

    table = Table("", "feature", "effect", "what changed", box=None, padding=(0, 2, 0, 0))
    for feature in features[:_MOST_ROWS]:
        test = feature.strongest
        table.add_row(
            "broken" if feature.broken is not None else "drifted",
            Text(visible(feature.name, longest=_LONGEST_NAME)),
            "" if test is None else f"{test.result.effect:.2f}",
            Text(summary(feature, pairs[feature.name])),
        )
    Console(soft_wrap=False).print(table)
    if len(features) > _MOST_ROWS:
        typer.echo(f"and {len(features) - _MOST_ROWS} more; --html shows them all")


def _say_unknown(features: list[FeatureReport]) -> None:
    if features:
        typer.echo(
            f"Too few rows to tell for {count(len(features), 'feature')}: {_listed(features)}"
        )


def _listed(features: list[FeatureReport]) -> str:
    names = [visible(feature.name, longest=_LONGEST_NAME) for feature in features[:_MOST_NAMES]]
    return ", ".join(names) + (" …" if len(features) > _MOST_NAMES else "")
