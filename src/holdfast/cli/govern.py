"""Commands by which a person governs production: retrain, promote, withdraw, rollback."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import EXIT_FAILED, Project
from holdfast.domain.stages import Stage

if TYPE_CHECKING:
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.ports.lease import Fence

__all__ = ["add_to"]

Reason = Annotated[str, typer.Option(help="Why, for the audit.")]


class Trial(StrEnum):
    """As what a person may let a release stand beside the champion."""

    SHADOW = Stage.SHADOW.value
    CANARY = Stage.CANARY.value


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
    from holdfast.loop.retrain_by_hand import retrain_by_hand
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
        Trial | None,
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
    if share is not None and stage is not Trial.CANARY:
        raise typer.BadParameter("goes with --as canary", param_hint="--share")
    if contract_change and stage is not None:
        raise typer.BadParameter("does not go with --as", param_hint="--contract-change")
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.running import holder
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.deliver import deliver
    from holdfast.loop.hold import held_by_hand
    from holdfast.wiring.control import open_control, plan_of

    if force:
        reason = f"{reason} (forced: not judged by the guard)"
    named, plan = ModelVersion(version), plan_of(settings)
    with open_control(settings) as ports:
        with held_by_hand(ports.lease, holder=holder()) as fence:
            if stage is not None:
                into, share = Stage(stage.value), settings.promote.share if share is None else share
                done = _staged(
                    ports, plan, named, into, share, reason, guarded=not force, fence=fence
                )
            else:
                done = _promoted(
                    ports,
                    plan,
                    named,
                    reason,
                    guarded=not force,
                    contract_change=contract_change,
                    fence=fence,
                )
        deliver(ports, now=ports.clock.now())
    typer.echo(f"{done} Servers follow within seconds.")


def _promoted(
    ports: ControlPorts,
    plan: ControlPlan,
    version: ModelVersion,
    reason: str,
    *,
    guarded: bool,
    contract_change: bool,
    fence: Fence,
) -> str:
    """Promote a release and return what is so now."""
    from holdfast.loop.promote import promote as promote_release
    from holdfast.loop.promote import promote_guarded

    if guarded:
        promote_guarded(
            ports,
            plan,
            version,
            reason=reason,
            actor="cli",
            contract_change=contract_change,
            fence=fence,
        )
    else:
        promote_release(
            ports,
            version,
            reason=reason,
            actor="cli",
            contract_change=contract_change,
            fence=fence,
            probation=plan.probation,
        )
    deployment = ports.releases.deployment()
    beside = None if deployment is None else deployment.challenger
    if beside is None or beside.until is None:
        return f"{version} is in production now."
    until = f"{beside.until:%Y-%m-%d %H:%M} UTC"
    return (
        f"{version} is in production now, on probation against {beside.record.version} "
        f"until {until}."
    )


def _staged(
    ports: ControlPorts,
    plan: ControlPlan,
    version: ModelVersion,
    into: Stage,
    share: float,
    reason: str,
    *,
    guarded: bool,
    fence: Fence,
) -> str:
    """Stage a release and return what is so now; a shadow answers nobody, and needs no guard."""
    from holdfast.loop.promote import stage_guarded
    from holdfast.loop.stage import stage

    if into is Stage.SHADOW:
        staged = stage(ports, version, into, reason=reason, actor="cli", fence=fence)
        return f"{version} scores in shadow now; {staged.champion} answers."
    if guarded:
        staged = stage_guarded(
            ports, plan, version, share=share, reason=reason, actor="cli", fence=fence
        )
    else:
        staged = stage(ports, version, into, share=share, reason=reason, actor="cli", fence=fence)
    return f"{version} answers {share:.3g} of the requests now, {staged.champion} the others."


def withdraw(
    reason: Reason = "asked for by a person",
    project: Project = Path(),
) -> None:
    """Take back the challenger beside the champion, shadow or canary; or end a probation."""
    from holdfast.cli.running import holder
    from holdfast.loop.deliver import deliver
    from holdfast.loop.hold import held_by_hand
    from holdfast.loop.stage import withdraw as withdraw_challenger
    from holdfast.settings import load_settings
    from holdfast.wiring.control import open_control

    with open_control(load_settings(project)) as ports:
        with held_by_hand(ports.lease, holder=holder()) as fence:
            taken = withdraw_challenger(ports, reason=reason, actor="cli", fence=fence)
        deliver(ports, now=ports.clock.now())
    if taken.stage is Stage.PROBATION:
        typer.echo(f"{taken.version} scores no more; the champion's probation is over.")
    else:
        typer.echo(f"{taken.version} is withdrawn; the champion answers every request.")


def rollback(
    to: Annotated[
        str | None, typer.Option("--to", help="Such as v1; the one before, if absent.")
    ] = None,
    reason: Reason = "asked for by a person",
    at_once: Annotated[
        bool, typer.Option("--now", help="Also while a tick, or a retraining, is at work.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Return production to an earlier release, byte for byte; a canary is withdrawn first."""
    from contextlib import nullcontext

    from holdfast.cli.running import holder
    from holdfast.domain.events import StageEnded
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.deliver import deliver
    from holdfast.loop.hold import held_by_hand
    from holdfast.loop.promote import roll_back
    from holdfast.settings import load_settings
    from holdfast.wiring.control import open_control

    with open_control(load_settings(project)) as ports:
        version = None if to is None else ModelVersion(to)
        holding = held_by_hand(ports.lease, holder=holder())
        with nullcontext() if at_once else holding as fence:
            back = roll_back(ports, to=version, reason=reason, actor="cli", fence=fence)
        deliver(ports, now=ports.clock.now())
    if isinstance(back, StageEnded):
        typer.echo(
            f"{back.version}, the canary, is withdrawn; the champion answers every request. "
            "To go back to an earlier champion as well, run it again."
        )
    else:
        typer.echo(f"{back.version} is in production now; it was {back.replaced}.")
