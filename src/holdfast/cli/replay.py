"""The command that plays a history through policies: replay."""

from __future__ import annotations

from contextlib import contextmanager
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
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.loop.contenders import Contender
    from holdfast.loop.ingest import TrainingData
    from holdfast.loop.replay import LabelledStream
    from holdfast.loop.replay_log import OwnHistory
    from holdfast.loop.replayed import Replay
    from holdfast.loop.timetable import Schedule
    from holdfast.settings import Settings

__all__ = ["replay"]

_ROWS = "1000"  # of a window, where nothing is said


def replay(
    data: Annotated[
        Path | None, typer.Argument(help="A labelled history in row order, or with --time.")
    ] = None,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Replay the project's own logged history instead.")
    ] = False,
    target: Annotated[
        str | None, typer.Option(help="The column to predict; the project's, if absent.")
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            help="Rows of a window, 1000 if absent; or with --time its length, such as 7d; with "
            "--from-log [monitor] window, if absent."
        ),
    ] = None,
    label_delay: Annotated[
        int, typer.Option(help="Windows until labels are known; 1: when the next one opens.")
    ] = 1,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="A policy's name, periodic:N, or a TOML file; may be given several times. "
            "The project's, if absent."
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON; - for the terminal.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the policies over time: an .svg or .png file.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with the policies' table and the picture.")
    ] = None,
    batches: Annotated[
        Path | None,
        typer.Option("--write-batches", help="Write windows and labels as files to play by hand."),
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
    """Play a labelled history through the loop, policies side by side."""
    from holdfast.cli.replay_pages import require_picture, write_page, write_picture
    from holdfast.cli.replay_words import print_replay, said_of_file, said_of_history
    from holdfast.domain.errors import InputError, SettingsError
    from holdfast.settings import CONFIG_FILE, load_settings, settings_for

    require_picture(picture)
    if from_log and batches is not None:
        raise InputError("--write-batches writes a file's windows; --from-log reads no file")
    if from_log == (data is not None):
        raise InputError(
            "Name a labelled history, or --from-log for the project's own; one of both"
        )
    if data is None:
        settings = load_settings(project)
        played, own = _of_log(settings, policy or (), window)
        title, notes = f"Replay of the log of {settings.model.name}", [said_of_history(own)]
    else:
        if target is None and not (project / CONFIG_FILE).exists():
            raise SettingsError("Which column is to be predicted? Name it with --target COLUMN")
        reading = {
            # Whose labels they are.
            "path": data.resolve() if labels is not None else None,
            "labels": None if labels is None else labels.resolve(),
            "target": target,
            "positive": positive,
            "time": time,
            "entity": entity,
            "drop": drop or None,
            "delimiter": delimiter,
            "header": False if no_header else None,
        }
        settings = settings_for(project, data=reading)
        played = _of_file(
            settings,
            {"data": reading},
            data,
            policy or (),
            window=window or _ROWS,
            label_delay=label_delay,
            batches=batches,
        )
        title, notes = f"Replay of {data.name}", [said_of_file(played)]
    if json_file != TERMINAL:
        print_replay(played, notes=notes)
    if picture is not None:
        write_picture(picture, played, title=title)
    if html is not None:
        write_page(html, played, title=title, notes=notes)
    if json_file is not None:
        write_json(json_file, played.to_json())


def _of_file(
    settings: Settings,
    given: Mapping[str, Mapping[str, object]],
    data: Path,
    policies: Sequence[str],
    *,
    window: str,
    label_delay: int,
    batches: Path | None,
) -> Replay:
    from holdfast.cli.opening import training_data
    from holdfast.cli.replay_files import write_batches
    from holdfast.wiring.contenders import contenders_of

    contenders = contenders_of(policies, settings.project, given)
    rows = training_data(settings, data)
    timing = _timing(rows, window, label_delay)
    if batches is not None:
        write_batches(batches, settings, data, rows, timing)
    return _played(settings, rows, timing, contenders)


def _of_log(
    settings: Settings, policies: Sequence[str], window: str | None
) -> tuple[Replay, OwnHistory]:
    from holdfast.loop.replay_log import own_history
    from holdfast.settings import settings_for
    from holdfast.wiring.contenders import contenders_of
    from holdfast.wiring.control import open_control, plan_of

    given = {} if window is None else {"monitor": {"window": window}}
    contenders = contenders_of(policies, settings.project, given)
    plan = plan_of(settings_for(settings.project, **given))
    with open_control(settings, notifiers=()) as ports:
        own = own_history(ports, plan, now=ports.clock.now())
    played = _played(settings, own, own.timing, contenders, arrives=own.arrives)
    return played, own


def _played(
    settings: Settings,
    rows: LabelledStream,
    timing: Schedule,
    contenders: Sequence[Contender],
    *,
    arrives: NDArray[np.int64] | None = None,
) -> Replay:
    from holdfast.adapters.clocks.cpu import cpu_seconds
    from holdfast.adapters.runtimes.onnx import OnnxRuntime
    from holdfast.loop.replay import replay as play
    from holdfast.wiring.control import plan_of
    from holdfast.wiring.trainers import trainers_of

    with _shown(timing.n_windows) as progress:
        return play(
            rows,
            timing,
            plan=plan_of(settings),
            trainers=trainers_of(settings),
            runtime=OnnxRuntime(),
            contenders=contenders,
            arrives=arrives,
            progress=progress,
            cpu=cpu_seconds,
        )


def _timing(rows: TrainingData, window: str, label_delay: int) -> Schedule:
    """Return how the rows are divided: by their number, or by time."""
    from datetime import timedelta

    from holdfast.domain.errors import InputError
    from holdfast.domain.windows import Unit, WindowSpec
    from holdfast.loop.timetable import schedule, schedule_by_time

    spec = WindowSpec.parse(window)
    if spec.unit is Unit.ROWS:
        return schedule(len(rows), window=spec.length, label_delay=label_delay)
    if rows.times is None:
        raise InputError(
            f"--window {window} is a length of time, but nothing says when a row was. Name the "
            "column with --time, or give a number of rows."
        )
    length = timedelta(microseconds=spec.length)
    return schedule_by_time(rows.times, window=length, label_delay=label_delay)


@contextmanager
def _shown(n_windows: int) -> Iterator[Callable[[str, int], None]]:
    """Show on a terminal how far each policy has come."""
    from holdfast.cli.progress import progress_bar

    with progress_bar() as bar:
        tasks: dict[str, Any] = {}

        def progress(name: str, done: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=n_windows)
            bar.update(tasks[name], completed=done)

        yield progress
