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
    from collections.abc import Sequence

    from holdfast.adapters.reports.counted import Pair
    from holdfast.drift.grid import Grid
    from holdfast.drift.multivariate.report import MultivariateReport
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.drift.verdicts import FeatureReport

__all__ = ["say_drift", "say_left_out", "say_whole_rows"]

_MOST_ROWS = 25
_MOST_NAMES = 6
_LONGEST_NAME = 32
_LONGEST_SENTENCE = 1_000


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


def say_whole_rows(report: MultivariateReport) -> None:
    """Print what a comparison says of whole rows.

    Args:
        report: That comparison.
    """
    typer.echo("Whole rows:")
    for sentence in report.words():  # names may be anything
        typer.echo(f"  {visible(sentence, longest=_LONGEST_SENTENCE)}")


def say_left_out(columns: Sequence[tuple[str, str]]) -> None:
    """Print which columns were not compared, and why: the same reason once.

    Args:
        columns: Each with its reason.
    """
    by_reason: dict[str, list[str]] = {}
    for name, why in columns:
        by_reason.setdefault(why, []).append(visible(name, longest=_LONGEST_NAME))
    for why, names in by_reason.items():
        typer.echo(f"Not compared: {_joined(names)} ({visible(why, longest=_LONGEST_SENTENCE)})")


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
    return _joined([visible(feature.name, longest=_LONGEST_NAME) for feature in features])


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
