"""Measure what a control tick costs, as the history behind it grows.

Run with ``python benchmarks/control_tick.py --dir FOLDER``, FOLDER on a real disk with 6 GB free.
A project gets so many rows of history, at 10,000 a day, drawn from a pool that the champion
scored: nothing drifts, so that no tick retrains. Every bucket of it is counted, every day of it
was judged and decided on, and the labels of its last months stand in the ledger. Then days of
10,000 new rows come, and the first tick of each is timed, as a process that runs takes it, with
a tick on the same day that finds nothing new. The exit code is 1 if a budget does not hold.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import machine

from holdfast import __version__
from holdfast.adapters.clocks.file import FileClock
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.schedules.apscheduler import IntervalSchedule
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.contract import Feature, FeatureKind, Target
from holdfast.domain.events import DecisionMade, WindowJudged
from holdfast.domain.tables import encode_table
from holdfast.domain.windows import Window
from holdfast.loop import cycle
from holdfast.loop.control import incumbent
from holdfast.loop.develop import develop
from holdfast.loop.history import History
from holdfast.loop.launch import enter
from holdfast.loop.profile import profile_new
from holdfast.loop.register import build_release
from holdfast.loop.repeat import take_turn
from holdfast.policy.thresholds import FBeta
from holdfast.ports.event_log import Draft
from holdfast.settings import load_settings
from holdfast.wiring.control import open_control, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.settings import Settings

RESULT = Path(__file__).resolve().parent / "results" / "control_tick.json"
SIZES = (10_000, 1_000_000, 10_000_000)
NEW = 10_000  # rows of a day
BUDGET = 0.3  # seconds
GROWTH = 1.25  # the largest store's tick, times the middle one's
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LABELLED = timedelta(days=90)  # before the end: all that a tick can read
LABEL_AFTER = timedelta(days=5)
POOL = 50_000
SEED = 20_261_122
TOML = """
[data]
target = "left"
[registry]
mlflow = ""
[clock]
file = "now"
"""
PARTS = (
    "watch", "_caught_up", "incumbent", "profile_new", "observe", "detect", "revise", "settled",
    "_act", "go_on", "deliver",
)  # fmt: skip

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured at each size."""

    sizes: Sequence[int] = SIZES
    new: int = NEW
    days: int = 7  # days that are timed
    pool: int = POOL


def features() -> tuple[Feature, ...]:
    """Return 20 features."""
    kinds = [FeatureKind.NUMERIC] * 16 + [FeatureKind.CATEGORICAL] * 2 + [FeatureKind.BOOLEAN] * 2
    typical: dict[FeatureKind, Any] = {
        FeatureKind.NUMERIC: 0.5,
        FeatureKind.CATEGORICAL: "monthly",
        FeatureKind.BOOLEAN: True,
    }
    return tuple(
        Feature(
            name=f"x{i:02}",
            kind=kind,
            nullable=True,
            typical=typical[kind],
            categories=("monthly", "yearly") if kind is FeatureKind.CATEGORICAL else (),
        )
        for i, kind in enumerate(kinds)
    )


def rows(n: int, rng: np.random.Generator) -> tuple[pa.Table, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return rows and their labels, which follow from the first two features."""
    values: dict[FeatureKind, Callable[[], Any]] = {
        FeatureKind.NUMERIC: lambda: rng.random(n),
        FeatureKind.CATEGORICAL: lambda: np.where(rng.random(n) < 0.5, "monthly", "yearly"),
        FeatureKind.BOOLEAN: lambda: rng.random(n) < 0.5,
    }
    table = pa.table({feature.name: pa.array(values[feature.kind]()) for feature in features()})
    pull = 6 * table["x00"].to_numpy() - 3 * table["x01"].to_numpy() - 2.5
    return table, rng.random(n) < 1 / (1 + np.exp(-pull))


def begin_project(folder: Path, rng: np.random.Generator) -> Settings:
    """Make a project with a champion."""
    (folder / "holdfast.toml").write_text(TOML, encoding="utf-8")
    FileClock(folder / "now").set_to(BEGIN)
    settings = load_settings(folder, environment={})
    table, labels = rows(10_000, rng)
    aim = FBeta()
    candidate = develop(
        table,
        labels,
        feature_specs=features(),
        target=Target(name="left", positive="yes", negative="no"),
        data_digest="d" * 64,
        trainers=[LogisticRegressionTrainer()],
        aim=aim,
        seed=0,
        ordered=True,
    )
    bundle = build_release(
        candidate,
        features=table,
        labels=labels,
        model_name="churn",
        runtime=OnnxRuntime(),
        aim=aim,
    )
    with open_control(settings, create=True) as ports:
        enter(ports, bundle, actor="cli", origin="train")
    return settings


class Traffic:
    """Rows of a pool that the champion scored, as a server would have logged them.

    Args:
        store: The store's file.
        champion: Who answered.
        plan: How many rows the pool has, and a day.
        rng: Draws the pool.
    """

    def __init__(
        self, store: Path, champion: Incumbent, plan: Plan, rng: np.random.Generator
    ) -> None:
        self._store, self._plan, self.n_rows = store, plan, 0
        self._every = DAY / plan.new
        self._contract = champion.contract
        table, labels = rows(plan.pool, rng)
        scores = champion.model.score(encode_table(table, champion.contract))
        columns = [table[name].to_pylist() for name in champion.contract.names]
        self._pool = [
            (i, float(score), bool(score >= champion.contract.threshold), bool(label), *values)
            for i, (score, label, *values) in enumerate(zip(scores, labels, *columns, strict=True))
        ]

    @property
    def until(self) -> datetime:
        """When the last row was answered, and its day is over."""
        return BEGIN + self.n_rows * self._every

    def log(self, n: int) -> None:
        """Log so many rows, by SQLite's own statements: through the log it would take an hour."""
        with self._connected() as connection:
            given = (self.n_rows, self.n_rows + n, *self._timing())
            connection.execute(self._logging(), given)
            self.n_rows += n
            connection.execute(
                "INSERT INTO prediction_counts VALUES ('v1', 'champion', ?, ?) "
                "ON CONFLICT DO UPDATE SET n = excluded.n, last_at = excluded.last_at",
                (self.n_rows, _stored(self.until)),
            )

    def label(self, since: datetime, until: datetime) -> None:
        """Have the labels of the rows of a stretch come, five days after each."""
        first, last = (int((moment - BEGIN) / self._every) for moment in (since, until))
        if last <= max(0, first):
            return
        with self._connected() as connection:
            given = (max(0, first), last, *self._timing())
            connection.execute(_MOMENTS.format(into=_LABELS, table=self._table()), given)
            connection.execute(_MOMENTS.format(into=_STANDING, table=self._table()), given)

    def _timing(self) -> tuple[int, int]:
        return int(BEGIN.timestamp() * 1000), self._every // timedelta(microseconds=1)

    def _table(self) -> str:
        return f"predictions_{self._contract.schema_digest[:12]}"

    def _logging(self) -> str:
        names = ", ".join(self._contract.names)
        pooled = ", ".join(f"pool.{name}" for name in self._contract.names)
        return f"""
            WITH RECURSIVE row(i) AS (
                SELECT ? UNION ALL SELECT i + 1 FROM row WHERE i + 1 < ?
            ), moment(i, ms) AS (SELECT i, ? + i * ? / 1000 FROM row)
            INSERT INTO {self._table()} (prediction_id, model_version, role, entity, score,
                positive, threshold, predicted_at, {names})
            SELECT printf('%08x-%04x-7%03x-8000-%012x', ms >> 16, ms & 65535, i & 4095, i),
                'v1', 'champion', NULL, pool.score, pool.positive, {self._contract.threshold},
                {_AT.format(ms="ms")}, {pooled}
            FROM moment JOIN pool ON pool.k = (i * 2654435761) % {self._plan.pool}
        """

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        names = ", ".join(self._contract.names)
        connection = sqlite3.connect(self._store, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            f"CREATE TEMP TABLE pool (k INTEGER PRIMARY KEY, score, positive, label, {names})"
        )
        marks = ", ".join("?" * (len(self._contract.names) + 4))
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO pool VALUES ({marks})", self._pool)
        connection.execute("COMMIT")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.close()


_AT = "strftime('%Y-%m-%dT%H:%M:%f', {ms} / 1000.0, 'unixepoch') || '000Z'"
_LATER = _AT.format(ms=f"(ms + {LABEL_AFTER // timedelta(milliseconds=1)})")
_LABELS = f"""labels (ledger_id, prediction_id, positive, observed_at, received_at, fate,
    was_orphan) SELECT i + 1, prediction_id, label, {_LATER}, {_LATER}, 'accepted', 0"""
_STANDING = f"""standing_labels (prediction_id, positive, observed_at, received_at, ledger_id)
    SELECT prediction_id, label, {_LATER}, {_LATER}, i + 1"""
_MOMENTS = """
    WITH RECURSIVE row(i) AS (
        SELECT ? UNION ALL SELECT i + 1 FROM row WHERE i + 1 < ?
    ), moment(i, ms) AS (SELECT i, ? + i * ? / 1000 FROM row)
    INSERT INTO {into} FROM moment
        JOIN {table} AS logged ON logged.position = i + 1
        JOIN pool ON pool.k = (i * 2654435761) % (SELECT COUNT(*) FROM pool)
"""


def _stored(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def remember(ports: ControlPorts, plan: ControlPlan, champion: Incumbent, until: datetime) -> None:
    """Count all rows, and write down what a tick of each past day would have judged and decided.

    The days are those of one real tick, which must have been run, at other times.
    """
    profile_new(ports.predictions, ports.profiles, champion, bucket=plan.bucket)
    bodies = [event.body for event in ports.events.events()]
    judged = next(body for body in reversed(bodies) if isinstance(body, WindowJudged))
    made = next(body for body in reversed(bodies) if isinstance(body, DecisionMade))
    drafts, end_at = [], BEGIN + DAY
    while end_at <= until:
        window = Window(start_at=end_at - plan.window, end_at=end_at)
        counts = ports.profiles.row_counts(
            champion.reference.grid.digest, start_at=window.start_at, end_at=window.end_at
        )
        settled = sum(counts.values())
        body = replace(judged, window=window, n=settled, settled_until=end_at, n_settled=settled)
        drafts += [Draft(body=each, actor="control") for each in (body, made)]
        end_at += DAY
    ports.events.append(drafts, at=until)


def turn(
    settings: Settings, plan: ControlPlan, history: History, slot: datetime | None
) -> tuple[float, Figures]:
    """Take one turn as the control process does, and return its seconds, in all and by part."""
    spent: dict[str, float] = defaultdict(float)
    begin = time.perf_counter()
    with _timed_parts(spent), open_control(settings, notifiers=(), history=history) as ports:
        spent["open"] = time.perf_counter() - begin
        take_turn(
            ports,
            plan,
            IntervalSchedule(DAY),
            slot=slot,
            holder="benchmark/1",
            now=ports.clock.now,
        )
    return time.perf_counter() - begin, dict(spent)


@contextmanager
def _timed_parts(spent: dict[str, float]) -> Iterator[None]:
    """Time what a tick calls, by the names by which it calls it."""
    before = {name: getattr(cycle, name) for name in PARTS if hasattr(cycle, name)}
    for name, part in before.items():
        setattr(cycle, name, _timed(name, part, spent))
    try:
        yield
    finally:
        for name, part in before.items():
            setattr(cycle, name, part)


def _timed(name: str, part: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        try:
            return part(*args, **options)
        finally:
            spent[name] += time.perf_counter() - begin

    return run


def measured(folder: Path, size: int, plan: Plan) -> Figures:
    """Return the figures of a store with so many rows of history."""
    rng = np.random.default_rng(SEED)
    settings = begin_project(folder, rng)
    store, clock = folder / ".holdfast" / "holdfast.db", FileClock(folder / "now")
    with open_control(settings, notifiers=()) as ports:
        champion, wanted = incumbent(ports), plan_of(settings)
    traffic = Traffic(store, champion, plan, rng)
    traffic.log(size)
    traffic.label(traffic.until - LABELLED, traffic.until - LABEL_AFTER)
    labelled = traffic.until - LABEL_AFTER
    clock.set_to(traffic.until)
    with open_control(settings, notifiers=()) as ports:
        cycle.tick(ports, wanted, actor="control", holder="benchmark/1")
        remember(ports, wanted, champion, traffic.until)
    history = History()
    turn(settings, wanted, history, None)
    first, again = [], []
    for _ in range(plan.days):
        traffic.log(plan.new)
        traffic.label(labelled, traffic.until - LABEL_AFTER)
        labelled = traffic.until - LABEL_AFTER
        clock.set_to(traffic.until + timedelta(seconds=1))
        first.append(turn(settings, wanted, history, traffic.until))
        again.append(turn(settings, wanted, history, None))
    with open_control(settings, notifiers=()) as ports:
        events = list(ports.events.events())
    return {
        "rows": size,
        "bytes": store.stat().st_size,
        "events": len(events),
        "retrainings": sum(event.kind == "retraining_started" for event in events),
        "new_rows": plan.new,
        "first_of_a_day": _summed(first),
        "again": _summed(again),
    }


def _summed(turns: Sequence[tuple[float, Figures]]) -> Figures:
    names = sorted({name for _, parts in turns for name in parts})
    seconds = [took for took, _ in turns]
    return {
        "median": statistics.median(seconds),
        "max": max(seconds),
        "parts": {
            name.strip("_"): statistics.median(parts.get(name, 0.0) for _, parts in turns)
            for name in names
        },
    }


def budgets(found: Figures) -> dict[str, dict[str, Any]]:
    """Compare the tick on the largest history with its budget, and with that on a shorter one."""
    largest = found["sizes"][-1]
    took = largest["first_of_a_day"]["median"]
    held = {"tick": {"found": took, "budget": f"<= {BUDGET:g}", "holds": took <= BUDGET}}
    if len(found["sizes"]) > 1:
        # The smallest has no mature labels yet, and less to do.
        times = took / found["sizes"][-2]["first_of_a_day"]["median"]
        held["growth"] = {
            "found": times,
            "budget": f"<= {GROWTH:g} x",
            "holds": times <= GROWTH,
        }
    return held


def row_of(size: Figures) -> str:
    """Return a size's row of the table in docs/explanation/the-loop.md."""
    first, again = size["first_of_a_day"], size["again"]["median"]
    parts = (first["parts"].get(name, 0.0) for name in ("profile_new", "observe", "detect"))
    cells = [f"{size['rows']:,}", f"{size['events']:,}"]
    cells += [f"{took:.2f} s" for took in (first["median"], *parts, again)]
    return f"| {' | '.join(cells)} |"


def measure(folder: Path, plan: Plan) -> Figures:
    """Make a project of each size in a folder, measure it there, and remove it."""
    found: Figures = {
        "holdfast": __version__,
        "machine": machine(),
        "sqlite": sqlite3.sqlite_version,
        "sizes": [],
    }
    for size in plan.sizes:
        with tempfile.TemporaryDirectory(dir=folder) as project:
            found["sizes"].append(measured(Path(project), size, plan))
    return found | {"budgets": budgets(found)}


def main(arguments: Sequence[str] | None = None, plan: Plan | None = None) -> int:
    """Measure, write the figures and return 1 if a budget does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="a folder on a real disk")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(arguments)
    given.dir.mkdir(parents=True, exist_ok=True)
    found = measure(given.dir, plan or Plan(sizes=given.sizes))
    given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for size in found["sizes"]:
        parts = size["first_of_a_day"]["parts"].items()
        print(f"{size['rows']:,}: {size['first_of_a_day']['median']:.3f} s")
        print("  " + ", ".join(f"{name} {took:.3f}" for name, took in parts))
        print(row_of(size))
    for name, one in found["budgets"].items():
        held = "holds" if one["holds"] else "DOES NOT HOLD"
        print(f"{name}: {one['found']:.3g}, budget {one['budget']}: {held}")
    return 0 if all(one["holds"] for one in found["budgets"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
