"""Measure how fast single rows and batches are answered, logged and fsynced, beside peers.

Run with ``python benchmarks/serving.py --dir FOLDER``, FOLDER on a real disk. Servers run in
processes of their own with shipped defaults and ask for an API key; the load runs in another,
pinned apart from them. Every row is new. The same server without a log, and `mlflow models
serve` with the same model, are measured in the same run. The exit code is 1 if a budget does
not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from benchmarks.drift_speed_rows import COLUMNS, fresh_rows
from benchmarks.machine import machine

from holdfast import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "serving.json"
SEED = 20_261_121
PATIENCE = 120.0  # seconds for a server to answer
MANY = 16  # connections
SERVER_CPU, LOAD_CPU = 0, 1

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Makes requests of rows that were never sent before."""

    folder: Path
    rng: np.random.Generator

    def single(self, n: int) -> Path:
        """Return a file of so many requests of one row each."""
        return self._written([{"features": row} for row in self._rows(n)])

    def batches(self, n: int, size: int) -> Path:
        """Return a file of so many requests of `size` rows each."""
        rows = [{"features": row} for row in self._rows(n * size)]
        return self._written([{"rows": rows[i : i + size]} for i in range(0, len(rows), size)])

    def for_mlflow(self, n: int) -> Path:
        """Return the same kind of rows, one each, as MLflow's server takes them."""
        return self._written(
            [
                {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}
                for row in self._rows(n)
            ]
        )

    def _rows(self, n: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = fresh_rows(n, self.rng).to_pylist()
        return rows

    def _written(self, requests: list[dict[str, Any]]) -> Path:
        path = self.folder / "bodies.jsonl"
        path.write_text("\n".join(json.dumps(one) for one in requests), encoding="utf-8")
        return path


def make_project(folder: Path, rng: np.random.Generator) -> Path:
    """Train a first champion on rows of twenty columns; return the project's folder.

    The project has an API key, which the load shows from here on.
    """
    project = folder / "project"
    project.mkdir(parents=True)
    rows = fresh_rows(3_000, rng)
    score = np.nan_to_num(rows.column(COLUMNS[0]).to_numpy()) + rng.standard_normal(3_000)
    rows = rows.append_column("left", pa.array(np.where(score > 0.5, "yes", "no")))
    pa.csv.write_csv(rows, project / "rows.csv")
    (project / "holdfast.toml").write_text(
        '[data]\npath = "rows.csv"\ntarget = "left"\npositive = "yes"\n', encoding="utf-8"
    )
    _run([_console("holdfast"), "train"], cwd=project)
    made = _run([_console("holdfast"), "keys", "create", "--scope", "predict"], cwd=project)
    os.environ["BENCHMARK_KEY"] = made.strip()
    return project


def fsync_seconds(folder: Path, n: int = 300) -> list[float]:
    """Time fsyncs of a growing file, as a log's are."""
    seconds = []
    with (folder / "fsync.probe").open("wb", buffering=0) as file:
        for _ in range(n):
            file.write(os.urandom(8192))
            begin = time.perf_counter()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - begin)
    (folder / "fsync.probe").unlink()
    return seconds


def fsync_figures(seconds: list[float]) -> Figures:
    """Return what a disk's fsyncs took, in milliseconds."""
    in_order = sorted(1e3 * one for one in seconds)
    return {"median_ms": statistics.median(in_order), "p99_ms": in_order[int(0.99 * len(in_order))]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    host: str
    port: int
    pid: int
    ready_seconds: float | None = None  # from its start to its first ready answer

    @property
    def cpu_seconds(self) -> float:
        """What its process has had of its core so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def peak_megabytes(self) -> float:
        """The most memory that its process has held."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024


@contextmanager
def served(command: list[str], *, cwd: Path, is_ours: bool = True) -> Iterator[Running]:
    """Run a server that prints its address, on its own core, until it is ready."""
    begin = time.perf_counter()
    with subprocess.Popen(  # which closes its pipe, too
        ["taskset", "-c", str(SERVER_CPU), *command],
        cwd=cwd,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "http://" not in line:
                raise RuntimeError(f"{Path(command[1]).name} ended without an address")
            address = line.partition("http://")[2].split()[0].strip("/").split("/")[0]
            host, _, port = address.rpartition(":")
            if is_ours:
                with urlopen(f"http://{address}/health/ready", timeout=PATIENCE):
                    ready_seconds = time.perf_counter() - begin
            yield Running(
                host=host,
                port=int(port),
                pid=process.pid,
                ready_seconds=ready_seconds if is_ours else None,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE)


def load(at: Running, bodies: Path, connections: int, path: str = "/v1/predict") -> Figures:
    """Send the requests from a process of its own; return what it found."""
    cpu_before = at.cpu_seconds
    options = ["--connections", str(connections), "--path", path, "--cpu", str(LOAD_CPU)]
    done = subprocess.run(
        [sys.executable, HERE / "serving_load.py", at.host, str(at.port), bodies, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * PATIENCE,
    )
    if done.returncode:
        raise RuntimeError(f"the load broke off: {done.stderr}")
    figures: Figures = json.loads(done.stdout)
    cpu_ms = 1e3 * (at.cpu_seconds - cpu_before)
    return {**figures, "server_cpu_ms_per_request": cpu_ms / figures["requests"]}


def measure(at: Running, bodies: Bodies, n: int) -> Figures:
    """Measure one server of ours: one connection, many, and batches."""
    assert refuses_without_a_key(at), "the key is part of what is measured"
    warm_up = load(at, bodies.single(max(n // 10, 100)), MANY)
    return {
        "warm_up": warm_up,
        "one_connection": load(at, bodies.single(max(n // 5, 100)), 1),
        "many_connections": load(at, bodies.single(n), MANY),
        "batches_of_1000": load(at, bodies.batches(max(n // 400, 5), 1_000), 1),
    }


def refuses_without_a_key(at: Running) -> bool:
    """Return whether a server turns away who shows no key."""
    request = Request(f"http://{at.host}:{at.port}/v1/predict", data=b"{}", method="POST")
    try:
        urlopen(request, timeout=PATIENCE).close()
    except HTTPError as refusal:
        refusal.close()
        return refusal.code == 401
    return False


def logged_rows(project: Path) -> int:
    """Count the rows of the prediction log, in the file itself."""
    database = sqlite3.connect(f"file:{project}/.holdfast/holdfast.db?mode=ro", uri=True)
    (table,) = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'predictions_*'"
    ).fetchone()
    (n,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    database.close()
    return int(n)


def with_log(project: Path, bodies: Bodies, n: int) -> Figures:
    """Measure `holdfast serve`, and hold the log against what was acknowledged."""
    before = logged_rows(project)
    with served([_console("holdfast"), "serve", "--port", "0"], cwd=project) as at:
        figures = measure(at, bodies, n)
        process = {"ready_seconds": at.ready_seconds, "peak_megabytes": at.peak_megabytes}
    acknowledged = sum(part["acknowledged_rows"] for part in figures.values())
    logged = logged_rows(project) - before
    assert logged == acknowledged, f"{acknowledged} rows acknowledged, but {logged} logged"
    return {**figures, **process, "acknowledged_rows": acknowledged, "logged_rows": logged}


def without_log(project: Path, bodies: Bodies, n: int) -> Figures:
    """Measure the same server with a log that forgets."""
    script = HERE / "serving_without_log.py"
    with served([sys.executable, str(script), str(project)], cwd=project) as at:
        return measure(at, bodies, n)


def mlflow(project: Path, bodies: Bodies, n: int) -> Figures:
    """Measure `mlflow models serve` with the same kind of model on the same rows."""
    script = HERE / "serving_peer.py"
    command = [sys.executable, str(script), str(project)]
    with served(command, cwd=project, is_ours=False) as at:
        load(at, bodies.for_mlflow(20), 1, "/invocations")
        return {
            "one_connection": load(at, bodies.for_mlflow(n), 1, "/invocations"),
            "many_connections": load(at, bodies.for_mlflow(n), MANY, "/invocations"),
        }


def scored(project: Path, bodies: Bodies, n: int) -> Figures:
    """Measure `holdfast score` from one Parquet file to another, its start included."""
    rows = bodies.folder / "rows.parquet"
    pq.write_table(fresh_rows(n, bodies.rng), rows)
    begin = time.perf_counter()
    _run([_console("holdfast"), "score", str(rows), "-o", "scored.parquet"], cwd=project)
    seconds = time.perf_counter() - begin
    assert pq.read_metadata(project / "scored.parquet").num_rows == n, "a row was left out"
    return {"rows": n, "seconds": seconds, "rows_per_second": n / seconds}


def budgets(found: Figures) -> dict[str, dict[str, Any]]:
    """Hold the figures against what was promised."""
    ours, bare = found["with_log"], found["without_log"]
    rate = ours["many_connections"]["requests_per_second"]
    checks = {
        "share_of_the_rate_without_log": (
            rate / bare["many_connections"]["requests_per_second"],
            ">=",
            0.45,
        ),
        "p99_ms_at_16_connections": (ours["many_connections"]["p99_ms"], "<=", 10.0),
        "p50_ms_above_the_fsync_at_1_connection": (
            ours["one_connection"]["p50_ms"] - found["fsync"]["median_ms"],
            "<=",
            1.0,
        ),
        "p50_ms_of_a_batch_of_1000": (ours["batches_of_1000"]["p50_ms"], "<=", 25.0),
        "seconds_until_ready": (ours["ready_seconds"], "<=", 1.5),
        "peak_megabytes": (ours["peak_megabytes"], "<=", 150.0),
        "rows_scored_per_second": (found["score"]["rows_per_second"], ">=", 200_000.0),
    }
    if "many_connections" in found["mlflow"]:
        theirs = found["mlflow"]["many_connections"]["requests_per_second"]
        checks["times_the_rate_of_mlflow"] = (rate / theirs, ">=", 40.0)
    return {
        name: {
            "found": value,
            "budget": f"{sign} {bound:g}",
            "holds": value >= bound if sign == ">=" else value <= bound,
        }
        for name, (value, sign, bound) in checks.items()
    }


def main() -> int:
    """Run all parts, write the figures and return 1 if a budget does not hold."""
    given = _arguments()
    rng = np.random.default_rng(given.seed)
    with tempfile.TemporaryDirectory(dir=given.dir, prefix="holdfast-serving-") as name:
        folder = Path(name)
        project = make_project(folder, rng)
        bodies = Bodies(folder=folder, rng=rng)
        load_before = os.getloadavg()[0]
        found: Figures = {
            "holdfast": __version__,
            "machine": machine(),
            "alone_on_the_machine": given.alone,
            "load_average_before": load_before,
            "columns": len(COLUMNS),
        }
        found["without_log"] = without_log(project, bodies, given.requests)
        # A disk's fsync changes by the minute: timed right before and right behind.
        fsyncs = fsync_seconds(folder)
        found["with_log"] = with_log(project, bodies, given.requests)
        found["fsync"] = fsync_figures(fsyncs + fsync_seconds(folder))
        print(f"fsync: {found['fsync']['median_ms']:.2f} ms at the median", flush=True)
        found["score"] = scored(project, bodies, given.rows)
        found["mlflow"] = _mlflow_or_why_not(project, bodies, given.mlflow)
    found["budgets"] = budgets(found)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, one in found["budgets"].items():
        held = "holds" if one["holds"] else "DOES NOT HOLD"
        print(f"{name}: {one['found']:.3g}, budget {one['budget']}: {held}")
    return 0 if all(one["holds"] for one in found["budgets"].values()) else 1


def _mlflow_or_why_not(project: Path, bodies: Bodies, n: int) -> Figures:
    if not n:
        return {"not_measured": "not asked for"}
    try:
        return mlflow(project, bodies, n)
    except (RuntimeError, IndexError, OSError, subprocess.SubprocessError) as error:
        return {"not_measured": f"it did not start here: {error}"}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="at 16 connections")
    parser.add_argument("--mlflow", type=int, default=300, help="requests to it; 0: without")
    parser.add_argument("--rows", type=int, default=2_000_000, help="to score in bulk")
    parser.add_argument("--dir", type=Path, help="on a real disk; by default the system's")
    parser.add_argument("--alone", action="store_true", help="nothing else runs on this machine")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def _console(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _environment() -> dict[str, str]:
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "HOLDFAST_REGISTRY__MLFLOW": ""}
    given = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", **quiet}
    given.pop("PYTHONDONTWRITEBYTECODE", None)  # who installs it compiles it once
    return given


def _run(command: list[str], *, cwd: Path) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=_environment(), check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
