"""The command that reports on the project's own traffic: report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import Project, moment_option
from holdfast.cli.second_opinion import ask_evidently, file_beside, write_second_opinion
from holdfast.cli.writing import TERMINAL, make_folder, write_json, write_text

if TYPE_CHECKING:
    from holdfast.adapters.reports.sections import Figure, ModelSection, PastWindow
    from holdfast.loop.report import ProjectReport
    from holdfast.performance.degradation import Degradation
    from holdfast.settings import Settings

__all__ = ["add_to"]

_FIGURES = {
    "roc_auc": "ROC AUC",
    "brier": "Brier score (lower is better)",
    "log_loss": "log loss (lower is better)",
    "recall": "recall",
    "precision": "precision",
    "f1": "F1",
    "accuracy": "accuracy",
}


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(report)


def report(
    at: Annotated[
        datetime | None,
        moment_option(help="Report on the window of that moment (UTC), as it stood then."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write the page here; reports/ in the project by default."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON; - for the terminal.")
    ] = None,
    evidently: Annotated[
        bool, typer.Option("--evidently", help="Write Evidently's own report beside ours.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Report on the window of the project's traffic: features, scores, performance."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.drift_words import say_drift
    from holdfast.loop.fetch_reference import fetch_reference_rows
    from holdfast.loop.report import report_window, rows_of
    from holdfast.wiring.control import open_control, plan_of

    quiet = json_file == TERMINAL
    with open_control(settings) as ports:
        found = report_window(ports, plan_of(settings), at=at)
        made_at = ports.clock.now()
        if html is None and json_file is None:
            html = _usual_place(settings, found, at or made_at)
        if not quiet:
            reference = found.champion.reference
            typer.echo(f"{found.champion.record.version}, {found.window}")
            say_drift(found.drift, reference.profile, found.current, reference.grid)
            if found.progress is not None:
                typer.echo(found.progress)
            _say_performance(found)
        if html is not None:
            write_text(html, _page(found, settings, made_at), to_error=quiet)
        if evidently:
            beside = file_beside(html, json_file)
            rows, _ = fetch_reference_rows(ports.objects, found.champion.record.release_id)
            opinion = ask_evidently(rows, rows_of(ports, found))
            write_second_opinion(opinion, beside, to_error=quiet)
    if json_file is not None:
        write_json(json_file, found.to_json())


def _usual_place(settings: Settings, found: ProjectReport, moment: datetime) -> Path:
    """Return where a report goes by itself, by its day and model; the folder is made."""
    folder = settings.project / "reports"
    make_folder(folder)
    return folder / f"{moment:%Y-%m-%d}-{found.champion.record.version}.html"


def _page(found: ProjectReport, settings: Settings, made_at: datetime) -> str:
    from holdfast.adapters.reports.html import render_drift

    reference, version = found.champion.reference, found.champion.record.version
    return render_drift(
        found.drift,
        reference.profile,
        found.current,
        reference.grid,
        title=f"{settings.model.name}: {version}, {found.window}",
        reference_name=f"what {version} was released with",
        current_name=str(found.window),
        made_at=made_at,
        model=_model(found),
        history=_history(found),
        notes=_notes(found),
    )


def _notes(found: ProjectReport) -> list[str]:
    """Return what a reader must know of the rows, and what the scores alone let expect."""
    from holdfast.policy.performance_words import performance_in_words

    notes = [] if found.progress is None else [found.progress]
    if found.judged is not None:
        said = performance_in_words(found.judged, found.track)
        notes += [f"{word}: {line}." for word, line in said if word != "Realised"]
    return notes


def _history(found: ProjectReport) -> list[PastWindow]:
    """Return what the ticks said of earlier windows, and what is said of this one."""
    from holdfast.adapters.reports.sections import PastWindow

    if not found.history:
        return []
    past = [
        PastWindow(
            name=str(one.window),
            n_rows=one.n,
            share_drifted=one.share_drifted,
            drifted=None if one.verdict is None else one.verdict.fired,
        )
        for one in found.history
    ]
    drift = found.drift
    now = PastWindow(
        name=str(found.window),
        n_rows=drift.n_current,
        share_drifted=drift.share_drifted,
        drifted=drift.drifted,
    )
    return [*past, now]


def _model(found: ProjectReport) -> ModelSection:
    from holdfast.adapters.reports.sections import ModelSection

    performance = found.performance
    return ModelSection(
        version=found.champion.record.version,
        scores=found.prediction,
        score_grid=found.champion.reference.score_grid,
        n_labelled=0 if performance is None else performance.n,
        labels_of=str(found.matured),
        figures=_figures(found),
    )


def _figures(found: ProjectReport) -> list[Figure]:
    from holdfast.adapters.reports.sections import Figure

    if found.performance is None:
        return []
    verdicts = {one.metric: _verdict(one) for one in found.degradations}
    now, before = found.performance.figures, found.champion.baseline.figures
    return [
        Figure(
            name=words,
            reference=before.get(name),
            current=now.get(name),
            verdict=verdicts.get(name, "for information"),
        )
        for name, words in _FIGURES.items()
        if name in now
    ]


def _verdict(one: Degradation) -> str:
    words = {
        "degraded": "worse than at release",
        "held": "held",
        "too_few": "too few labels to tell",
    }
    said = words[one.verdict.value]
    return f"{said} (for information)" if one.informational else said


def _say_performance(found: ProjectReport) -> None:
    from holdfast.policy.performance_words import performance_in_words

    if found.judged is not None:
        for word, line in performance_in_words(found.judged, found.track):
            if word != "Realised":
                typer.echo(f"{word}: {line}")
    if found.performance is None:
        typer.echo(f"No mature labels of its own predictions, {found.matured}.")
        return
    figures = ", ".join(
        f"{name} {found.performance.figures[name]:.3f}"
        for name in _FIGURES
        if name in found.performance.figures
    )
    n_assumed = 0 if found.judged is None else found.judged.n_assumed
    assumed = f" ({n_assumed:,} of them assumed negative)" if n_assumed else ""
    typer.echo(f"On {found.performance.n:,} mature labels{assumed}: {figures}")
