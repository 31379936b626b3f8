"""Commands that set a project up: init, train, config, migrate, doctor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import (
    Delimiter,
    Drop,
    Entity,
    Json,
    Labels,
    NoHeader,
    Positive,
    Project,
    Time,
)

if TYPE_CHECKING:
    from holdfast.domain.survey import Survey
    from holdfast.loop.launch import Launch
    from holdfast.settings import Settings

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(init)
    app.command()(train)
    app.command()(migrate)
    app.command()(doctor)
    config = typer.Typer(help="Show or check holdfast.toml.", no_args_is_help=True)
    config.command("show")(config_show)
    config.command("check")(config_check)
    app.add_typer(config, name="config")


def init(
    data: Annotated[
        Path,
        typer.Argument(
            help="Labelled rows: CSV (any separator, .gz), Parquet, Excel, or a folder."
        ),
    ],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    positive: Positive = None,
    time: Time = None,
    entity: Entity = None,
    drop: Drop = None,
    labels: Labels = None,
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    directory: Annotated[Path, typer.Option("--dir", help="The project's folder.")] = Path(),
) -> None:
    """Look the data over and write a commented holdfast.toml."""
    from holdfast.adapters.sources import open_labelled
    from holdfast.domain.survey import survey
    from holdfast.wiring.scaffold import write_config

    header = not no_header
    table = open_labelled(
        data, labels=labels, target=target, delimiter=delimiter, header=header
    ).read()
    found = survey(
        table, target=target, positive=positive, time=time, entity=entity, drop=tuple(drop or ())
    )
    path = write_config(
        found, data=data, labels=labels, folder=directory, delimiter=delimiter, header=header
    )
    _print_survey(found, data)
    step = "" if directory == Path() else f"cd {directory} && "
    typer.echo(f"Wrote {path}. Next: {step}holdfast train")


def train(
    data: Annotated[Path | None, typer.Argument(help="Other rows than [data] path.")] = None,
    search: Annotated[
        str | None,
        typer.Option(
            help="Search better hyperparameters before: so long (5m), or so many trials (40)."
        ),
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Train, evaluate and register a model; the first release goes into production."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    if search is not None:
        settings = _searching(settings, search)
    from holdfast.cli.opening import training_data
    from holdfast.cli.searching import shown_search
    from holdfast.loop.launch import launch
    from holdfast.wiring.control import open_control, plan_of

    plan = plan_of(settings)
    rows = training_data(settings, data)
    with (
        open_control(settings, create=True, meanwhile=True) as ports,
        shown_search() as progress,
    ):
        launched = launch(ports, plan, rows, actor="cli", progress=progress)
    if as_json:
        suspects = {column.name: column.suspicion for column in rows.survey.suspects}
        typer.echo(json.dumps({**launched.to_json(), "suspects": suspects}, indent=2))
    else:
        _print_launch(launched)
        for column in rows.survey.suspects:
            typer.echo(f"  suspect: {column.suspicion}")


def _searching(settings: Settings, search: str) -> Settings:
    from holdfast.settings import parse_search

    try:
        budget = parse_search(search)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--search") from error
    return settings.model_copy(
        update={"train": settings.train.model_copy(update={"search": budget})}
    )


def migrate(project: Project = Path()) -> None:
    """Bring the store to this version's schema."""
    from holdfast.adapters.stores.sql import SCHEMA_VERSION, migrate
    from holdfast.settings import load_settings

    migrate(load_settings(project).store.url)
    typer.echo(f"The store has schema {SCHEMA_VERSION}.")


def doctor(project: Project = Path(), as_json: Json = False) -> None:
    """Examine the store, the audit chain and the releases; exit 1 if something is wrong."""
    from holdfast.settings import load_settings
    from holdfast.wiring.examine import examine

    findings = examine(load_settings(project))
    if as_json:
        typer.echo(json.dumps([finding.to_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{'ok   ' if finding.healthy else 'WRONG'} {finding.what}: {finding.words}")
    if not all(finding.healthy for finding in findings):
        raise typer.Exit(1)


def config_show(project: Project = Path()) -> None:
    """Print the settings in force, defaults and environment included, without secrets."""
    from holdfast.settings import load_settings

    shown = load_settings(project).model_dump(mode="json")
    typer.echo(json.dumps(_without_passwords(shown), indent=2))


def config_check(project: Project = Path()) -> None:
    """Check holdfast.toml, and say what is wrong with it."""
    from holdfast.settings import load_settings
    from holdfast.wiring.alerts import notifiers_of

    settings = load_settings(project)
    notifiers_of(settings)
    typer.echo(f"{settings.project / 'holdfast.toml'} is right.")


def _without_passwords(settings: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    from sqlalchemy.engine import make_url

    for section, key in (("store", "url"), ("registry", "mlflow")):
        address = settings[section][key]
        if isinstance(address, str) and "://" in address:
            url = make_url(address)
            secret = {name: "***" for name in url.query if "password" in name}
            shown = url.update_query_dict(secret).render_as_string(hide_password=True)
            settings[section][key] = shown
    settings["alerts"]["urls"] = "***" if settings["alerts"]["urls"] else []
    return settings


def _print_survey(found: Survey, data: Path) -> None:
    n = len(found.features)
    n_features = f"{n} feature{'' if n == 1 else 's'}"
    rate = f", {found.positive_rate:.1%} {found.target.positive!r}" if found.target else ""
    typer.echo(f"{data}: {found.n_rows:,} rows, {n_features}{rate}")
    for column in found.dropped:
        typer.echo(f"  dropped {column.name!r}: {column.reason}")
    for warning in found.warnings:
        typer.echo(f"  note: {warning}")


def _print_launch(launched: Launch) -> None:
    metrics = launched.metrics
    typer.echo(f"Trained {launched.version} ({launched.trainer}) on {launched.n_rows:,} rows.")
    for name, tuned in launched.search.items():
        typer.echo(
            f"Searched {name}: {tuned.n_trials} trials, Brier score {tuned.brier:.4f} by "
            "cross-validation on training rows."
        )
    if len(launched.competition) > 1:
        typer.echo("Brier score of each that competed, on the validation rows:")
        for name, brier in sorted(launched.competition.items(), key=lambda one: one[1]):
            typer.echo(f"  {name:<24} {brier:.4f}")
    for name, why in launched.failures.items():
        typer.echo(f"  {name} gave no model: {why}")
    typer.echo(f"The tested model, on {metrics.n:,} held-out rows, with 95% intervals:")
    for name, value in metrics.figures.items():
        low, high = metrics.intervals.get(name, (None, None))
        interval = "" if low is None or high is None else f"  [{low:.3f}, {high:.3f}]"
        typer.echo(f"  {name:<17} {value:.3f}{interval}")
    typer.echo(f"  {'threshold':<17} {launched.threshold:.3f}  ({launched.aim})")
    if launched.champion == launched.version:
        typer.echo(f"{launched.version} is in production. Next: holdfast up")
    else:
        typer.echo(
            f"{launched.champion} stays in production. To replace it: "
            f"holdfast promote {launched.version}"
        )
