"""Play the year: traffic and labels day by day, a tick of the loop every week."""

from __future__ import annotations

import shutil
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer

from holdfast.adapters.clocks.file import FileClock
from holdfast.cli.demo.score import Score
from holdfast.cli.demo.server import demo_server
from holdfast.cli.opening import training_data
from holdfast.cli.running import holder
from holdfast.domain.errors import SettingsError
from holdfast.loop.cycle import tick
from holdfast.loop.launch import launch
from holdfast.scenarios.telecom import Telecom
from holdfast.settings import CONFIG_FILE, load_settings
from holdfast.wiring.control import open_control, plan_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from holdfast.cli.demo.server import DemoServer
    from holdfast.loop.cycle import Tick
    from holdfast.scenarios.telecom import Day
    from holdfast.settings import Settings

__all__ = ["Played", "live", "made_anew", "month_of", "play_year", "wait_for_a_person"]

_MARK = ".holdfast-demo"  # a folder that bears it was made by a demo, and may be made anew
_CLOCK = "clock.txt"
_DATA = "customers.csv"
_HOUR = timedelta(hours=12)  # of the day at which its traffic comes
_DAYS_BETWEEN_TICKS = 7
_CONFIG = f"""\
# A year of a simulated telecom; `holdfast demo` wrote this.
[model]
name = "telecom"

[data]
path = "{_DATA}"
target = "churned"
positive = "Yes"
entity = "customer_id"

[monitor]
bucket = "1d"
window = "14d"
label_maturity = "21d"     # by then it is known who left

[policy]
name = "harm"
cooldown = "7d"

[guard]
rule = "better"

[clock]
file = "{_CLOCK}"          # the demo's calendar in place of the system's
"""


@dataclass(slots=True)
class Played:
    """What happened so far, for the score."""

    prediction_ids: dict[str, str] = field(default_factory=dict)  # by customer
    scores: dict[str, float] = field(default_factory=dict)  # ours, by customer
    ticks: dict[int, list[Tick]] = field(default_factory=lambda: defaultdict(list))  # by month


def play_year(directory: Path, *, seed: int, rows: int) -> None:
    """Play the year and say, month by month, what was true, said and done.

    Args:
        directory: Where the project is made and left.
        seed: Fixes the customers.
        rows: Customers a month.

    Raises:
        SettingsError: If the folder holds something that no demo made.
    """
    begin = time.monotonic()
    telecom = Telecom(seed=seed, customers_per_month=rows)
    settings, clock = _prepare(directory, telecom)
    with open_control(settings, create=True) as ports:
        launched = launch(ports, plan_of(settings), training_data(settings, None), actor="demo")
    score = Score(telecom, settings)
    with demo_server(settings.project) as server:
        auc = launched.metrics.figures["roc_auc"]
        typer.echo(f"The status page: {server.url}")
        typer.echo(f"{launched.version} is in production: ROC AUC {auc:.3f} on held-out customers.")
        typer.echo("")
        typer.echo(score.header())
        played = Played()
        for day in telecom.days():
            number = month_of(day.on, telecom.start)
            if number > telecom.n_months:
                break  # after the year only labels are left to arrive
            live(day, number, settings, server, clock, played)
            if month_of(day.on + timedelta(days=1), telecom.start) != number:
                typer.echo(score.month(number, played.scores, played.ticks[number]))
        typer.echo("")
        for line in score.verdict(played.ticks):
            typer.echo(line)
        typer.echo(f"Played in {time.monotonic() - begin:.0f} s.")
        wait_for_a_person(server)
    typer.echo(f"The project stays in {directory}: holdfast up --project {directory}")


def made_anew(directory: Path) -> None:
    """Make a demo's folder empty; only one that a demo made may hold anything.

    Raises:
        SettingsError: If the folder holds something that no demo made.
    """
    if directory.exists() and any(directory.iterdir()):
        if not (directory / _MARK).exists():
            raise SettingsError(
                f"{directory} is not empty, and no demo made it. Choose another with --dir"
            )
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _MARK).touch()


def _prepare(directory: Path, telecom: Telecom) -> tuple[Settings, FileClock]:
    made_anew(directory)
    (directory / CONFIG_FILE).write_text(_CONFIG, encoding="utf-8")
    telecom.training_set().write_csv(directory / _DATA)
    clock = FileClock(directory / _CLOCK)
    clock.set_to(_moment(telecom.start) - _HOUR)
    return load_settings(directory), clock


def live(
    day: Day,
    number: int,
    settings: Settings,
    server: DemoServer,
    clock: FileClock,
    played: Played,
) -> None:
    """Let a day happen: its customers are scored, what became known is labelled.

    Args:
        day: With its rows, and the labels that become known.
        number: Of its month, counted from 1.
        settings: The demo's project.
        server: Which answers.
        clock: The demo's calendar.
        played: What happened so far; goes on.
    """
    clock.set_to(_moment(day.on))
    if day.rows:
        body = {"rows": [{"features": r.features, "entity": r.customer_id} for r in day.rows]}
        answers = server.post("/v1/predict", body)["predictions"]
        for row, answer in zip(day.rows, answers, strict=True):
            played.prediction_ids[row.customer_id] = answer["prediction_id"]
            played.scores[row.customer_id] = answer["score"]
    if day.labels:
        labels = [
            {
                "prediction_id": played.prediction_ids[label.customer_id],
                "label": label.label,
                "observed_at": label.known_at.isoformat(),
            }
            for label in day.labels
        ]
        server.post("/v1/labels", {"labels": labels})
    if day.on.toordinal() % _DAYS_BETWEEN_TICKS == 0:
        _tick(number, settings, server, played)


def _tick(number: int, settings: Settings, server: DemoServer, played: Played) -> None:
    with open_control(settings, notifiers=()) as ports:  # the month's line says it all
        ticked = tick(ports, plan_of(settings), actor="control", holder=holder())
    if ticked is None:
        return
    played.ticks[number].append(ticked)
    if ticked.retraining is not None and ticked.retraining.promoted is not None:
        server.await_version(ticked.retraining.promoted)


def month_of(on: date, start: date) -> int:
    """Return the number of the month a day lies in; beyond the year it goes on counting.

    >>> from datetime import date
    >>> month_of(date(2026, 1, 31), date(2025, 1, 1))
    13
    """
    return 12 * (on.year - start.year) + on.month - start.month + 1


def _moment(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=UTC) + _HOUR


def wait_for_a_person(server: DemoServer) -> None:
    """On a terminal, leave the server up until Enter is pressed."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        typer.prompt(f"Look at {server.url}, then press Enter", default="", show_default=False)
