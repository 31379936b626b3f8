"""Commands that play data over time: replay, demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import (
    Delimiter,
    Drop,
    Entity,
    Labels,
    NoHeader,
    Positive,
    Project,
    Time,
)
from holdfast.cli.writing import TERMINAL, write_json

if TYPE_CHECKING:
    from holdfast.loop.replay import Replay

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(replay)
    app.command()(demo)


def replay(
    data: Annotated[Path, typer.Argument(help="A labelled history in row order, or with --time.")],
    target: Annotated[
        str | None, typer.Option(help="The column to predict; the project's, if absent.")
    ] = None,
    window: Annotated[int, typer.Option(help="Rows of a window.")] = 1000,
    label_delay: Annotated[
        int, typer.Option(help="Windows until labels are known; 1: when the next one opens.")
    ] = 1,
    policy: Annotated[
        str | None, typer.Option(help="harm, any or never; the project's, if absent.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON; - for the terminal.")
    ] = None,
    positive: Positive = None,
    time: Time = None,
    entity: Entity = None,
    drop: Drop = None,
    labels: Labels = None,
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    project: Project = Path(),
) -> None:
    """Play a labelled history through the loop, beside "never" and "every window"."""
    from holdfast.adapters.runtimes.onnx import OnnxRuntime
    from holdfast.cli.opening import training_data
    from holdfast.cli.progress import progress_bar
    from holdfast.domain.errors import SettingsError
    from holdfast.loop.replay import replay as play
    from holdfast.loop.replay import schedule
    from holdfast.settings import CONFIG_FILE, settings_for
    from holdfast.wiring.control import plan_of
    from holdfast.wiring.trainers import trainers_of

    if target is None and not (project / CONFIG_FILE).exists():
        raise SettingsError("Which column is to be predicted? Name it with --target COLUMN")
    reading = {
        "path": data.resolve() if labels is not None else None,  # whose labels they are
        "labels": None if labels is None else labels.resolve(),
        "target": target,
        "positive": positive,
        "time": time,
        "entity": entity,
        "drop": drop or None,
        "delimiter": delimiter,
        "header": False if no_header else None,
    }
    settings = settings_for(project, data=reading, policy={"name": policy})
    rows = training_data(settings, data)
    timing = schedule(len(rows), window=window, label_delay=label_delay)
    with progress_bar() as bar:
        tasks: dict[str, Any] = {}

        def progress(name: str, done: int) -> None:
            task = tasks.get(name)
            if task is None:
                task = tasks[name] = bar.add_task(name, total=timing.n_windows)
            bar.update(task, completed=done)

        played = play(
            rows,
            timing,
            plan=plan_of(settings),
            trainers=trainers_of(settings),
            runtime=OnnxRuntime(),
            progress=progress,
        )
    if json_file != TERMINAL:
        _print_replay(played)
    if json_file is not None:
        write_json(json_file, played.to_json())


def demo(
    directory: Annotated[
        Path, typer.Option("--dir", help="Where the demo's project is made.")
    ] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Fixes the simulated customers, or the draw.")] = 7,
    rows: Annotated[int, typer.Option(help="Customers, or drawn rows, a month.")] = 4000,
    data: Annotated[
        Path | None, typer.Option(help="Labelled rows of your own, in place of the telecom.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="With --data: the column to predict.")] = None,
    positive: Positive = None,
) -> None:
    """Play a simulated year of a telecom through the real server, log and loop."""
    if (data is None) != (target is None):
        raise typer.BadParameter("--data and --target go together")
    from holdfast.cli.demo import play_own_rows, play_year

    if data is not None and target is not None:
        play_own_rows(directory, data, target, positive=positive, seed=seed, rows=rows)
    else:
        play_year(directory, seed=seed, rows=rows)


def _print_replay(played: Replay) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    windows = Table("rows", "ROC AUC", "Brier", "model", "decision", "why", box=None)
    for window in played.project.windows:
        auc = window.metrics.figures.get("roc_auc")
        windows.add_row(
            f"{window.start}-{window.end}",
            "one class" if auc is None else f"{auc:.3f}",
            f"{window.metrics.figures['brier']:.3f}",
            window.model_version,
            window.step.decision.action.value.replace("_", " "),
            window.step.decision.reasons[0],
        )
    console.print(windows)
    policies = Table("policy", "ROC AUC", "Brier", "accuracy", "retrains", "promotions", box=None)
    for name, means in played.to_json()["summary"]["policies"].items():
        policies.add_row(
            name,
            *("-" if means[k] is None else f"{means[k]:.3f}"
              for k in ("mean_roc_auc", "mean_brier", "mean_accuracy")),
            str(means["retrains"]),
            str(means["promotions"]),
        )  # fmt: skip
    console.print(policies)
