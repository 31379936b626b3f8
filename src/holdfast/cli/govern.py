"""Commands by which a person governs production: retrain, promote, withdraw, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import EXIT_FAILED, Project
from holdfast.domain.stages import Stage

if TYPE_CHECKING:
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.control import ControlPlan, ControlPorts

__all__ = ["add_to"]

Reason = Annotated[str, typer.Option(help="Why, for the audit.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(retrain)
    app.command()(promote)
    app.command()(withdraw)
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
    if ended.staged is not None:
        typer.echo(f"{ended.staged} scores in shadow beside {champion.record.version} now.")
    elif ended.promoted is None:
        typer.echo(f"{champion.record.version} stays in production.")
    else:
        typer.echo(f"{ended.promoted} is in production now; it was {champion.record.version}.")


def promote(
    version: Annotated[str, typer.Argument(help="Such as v2.")],
    stage: Annotated[
        Stage | None,
        typer.Option("--as", help="Only beside the champion, until promoted or withdrawn."),
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Of the requests that a canary answers.")
    ] = None,
    reason: Reason = "asked for by a person",
    force: Annotated[
        bool, typer.Option("--force", help="Without the guard; the audit says so.")
    ] = False,
    contract_change: Annotated[
        bool, typer.Option("--contract-change", help="Although it requires new features.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Put a release into production, if the guard accepts it; or beside the champion first."""
    if share is not None and stage is not Stage.CANARY:
        raise typer.BadParameter("goes with --as canary", param_hint="--share")
    if contract_change and stage is not None:
        raise typer.BadParameter("does not go with --as", param_hint="--contract-change")
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.deliver import deliver
    from holdfast.loop.promote import promote as promote_release
    from holdfast.loop.promote import promote_guarded
    from holdfast.wiring.control import open_control, plan_of

    if force:
        reason = f"{reason} (forced: not judged by the guard)"
    named, plan = ModelVersion(version), plan_of(settings)
    with open_control(settings) as ports:
        if stage is not None:
            share = settings.promote.share if share is None else share
            done = _staged(ports, plan, named, stage, share, reason, guarded=not force)
        elif force:
            promote_release(
                ports, named, reason=reason, actor="cli", contract_change=contract_change
            )
            done = f"{version} is in production now."
        else:
            promote_guarded(
                ports, plan, named, reason=reason, actor="cli", contract_change=contract_change
            )
            done = f"{version} is in production now."
        deliver(ports, now=ports.clock.now())
    typer.echo(f"{done} Servers follow within seconds.")


def _staged(
    ports: ControlPorts,
    plan: ControlPlan,
    version: ModelVersion,
    into: Stage,
    share: float,
    reason: str,
    *,
    guarded: bool,
) -> str:
    """Stage a release and return what is so now; a shadow answers nobody, and needs no guard."""
    from holdfast.loop.promote import stage_guarded
    from holdfast.loop.stage import stage

    if into is Stage.SHADOW:
        staged = stage(ports, version, into, reason=reason, actor="cli")
        return f"{version} scores in shadow now; {staged.champion} answers."
    if guarded:
        staged = stage_guarded(ports, plan, version, share=share, reason=reason, actor="cli")
    else:
        staged = stage(ports, version, into, share=share, reason=reason, actor="cli")
    return f"{version} answers {share:.3g} of the requests now, {staged.champion} the others."


def withdraw(
    reason: Reason = "asked for by a person",
    project: Project = Path(),
) -> None:
    """Take back the challenger that stands beside the champion, shadow or canary."""
    from holdfast.loop.deliver import deliver
    from holdfast.loop.stage import withdraw as withdraw_challenger
    from holdfast.settings import load_settings
    from holdfast.wiring.control import open_control

    with open_control(load_settings(project)) as ports:
        taken = withdraw_challenger(ports, reason=reason, actor="cli")
        deliver(ports, now=ports.clock.now())
    typer.echo(f"{taken.version} is withdrawn; the champion answers every request.")


def rollback(
    to: Annotated[
        str | None, typer.Option("--to", help="Such as v1; the one before, if absent.")
    ] = None,
    reason: Reason = "asked for by a person",
    project: Project = Path(),
) -> None:
    """Return production to an earlier release, byte for byte; a canary is withdrawn first."""
    from holdfast.domain.events import StageEnded
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.deliver import deliver
    from holdfast.loop.promote import roll_back
    from holdfast.settings import load_settings
    from holdfast.wiring.control import open_control

    with open_control(load_settings(project)) as ports:
        version = None if to is None else ModelVersion(to)
        back = roll_back(ports, to=version, reason=reason, actor="cli")
        deliver(ports, now=ports.clock.now())
    if isinstance(back, StageEnded):
        typer.echo(
            f"{back.version}, the canary, is withdrawn; the champion answers every request. "
            "To go back to an earlier champion as well, run it again."
        )
    else:
        typer.echo(f"{back.version} is in production now; it was {back.replaced}.")
