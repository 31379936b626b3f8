"""Measure whether the log gets slower as it grows, and how fast a million rows are read back.

Run with ``python benchmarks/log_growth.py --dir FOLDER``, FOLDER on a real disk with 5 GB free.
One SQLite store is filled to each size in turn; at each, rows are appended through the
prediction log (each append is fsynced), and predictions are asked for and labelled by id and by
entity, drawn from all that is logged. The exit code is 1 if a budget does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import machine

from holdfast import __version__
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.ids import ModelVersion, PredictionId, uuid7s
from holdfast.domain.predictions import Label, Prediction, PredictionRequest
from holdfast.domain.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULT = Path(__file__).resolve().parent / "results" / "log_growth.json"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
READ = 1_000_000  # rows read back at once
SEED = 20_261_121
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=3)  # from one row to the next: ten million are 347 days
ENTITIES = 500_000
MATURITY = timedelta(days=30)
BUDGETS = {"append_1": 1.25, "append_16": 1.25, "append_1000": 1.25}  # times the smallest's
_AT_ONCE = 250_000  # rows a transaction while filling
READ_BUDGET = 3.0  # seconds

Figures = dict[str, Any]


def contract() -> Contract:
    """Return a contract of 20 features."""
    kinds = [FeatureKind.NUMERIC] * 16 + [FeatureKind.CATEGORICAL] * 2 + [FeatureKind.BOOLEAN] * 2
    return Contract(
        features=tuple(
            Feature(name=f"x{i:02}", kind=kind, nullable=True) for i, kind in enumerate(kinds)
        ),
        target=Target(name="churn", positive="yes", negative="no"),
        threshold=0.5,
        data_digest="0" * 64,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured at each size."""

    sizes: Sequence[int] = SIZES
    appends: int = 200  # of one row, and of 16
    batches: int = 30  # of `batch` rows
    batch: int = 1000
    gets: int = 300
    labels: int = 3  # calls of `batch` labels, by id and by entity
    read: int = READ


def fill(path: Path, size: int) -> None:
    """Add rows until there are `size`, with ids and moments as a server makes them.

    By one statement of SQLite's own: through the log, ten million rows would take half an hour.
    """
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        while (present := _last(connection)) < size:
            until = min(size, present + _AT_ONCE)
            given = (present, until, _ms(BEGIN), EVERY // timedelta(milliseconds=1))
            connection.execute(_filling(contract()), given)
    connection.close()


def _filling(made_of: Contract) -> str:
    values = {
        FeatureKind.NUMERIC: "random() / 9.3e18",
        FeatureKind.CATEGORICAL: "substr('monthlyyearly', 1 + (random() & 1) * 7, 7)",
        FeatureKind.BOOLEAN: "random() & 1",
    }
    return f"""
        WITH RECURSIVE row(i) AS (
            SELECT ? UNION ALL SELECT i + 1 FROM row WHERE i + 1 < ?
        ), moment(ms) AS (SELECT ? + i * ? FROM row)
        INSERT INTO {_table()} (prediction_id, model_version, role, entity, score, positive,
            threshold, predicted_at, {", ".join(made_of.names)})
        SELECT
            printf('%08x-%04x-7%03x-%04x-%012x', ms >> 16, ms & 65535, random() & 4095,
                32768 | (random() & 16383), random() & 281474976710655),
            'v1', 'champion', printf('e%07d', abs(random()) % {ENTITIES}),
            abs(random() / 9.3e18), random() & 1, 0.5,
            strftime('%Y-%m-%dT%H:%M:%f', ms / 1000.0, 'unixepoch') || '000Z',
            {", ".join(values[feature.kind] for feature in made_of.features)}
        FROM moment
    """


def _table() -> str:
    return f"predictions_{contract().schema_digest[:12]}"


def _last(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute(f"SELECT COALESCE(MAX(position), 0) FROM {_table()}").fetchone()
    return int(last)


def measured(store: SqlStore, path: Path, size: int, plan: Plan, rng: random.Random) -> Figures:
    """Return the figures of a store of one size, times in milliseconds."""
    log, made_of = store.predictions, contract()
    found: Figures = {"rows": size, "bytes": path.stat().st_size}
    for n, times in ((1, plan.appends), (16, plan.appends), (plan.batch, plan.batches)):
        batches = [_rows(n, BEGIN + size * EVERY + i * EVERY, rng) for i in range(times)]
        found[f"append_{n}"] = _timed(lambda rows: log.append(made_of, *rows), batches)
    drawn = _drawn(path, plan.gets + 2 * plan.labels * plan.batch, rng)
    found["get"] = _timed(lambda row: log.get(PredictionId(row[0])), drawn[: plan.gets])
    late = BEGIN + size * EVERY + timedelta(days=1)

    def record(labels: Sequence[Label]) -> None:
        store.labels.record(labels, received_at=late, maturity=MATURITY)

    labels = [_label(row, i % 2 == 0, late) for i, row in enumerate(drawn[plan.gets :])]
    for start, name in ((0, "label_by_id"), (1, "label_by_entity")):
        mine = labels[start::2]
        calls = [mine[i : i + plan.batch] for i in range(0, len(mine), plan.batch)]
        found[f"{name}_{plan.batch}"] = _timed(record, calls)
    return found


def read_back(store: SqlStore, rows: int) -> Figures:
    """Return how long the first rows take to be read as Arrow, by cursor and by time."""
    window = Window(start_at=BEGIN, end_at=BEGIN + rows * EVERY)
    begin = time.perf_counter()
    page = store.predictions.read(contract(), after=None, limit=rows).rows
    between = time.perf_counter()
    of_window = store.predictions.window(contract(), window)
    end = time.perf_counter()
    return {
        "rows": page.num_rows,
        "read_seconds": between - begin,
        "window_rows": of_window.num_rows,
        "window_seconds": end - between,
        "arrow_bytes": page.nbytes,
    }


def budgets(found: Figures) -> dict[str, dict[str, Any]]:
    """Compare the largest store with the smallest, and the reads with their budget."""
    first, last = found["sizes"][0], found["sizes"][-1]
    held = {}
    for name, most in BUDGETS.items():
        if name not in first:  # a small run has other batches
            continue
        times = last[name]["median"] / first[name]["median"]
        held[name] = {"found": times, "budget": f"<= {most:g} x", "holds": times <= most}
    for name in ("read_seconds", "window_seconds"):
        took = found["read_back"][name]
        held[name] = {"found": took, "budget": f"<= {READ_BUDGET:g}", "holds": took <= READ_BUDGET}
    return held


def measure(folder: Path, plan: Plan) -> Figures:
    """Fill a store in a folder to each size, and measure it there."""
    path, rng = folder / "holdfast.db", random.Random(SEED)
    with SqlStore.open(f"sqlite:///{path}", create=True) as store:
        store.predictions.prepare(contract())
    found: Figures = {
        "holdfast": __version__,
        "machine": machine(),
        "sqlite": sqlite3.sqlite_version,
        "sizes": [],
    }
    for size in plan.sizes:
        fill(path, size)
        with SqlStore.open(f"sqlite:///{path}", create=False) as store:
            found["sizes"].append(
                {"fsync": _fsync(folder), **measured(store, path, size, plan, rng)}
            )
            if size == max(s for s in plan.sizes if s <= max(plan.read, plan.sizes[0])):
                found["read_back"] = read_back(store, min(plan.read, size))
    return found | {"budgets": budgets(found)}


def main(arguments: Sequence[str] | None = None, plan: Plan | None = None) -> int:
    """Measure, write the figures and return 1 if a budget does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="a folder on a real disk")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        found = measure(Path(folder), plan or Plan(sizes=given.sizes))
    given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, one in found["budgets"].items():
        held = "holds" if one["holds"] else "DOES NOT HOLD"
        print(f"{name}: {one['found']:.3g}, budget {one['budget']}: {held}")
    return 0 if all(one["holds"] for one in found["budgets"].values()) else 1


def _timed(do: Callable[[Any], object], each: Sequence[Any]) -> dict[str, float]:
    times = []
    for one in each:
        begin = time.perf_counter()
        do(one)
        times.append((time.perf_counter() - begin) * 1000)
    return {"median": statistics.median(times), "mean": statistics.mean(times), "max": max(times)}


def _rows(
    n: int, at: datetime, rng: random.Random
) -> tuple[list[PredictionRequest], list[Prediction]]:
    made_of = contract()
    values: dict[FeatureKind, Callable[[], float | str | bool]] = {
        FeatureKind.NUMERIC: rng.random,
        FeatureKind.CATEGORICAL: lambda: rng.choice(("monthly", "yearly")),
        FeatureKind.BOOLEAN: lambda: rng.random() < 0.5,
    }
    requests = [
        PredictionRequest(
            values=tuple(values[feature.kind]() for feature in made_of.features),
            request_id=None,
            entity=f"e{rng.randrange(ENTITIES):07}",
        )
        for _ in range(n)
    ]
    predictions = [
        Prediction(
            prediction_id=PredictionId(name),
            model_version=ModelVersion("v1"),
            score=0.5,
            positive=True,
            threshold=0.5,
            predicted_at=at,
        )
        for name in uuid7s(at, n)
    ]
    return requests, predictions


def _drawn(path: Path, n: int, rng: random.Random) -> list[tuple[str, str, str]]:
    """Return id, entity and moment of rows drawn from all of the log."""
    query = f"SELECT prediction_id, entity, predicted_at FROM {_table()} WHERE position = ?"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        last = _last(connection)
        positions = [rng.randrange(1, last + 1) for _ in range(n)]
        drawn = [connection.execute(query, (position,)).fetchone() for position in positions]
    connection.close()
    return drawn


def _label(row: tuple[str, str, str], by_id: bool, observed_at: datetime) -> Label:  # noqa: FBT001 - private
    if by_id:
        return Label(positive=True, observed_at=observed_at, prediction_id=PredictionId(row[0]))
    at = datetime.fromisoformat(row[2])
    return Label(positive=True, observed_at=observed_at, entity=row[1], at=at)


def _fsync(folder: Path) -> dict[str, float]:
    """Time what each append waits for, at the least."""
    with (folder / "fsync").open("wb") as file:

        def sync(_: int) -> None:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())

        return _timed(sync, range(50))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


if __name__ == "__main__":
    sys.exit(main())
