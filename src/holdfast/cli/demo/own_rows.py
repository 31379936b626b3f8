"""The demo on a person's own rows: months drawn from them, with a drift made by reweighting."""

from __future__ import annotations

import calendar
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from holdfast.adapters.clocks.file import FileClock
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.sources import open_source
from holdfast.cli.demo.play import Played, live, made_anew, month_of, wait_for_a_person
from holdfast.cli.demo.score import in_short, said_and_done, telling_event
from holdfast.cli.demo.server import demo_server
from holdfast.cli.opening import training_data
from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.ids import ModelVersion
from holdfast.domain.narration import story
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.ingest import DataSpec, ingest
from holdfast.loop.launch import launch
from holdfast.scenarios.reweighting import Reweighted
from holdfast.settings import CONFIG_FILE, load_settings
from holdfast.stats.auc import roc_auc
from holdfast.wiring.control import open_control, plan_of
from holdfast.wiring.project import open_objects, open_store
from holdfast.wiring.scaffold import toml_string

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from holdfast.loop.ingest import TrainingData
    from holdfast.settings import Settings

__all__ = ["play_own_rows"]

_FEWEST, _FEWEST_OF_CLASS = 600, 100  # below, half of them train no model worth watching
_FIRST = ModelVersion("v1")
_START = datetime(2025, 1, 1, tzinfo=UTC)
_CLOCK, _DATA = "clock.txt", "half.parquet"
_CONFIG = """\
# Half of somebody's rows, and a story told with the other half; `holdfast demo` wrote this.
[model]
name = "demo"

[data]
path = "{data}"
target = {target}
positive = {positive}

[monitor]
bucket = "1d"
window = "14d"
label_maturity = "15d"

[policy]
name = "harm"
cooldown = "7d"

[clock]
file = "{clock}"          # the demo's calendar in place of the system's
"""


def play_own_rows(
    directory: Path, data: Path, target: str, *, positive: str | None, seed: int, rows: int
) -> None:
    """Train on half of a file's rows, and play a story with the other half.

    Args:
        directory: Where the project is made and left.
        data: Labelled rows.
        target: The column to predict.
        positive: Its word that counts as positive; guessed if None.
        seed: Fixes which rows come when.
        rows: How many come a month.

    Raises:
        SettingsError: If the folder holds something that no demo made.
        TooFewLabelsError: If there are fewer than 600 labelled rows, or 100 of a class.
    """
    begin = time.monotonic()
    found = ingest(open_source(data), DataSpec(target=target, positive=positive))
    _check_enough(found)
    typer.echo(
        f"{data}: {len(found):,} real rows. Half of them train the first model; the months are "
        "drawn from the other half, with replacement."
    )
    typer.echo(
        "No cell is changed: the drift is made by drawing some rows more often than others. It "
        "shows how the loop answers, not what your own data will do."
    )
    for column in found.survey.suspects:
        typer.echo(f"  suspect: {column.suspicion}")
    half, other = _halves(found, seed)
    settings, clock = _prepare(directory, found, half)
    with open_control(settings, create=True) as ports:
        launched = launch(ports, plan_of(settings), training_data(settings, None), actor="demo")
    auc = launched.metrics.figures["roc_auc"]
    typer.echo(f"{launched.version} is in production: ROC AUC {auc:.3f} on held-out rows.")
    _play(_story_of(found, other, settings, seed=seed, rows=rows), settings, clock)
    typer.echo(f"Played in {time.monotonic() - begin:.0f} s.")
    typer.echo(f"The project stays in {directory}: holdfast up --project {directory}")


def _check_enough(found: TrainingData) -> None:
    n_rarer = min(int(found.labels.sum()), int((~found.labels).sum()))
    if len(found) < _FEWEST:
        raise TooFewLabelsError(found=len(found), required=_FEWEST, what="labelled rows for a demo")
    if n_rarer < _FEWEST_OF_CLASS:
        raise TooFewLabelsError(
            found=n_rarer, required=_FEWEST_OF_CLASS, what="rows of the rarer class for a demo"
        )


def _halves(found: TrainingData, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.random.default_rng(seed).permutation(len(found))
    middle = len(found) // 2
    return np.sort(order[:middle]), np.sort(order[middle:])


def _prepare(
    directory: Path, found: TrainingData, half: NDArray[np.intp]
) -> tuple[Settings, FileClock]:
    made_anew(directory)
    words = [found.target.word(positive=bool(label)) for label in found.labels[half]]
    table = found.features.take(pa.array(half)).append_column(found.target.name, pa.array(words))
    pq.write_table(table, directory / _DATA)
    text = _CONFIG.format(
        data=_DATA,
        target=toml_string(found.target.name),
        positive=toml_string(found.target.positive),
        clock=_CLOCK,
    )
    (directory / CONFIG_FILE).write_text(text, encoding="utf-8")
    clock = FileClock(directory / _CLOCK)
    clock.set_to(_START)
    return load_settings(directory), clock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Story:
    months: Reweighted
    never: NDArray[np.float64]  # the first model's scores of the rows that the months draw from


def _story_of(
    found: TrainingData, other: NDArray[np.intp], settings: Settings, *, seed: int, rows: int
) -> _Story:
    with open_store(settings, create=False) as store:
        record = store.releases.release(_FIRST)
    contract, model = fetch_for_serving(open_objects(settings), record)
    pool = conform(found.features.take(pa.array(other)), contract)
    scores = OnnxRuntime().load(model, contract).score(encode_table(pool, contract))
    scores = np.asarray(scores, dtype=np.float64)
    months = Reweighted(
        rows=pool.to_pylist(),
        labels=found.labels[other],
        words=(found.target.positive, found.target.negative),
        scores=scores,
        seed=seed,
        rows_per_month=rows,
    )
    return _Story(months=months, never=scores)


def _play(told: _Story, settings: Settings, clock: FileClock) -> None:
    months, played = told.months, Played()
    with demo_server(settings.project) as server:
        typer.echo(f"The status page: {server.url}")
        typer.echo("")
        typer.echo(f"{'':4}{'rows':>6}  {'AUC':>4}  {'never':>5}  drawn -> what was said and done")
        for day in months.days():
            number = month_of(day.on, months.start)
            live(day, number, settings, server, clock, played)
            if month_of(day.on + timedelta(days=1), months.start) != number:
                typer.echo(_month(told, number, played))
        typer.echo("")
        typer.echo("The decision that did most, and why, in the words of holdfast explain:")
        for line in story(telling_event(settings)):
            typer.echo(f"  {line}")
        wait_for_a_person(server)


def _month(told: _Story, number: int, played: Played) -> str:
    months, drawn = told.months, told.months.drawn(number)
    ours = np.array([played.scores[months.name(number, i)] for i in range(len(drawn))])
    truth = months.labels[drawn]
    return (
        f"{calendar.month_abbr[(number - 1) % 12 + 1]:4}{len(drawn):6,}  "
        f"{in_short(roc_auc(truth, ours))}   {in_short(roc_auc(truth, told.never[drawn]))}  "
        f"{months.story[number - 1].title} -> {said_and_done(played.ticks[number])}"
    )
