"""The command that compares two files: drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.drift_answer import Answer, Pair
from holdfast.cli.drift_options import (
    BY_EVIDENTLY,
    Alpha,
    CategoricalTest,
    Evidently,
    Html,
    JsonFile,
    MinEffect,
    MostSeasons,
    Multivariate,
    NumericTest,
    Partial,
    RuleOption,
    Season,
    Spark,
    Step,
    Weight,
    Weights,
    WindowLength,
    comparing,
    refuse_together,
    window_spec,
)
from holdfast.cli.options import (
    EXIT_ALARMED,
    Delimiter,
    Drop,
    FailOn,
    FailOnOption,
    NoHeader,
    Time,
)

if TYPE_CHECKING:
    from holdfast.drift.multivariate.report import MultivariateReport
    from holdfast.drift.report import DriftReport

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(drift)


def drift(
    reference: Annotated[Path, typer.Argument(help="Rows that count as normal.")],
    current: Annotated[str, typer.Argument(help="Rows to compare with them.")],
    html: Html = None,
    json_file: JsonFile = None,
    evidently: Evidently = False,
    multivariate: Multivariate = False,
    rule: RuleOption = None,
    alpha: Alpha = None,
    min_effect: MinEffect = None,
    numeric_test: NumericTest = None,
    categorical_test: CategoricalTest = None,
    weight: Weight = None,
    weights: Weights = None,
    window: WindowLength = None,
    step: Step = None,
    season: Season = None,
    most_seasons: MostSeasons = None,
    partial: Partial = False,
    time: Time = None,
    drop: Drop = None,
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    spark: Spark = None,
    fail_on: FailOnOption = None,
) -> None:
    """Compare two files for drift, without a project."""
    by_evidently = rule == BY_EVIDENTLY
    said = {
        "--rule evidently": by_evidently,
        "--step": step,
        "--season": season,
        "--most-seasons": most_seasons,
        "--partial": partial,
        "--multivariate": multivariate,
        "--evidently": evidently,
        "--spark": spark,
    }
    refuse_together(window is not None, said)
    spec = window_spec(window, step, season, time=time)
    how = comparing(
        drop=drop,
        time=time,
        rule=None if by_evidently else rule,
        weight=weight,
        weights=weights,
        alpha=alpha,
        min_effect=min_effect,
        numeric_test=numeric_test,
        categorical_test=categorical_test,
    )
    pair = Pair(reference=reference, current=current, delimiter=delimiter, header=not no_header)
    answer = Answer(html=html, json_file=json_file, evidently=evidently)
    if spec is not None:
        from holdfast.cli.drift_windows import compare_over_time

        report, whole = (
            compare_over_time(pair, how, spec, answer, n_seasons=most_seasons, partial=partial),
            None,
        )
    else:
        from holdfast.cli.drift_files import compare_files

        report, whole = compare_files(
            pair,
            how,
            answer,
            multivariate=multivariate,
            by_evidently=by_evidently,
            spark=spark,
        )
    if _alarmed(report, whole, fail_on):
        raise typer.Exit(EXIT_ALARMED)


def _alarmed(report: DriftReport, whole: MultivariateReport | None, fail_on: FailOn | None) -> bool:
    match fail_on:
        case None:
            return False
        case FailOn.CRITICAL:
            return any(feature.broken is not None for feature in report.features)
        case FailOn.ALERT | FailOn.DRIFT:
            together = whole is not None and whole.drifted
            return together or any(feature.drifted for feature in report.features)
