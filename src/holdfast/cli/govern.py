"""Commands by which a person governs production: retrain, promote, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.options import EXIT_FAILED, Project

__all__ = ["add_to"]

Reason = Annotated[str, typer.Option(help="Why, for the audit.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(retrain)
    app.command()(promote)
    app.command()(rollback)


def retrain(
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled rows to learn from, beside the log.")
    ] = None,
    reason: Reason = "asked for by a person",
    project: Project = Path(),
) -> None:
    """Train challengers on mature labels; promote the best one if the guard accepts it."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.opening import window_data
    from holdfast.cli.running import holder
    from holdfast.loop.control import incumbent
    from holdfast.loop.retrain import retrain_by_hand
    from holdfast.wiring.control import open_control, plan_of

    with open_control(settings) as ports:
        champion = incumbent(ports)
        rows = None if data is None else window_data(settings, data, champion.contract)
        ended = retrain_by_hand(
            ports, plan_of(settings), champion, rows, cause=reason, actor="cli", holder=holder()
        )
    if ended.failure is not None:
        typer.echo(f"The retraining ended without a model: {ended.failure}", err=True)
        raise typer.Exit(EXIT_FAILED)
    if ended.report is not None:
        typer.echo(f"Guard: {ended.report.outcome}: {ended.report.reason}")
    if ended.promoted is None:
        typer.echo(f"{champion.record.version} stays in production.")
    else:
        typer.echo(f"{ended.promoted} is in production now; it was {champion.record.version}.")


def promote(
    version: Annotated[str, typer.Argument(help="Such as v2.")],
    reason: Reason = "asked for by a person",
    force: Annotated[
        bool, typer.Option("--force", help="Without the guard; the audit says so.")
    ] = False,
    contract_change: Annotated[
        bool, typer.Option("--contract-change", help="Although it requires new features.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Put a release into production, if the guard accepts it."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.deliver import deliver
    from holdfast.loop.promote import promote as promote_release
    from holdfast.loop.promote import promote_guarded
    from holdfast.wiring.control import open_control, plan_of

    with open_control(settings) as ports:
        if force:
            promote_release(
                ports,
                ModelVersion(version),
                reason=f"{reason} (forced: not judged by the guard)",
                actor="cli",
                contract_change=contract_change,
            )
        else:
            promote_guarded(
                ports,
                plan_of(settings),
                ModelVersion(version),
                reason=reason,
                actor="cli",
                contract_change=contract_change,
            )
        deliver(ports, now=ports.clock.now())
    typer.echo(f"{version} is in production now. Servers follow within seconds.")


def rollback(
    to: Annotated[
        str | None, typer.Option("--to", help="Such as v1; the one before, if absent.")
    ] = None,
    reason: Reason = "asked for by a person",
    project: Project = Path(),
) -> None:
    """Return production to an earlier release, byte for byte."""
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.deliver import deliver
    from holdfast.loop.promote import roll_back
    from holdfast.settings import load_settings
    from holdfast.wiring.control import open_control

    with open_control(load_settings(project)) as ports:
        version = None if to is None else ModelVersion(to)
        back = roll_back(ports, to=version, reason=reason, actor="cli")
        deliver(ports, now=ports.clock.now())
    typer.echo(f"{back.version} is in production now; it was {back.replaced}.")
