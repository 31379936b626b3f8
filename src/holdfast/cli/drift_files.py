"""Compare two files as wholes, and tell what was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from holdfast.cli.drift_words import say_drift, say_left_out, say_whole_rows
from holdfast.cli.second_opinion import MOST_ROWS, ask_evidently, write_second_opinion
from holdfast.loop.compare import compare_rows
from holdfast.wiring.current_rows import open_current_rows

if TYPE_CHECKING:
    from holdfast.adapters.second_opinion.evidently import EvidentlyReport
    from holdfast.cli.drift_answer import Answer, Pair
    from holdfast.drift.multivariate.report import MultivariateReport
    from holdfast.drift.report import DriftReport
    from holdfast.loop.baseline import Comparing
    from holdfast.loop.compare import Compared

__all__ = ["compare_files"]


def compare_files(
    pair: Pair,
    how: Comparing,
    answer: Answer,
    *,
    multivariate: bool,
    by_evidently: bool,
    spark: str | None,
) -> tuple[DriftReport, MultivariateReport | None]:
    """Compare two files, and tell what was found as it is wanted.

    Args:
        pair: The files.
        how: Bounds and roles.
        answer: What is to be written.
        multivariate: Whether to compare whole rows, too.
        by_evidently: Whether Evidently makes the verdict on the whole.
        spark: Who reads and counts the current rows; None for this machine.

    Returns:
        The report on the features, and the one on whole rows if it was wanted.
    """
    opened = open_current_rows(
        pair.current, spark=spark, delimiter=pair.delimiter, header=pair.header
    )
    with opened as current:
        compared = compare_rows(pair.open_reference(), current, how)
        opinion = _opinion(compared) if by_evidently or answer.beside is not None else None
        if by_evidently and opinion is not None:
            report = replace(compared.report, outcome=opinion.opinion.outcome)
            compared = replace(compared, report=report)
        whole = _whole(compared, how) if multivariate else None
        if not answer.quiet:
            _say(compared, whole)
        if answer.html is not None:
            answer.write_page(_page(compared, whole, pair, how))
        if answer.beside is not None and opinion is not None:
            write_second_opinion(opinion, answer.beside, to_error=answer.quiet)
    found = compared.to_json()
    answer.write_json(found if whole is None else {**found, "multivariate": whole.to_json()})
    return compared.report, whole


def _opinion(compared: Compared) -> EvidentlyReport:
    return ask_evidently(compared.reference_rows(MOST_ROWS), compared.current_rows(MOST_ROWS))


def _whole(compared: Compared, how: Comparing) -> MultivariateReport:
    # It needs more of scipy than everything else here.
    from holdfast.drift.multivariate.report import MAX_ROWS, multivariate

    return multivariate(
        compared.reference_rows(MAX_ROWS),
        compared.current_rows(MAX_ROWS),
        compared.baseline.contract,
        alpha=how.policy.alpha,
        drawn_from=(compared.report.n_reference, compared.report.n_current),
    )


def _say(compared: Compared, whole: MultivariateReport | None) -> None:
    baseline = compared.baseline
    say_drift(compared.report, baseline.profile, compared.current, baseline.grid)
    if whole is not None:
        say_whole_rows(whole)
    say_left_out(compared.left_out)


def _page(compared: Compared, whole: MultivariateReport | None, pair: Pair, how: Comparing) -> str:
    from holdfast.adapters.reports.html import render_drift

    return render_drift(
        compared.report,
        compared.baseline.profile,
        compared.current,
        compared.baseline.grid,
        title=pair.title,
        reference_name=pair.reference.name,
        current_name=pair.current_name,
        made_at=datetime.now(UTC),
        power=how.policy.power,
        multivariate=whole,
        left_out=compared.left_out,
    )
