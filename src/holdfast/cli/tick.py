"""Commands that run the loop: up, serve, control, check."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import EXIT_ALARMED, FailOn, FailOnOption, Json, Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.estimates import MaturedEstimate
    from holdfast.domain.evidence import Alert
    from holdfast.loop.cycle import Tick
    from holdfast.loop.detect import Finding
    from holdfast.loop.retrain import Retraining
    from holdfast.ports.notifier import Notifier
    from holdfast.settings import Settings

__all__ = ["add_to"]

_FIGURES = ("roc_auc", "recall", "precision", "f1", "accuracy", "brier")  # in this order
_NAMES_SHOWN = 6

Host = Annotated[
    str | None,
    typer.Option(
        help="Where to listen; off loopback only with an API key. [serving] host by default."
    ),
]
Port = Annotated[int | None, typer.Option(help="0 takes a free one. [serving] port by default.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that answer. [serving] workers by default."),
]
Every = Annotated[
    str | None,
    typer.Option(help="The time between two ticks, such as 1h; as [control] says by default."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(up)
    app.command()(serve)
    app.command()(control)
    app.command()(check)


def up(
    project: Project = Path(),
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    every: Every = None,
) -> None:
    """Serve predictions, and run the control loop beside, until Ctrl-C."""
    from holdfast.cli.attended import beside
    from holdfast.cli.running import run_server
    from holdfast.settings import load_settings

    settings = load_settings(project)
    with beside(["control", "--project", str(settings.project)], every=every) as loop:
        run_server(settings, host=host, port=port, workers=workers, on_stopping=loop.let_end)


def serve(
    project: Project = Path(), host: Host = None, port: Port = None, workers: Workers = None
) -> None:
    """Serve predictions until Ctrl-C; runs no control loop."""
    from holdfast.cli.running import run_server
    from holdfast.settings import load_settings

    run_server(load_settings(project), host=host, port=port, workers=workers)


def control(
    project: Project = Path(),
    every: Every = None,
    once: Annotated[bool, typer.Option("--once", help="One tick, then end.")] = False,
) -> None:
    """Run the control loop until Ctrl-C: count, detect, decide, retrain, guard, promote."""
    from holdfast.cli.running import run_loop
    from holdfast.settings import load_settings

    run_loop(load_settings(project), every=every, once=once, say=_say_tick)


def check(
    data: Annotated[
        Path | None, typer.Option("--data", help="Judge this file as the current window.")
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
    fail_on: FailOnOption = None,
) -> None:
    """Run one control tick now, or judge a file as if it were the current window."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.opening import window_data
    from holdfast.cli.running import holder
    from holdfast.loop.control import incumbent
    from holdfast.loop.cycle import tick, tick_on_file
    from holdfast.wiring.control import open_control, plan_of

    ticked = None
    with _saying_once(settings, as_json=as_json) as (notifiers, said):
        with open_control(settings, notifiers=notifiers) as ports:
            plan = plan_of(settings)
            if data is None:
                ticked = tick(ports, plan, actor="cli", holder=holder())
            else:
                rows, labels = window_data(settings, data, incumbent(ports).contract)
                ticked = tick_on_file(ports, plan, rows, labels, actor="cli", holder=holder())
        if ticked is not None:
            said.extend(ticked.finding.evidence.alerts)
    if ticked is None:
        typer.echo("Another control loop is at work; it will do what there is to do.", err=True)
        if as_json:
            typer.echo("null")
        return
    if as_json:
        typer.echo(json.dumps(_tick_json(ticked), indent=2))
    else:
        _say_tick(ticked)
    if _alarmed(ticked, fail_on):
        raise typer.Exit(EXIT_ALARMED)


@contextmanager
def _saying_once(
    settings: Settings, *, as_json: bool
) -> Iterator[tuple[Sequence[Notifier] | None, list[Alert]]]:
    """Give who tells people, and a list for what the command says itself.

    At a terminal, standard output and standard error are read together: what stands on one
    is not written on the other again.
    """
    if as_json or not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield None, []
        return
    from holdfast.adapters.notifiers.console import HeldConsole
    from holdfast.wiring.alerts import outside_notifiers_of

    console = HeldConsole()
    said: list[Alert] = []
    try:
        yield (console, *outside_notifiers_of(settings)), said
    finally:
        console.let_go(said)


def _alarmed(ticked: Tick, fail_on: FailOn | None) -> bool:
    severities = {alert.severity.value for alert in ticked.finding.evidence.alerts}
    assessment = ticked.finding.assessment
    match fail_on:
        case None:
            return False
        case FailOn.ALERT:
            return bool(severities & {"warning", "critical"})
        case FailOn.CRITICAL:
            return "critical" in severities
        case FailOn.DRIFT:
            return assessment is not None and any(f.drifted for f in assessment.drift.features)


def _say_tick(ticked: Tick) -> None:
    _say_finding(ticked.finding)
    _say_estimate(ticked)
    _say_monitors(ticked)
    typer.echo(f"Decision: {ticked.decision.action.replace('_', ' ')}")
    for reason in ticked.decision.reasons:
        typer.echo(f"  {reason}")
    if ticked.trial is not None:
        typer.echo(f"Challenger: {ticked.trial.next}: {ticked.trial.reason}")
    if ticked.probation is not None:
        typer.echo(f"Probation: {ticked.probation.next}: {ticked.probation.reason}")
    if ticked.retraining is not None:
        _say_retraining(ticked.retraining)


def _say_retraining(retraining: Retraining) -> None:
    if retraining.report is not None:
        typer.echo(f"Guard: {retraining.report.outcome}: {retraining.report.reason}")
    if retraining.failure is not None:
        typer.echo(f"The retraining ended without a model: {retraining.failure}")
    if retraining.promoted is not None:
        typer.echo(f"{retraining.promoted} is in production now.")
    if retraining.staged is not None:
        typer.echo(f"{retraining.staged} scores in shadow now.")


def _say_finding(finding: Finding) -> None:
    n, few = finding.evidence.n_rows, finding.evidence.underpowered
    typer.echo(f"Window {finding.window}: {n:,} row{'' if n == 1 else 's'}")
    for alert in finding.evidence.alerts:
        typer.echo(f"  [{alert.severity}] {alert.message}")
    if few:
        more = " …" if len(few) > _NAMES_SHOWN else ""
        typer.echo(f"  too few rows to tell about: {', '.join(few[:_NAMES_SHOWN])}{more}")
    performance = None if finding.assessment is None else finding.assessment.performance
    if performance is not None:
        known = [name for name in _FIGURES if name in performance.figures]
        figures = ", ".join(f"{name} {performance.figures[name]:.3f}" for name in known)
        typer.echo(f"  on {performance.n:,} mature labels: {figures}")


def _say_monitors(ticked: Tick) -> None:
    from holdfast.cli.monitor_words import monitors_in_words

    if ticked.observed is not None:
        for line in monitors_in_words(ticked.observed):
            typer.echo(f"  {line}")


def _say_estimate(ticked: Tick) -> None:
    """Say what there is beside the realised figures."""
    from holdfast.policy.performance_words import performance_in_words

    if ticked.judged is None:
        return
    if ticked.judged.n_assumed:
        typer.echo(f"  {ticked.judged.n_assumed:,} of these labels are assumed to be negative")
    for word, line in performance_in_words(ticked.judged, _track(ticked)):
        if word != "Realised":
            typer.echo(f"  {word.lower()}: {line}")


def _track(ticked: Tick) -> tuple[MaturedEstimate, ...]:
    assessment = ticked.finding.assessment
    return () if assessment is None else assessment.track


def _tick_json(ticked: Tick) -> dict[str, Any]:
    from holdfast.cli.monitor_words import monitors_json
    from holdfast.policy.performance_words import performance_json

    finding, assessment = ticked.finding, ticked.finding.assessment
    performance = None if assessment is None else assessment.performance
    retraining = ticked.retraining
    return {
        "window": {
            "start_at": finding.window.start_at.isoformat(),
            "end_at": finding.window.end_at.isoformat(),
        },
        "n_rows": finding.evidence.n_rows,
        "drift": None if assessment is None else assessment.drift.to_json(),
        "performance": None if performance is None else performance.figures,
        "performance_details": performance_json(ticked.judged, _track(ticked)),
        "n_labelled": 0 if performance is None else performance.n,
        "alerts": [
            {"severity": a.severity.value, "trigger": a.trigger.value, "message": a.message}
            for a in finding.evidence.alerts
        ],
        "monitors": None if ticked.observed is None else monitors_json(ticked.observed),
        "decision": ticked.decision.action.value,
        "reasons": list(ticked.decision.reasons),
        "guard": None
        if retraining is None or retraining.report is None
        else {"outcome": retraining.report.outcome.value, "reason": retraining.report.reason},
        "promoted": None if retraining is None else retraining.promoted,
        "staged": None if retraining is None else retraining.staged,
        "trial": None
        if ticked.trial is None
        else {"next": ticked.trial.next.value, "reason": ticked.trial.reason},
        "probation": None
        if ticked.probation is None
        else {"next": ticked.probation.next.value, "reason": ticked.probation.reason},
    }
