"""Commands that run the loop: up, serve, control, check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import EXIT_ALARMED, FailOn, FailOnOption, Json, Project

if TYPE_CHECKING:
    from holdfast.loop.cycle import Tick

__all__ = ["add_to"]

Host = Annotated[str | None, typer.Option(help="A loopback address. [serving] host by default.")]
Port = Annotated[int | None, typer.Option(help="0 takes a free one. [serving] port by default.")]
Every = Annotated[
    str | None, typer.Option(help="The time between two ticks, such as 1h; a bucket by default.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(up)
    app.command()(serve)
    app.command()(control)
    app.command()(check)


def up(
    project: Project = Path(), host: Host = None, port: Port = None, every: Every = None
) -> None:
    """Serve predictions, and run the control loop beside, until Ctrl-C."""
    from holdfast.cli.running import beside, run_server
    from holdfast.settings import load_settings

    settings = load_settings(project)
    with beside(["control", "--project", str(settings.project)], every=every):
        run_server(settings, host=host, port=port)


def serve(project: Project = Path(), host: Host = None, port: Port = None) -> None:
    """Serve predictions until Ctrl-C; runs no control loop."""
    from holdfast.cli.running import run_server
    from holdfast.settings import load_settings

    run_server(load_settings(project), host=host, port=port)


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

    with open_control(settings) as ports:
        plan = plan_of(settings)
        if data is None:
            ticked = tick(ports, plan, actor="cli", holder=holder())
        else:
            rows, labels = window_data(settings, data, incumbent(ports).contract)
            ticked = tick_on_file(ports, plan, rows, labels, actor="cli", holder=holder())
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
    finding, decision = ticked.finding, ticked.decision
    evidence, assessment = finding.evidence, finding.assessment
    typer.echo(f"Window {finding.window}: {evidence.n_rows:,} rows")
    for alert in evidence.alerts:
        typer.echo(f"  [{alert.severity}] {alert.message}")
    if assessment is not None:
        few = [f.name for f in assessment.drift.features if f.verdict == "underpowered"]
        if few:
            typer.echo(f"  too few rows to tell about {len(few)} features: {', '.join(few[:6])}")
        performance = assessment.performance
        if performance is not None:
            shown = ("roc_auc", "recall", "precision", "f1", "accuracy", "brier")
            figures = [
                f"{k} {performance.figures[k]:.3f}" for k in shown if k in performance.figures
            ]
            typer.echo(f"  on {performance.n:,} mature labels: {', '.join(figures)}")
    typer.echo(f"Decision: {decision.action.replace('_', ' ')}")
    for reason in decision.reasons:
        typer.echo(f"  {reason}")
    retraining = ticked.retraining
    if retraining is None:
        return
    if retraining.report is not None:
        typer.echo(f"Guard: {retraining.report.outcome}: {retraining.report.reason}")
    if retraining.failure is not None:
        typer.echo(f"The retraining ended without a model: {retraining.failure}")
    if retraining.promoted is not None:
        typer.echo(f"{retraining.promoted} is in production now.")


def _tick_json(ticked: Tick) -> dict[str, Any]:
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
        "n_labelled": 0 if performance is None else performance.n,
        "alerts": [
            {"severity": a.severity.value, "trigger": a.trigger.value, "message": a.message}
            for a in finding.evidence.alerts
        ],
        "decision": ticked.decision.action.value,
        "reasons": list(ticked.decision.reasons),
        "guard": None
        if retraining is None or retraining.report is None
        else {"outcome": retraining.report.outcome.value, "reason": retraining.report.reason},
        "promoted": None if retraining is None else retraining.promoted,
    }
