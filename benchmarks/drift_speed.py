"""Measure how fast and in how much memory windows are compared, beside the peer.

Run with ``python benchmarks/drift_speed.py --dir FOLDER``. Each part runs in a process of its
own, with nothing in its environment that a user would not have. Only the reference is known
before: rows are new in each repetition. The exit code is 1 if a budget does not hold. A full
run takes some minutes, writes about 4 GB to the folder and removes them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow.parquet as pq
from benchmarks.drift_speed_rows import COLUMNS, CONTRACT, fresh_rows, write_folder
from benchmarks.drift_speed_scan import SETTINGS, scan
from benchmarks.machine import forget_peak, machine, peak_resident, resident, versions

from holdfast import __version__
from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import TableSource, open_source
from holdfast.drift.grid import Grid, cut_grid
from holdfast.drift.report import compare

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from holdfast.drift.profile import Profile

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "drift_speed.json"
PAGE = ROOT / "docs" / "explanation" / "drift.md"
SEED = 20_261_121
ROWS_PER_FILE = 1_000_000
# What Makefile or a developer's shell may set, and a user's does not.
_NOT_A_USERS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPY_DISABLE_CPU_FEATURES")

_BLOCK = re.compile(r"(<!-- speed -->\n).*?(<!-- end of speed -->)", re.DOTALL)
T = TypeVar("T")
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is known before: the cells and the reference's counts on them."""

    grid: Grid
    profile: Profile


def reference_of(n_rows: int, seed: int) -> Reference:
    """Profile the reference, which is not timed."""
    table = fresh_rows(n_rows, np.random.default_rng([seed, 0]))
    grid = cut_grid(table, CONTRACT)
    return Reference(grid=grid, profile=LocalEngine().profile(TableSource(table), CONTRACT, grid))


def report_on(table: pa.Table, reference: Reference) -> int:
    """Make the drift report on a window in memory; return how many features it covers."""
    counted = LocalEngine().profile(TableSource(table), CONTRACT, reference.grid)
    return len(compare(reference.profile, counted, grid=reference.grid).features)


def in_memory(n_rows: int, repetitions: int, n_evidently: int, seed: int) -> Figures:
    """Time reports on windows in memory, ours and Evidently's."""
    reference = reference_of(n_rows, seed)
    report_on(fresh_rows(1_000, np.random.default_rng([seed, 1])), reference)  # imports
    seconds = []
    for i in range(repetitions):
        current = fresh_rows(n_rows, np.random.default_rng([seed, 2, i]))
        seconds.append(_timed(partial(report_on, current, reference)))
    theirs = [_evidently_seconds(n_rows, seed, i) for i in range(n_evidently)]
    ours = statistics.median(seconds)
    return {
        "rows": n_rows,
        "columns": len(COLUMNS),
        "bytes": current.nbytes,
        "seconds": seconds,
        "median_seconds": ours,
        "evidently_seconds": theirs,
        "times_faster": statistics.median(theirs) / ours if theirs else None,
    }


def _evidently_seconds(n_rows: int, seed: int, repetition: int) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about libraries it calls
        library = import_module("evidently")
        preset = import_module("evidently.presets").DataDriftPreset

        def run(n: int) -> float:
            tables = [
                fresh_rows(n, np.random.default_rng([seed, 3, repetition, i])) for i in (0, 1)
            ]
            before, after = (table.to_pandas() for table in tables)
            return _timed(
                lambda: library.Report([preset()]).run(current_data=after, reference_data=before)
            )

        run(1_000)  # it imports and compiles on first use
        return run(n_rows)


def memory_above(reference: Reference, n_rows: int, seed: int) -> Figures:
    """Return by how much memory peaks above the data while a report is made.

    Nothing was compared in this process before: what a first report loads counts too.
    """
    current = fresh_rows(n_rows, np.random.default_rng([seed, 4]))
    forget_peak()
    before = resident()
    n_features = report_on(current, reference)
    return {
        "rows": n_rows,
        "features": n_features,
        "bytes_of_data": current.nbytes,
        "resident_before": before,
        "peak": peak_resident(),
        "above": peak_resident() - before,
    }


def cold(folder: Path, n_rows: int, repetitions: int, seed: int) -> Figures:
    """Time the command from its start to its end, on two new files each time."""
    command = [str(Path(sys.executable).parent / "holdfast"), "drift", "a.parquet", "b.parquet"]
    seconds = []
    for i in range(repetitions):
        for j, name in enumerate(("a", "b")):
            rng = np.random.default_rng([seed, 5, i, j])
            pq.write_table(fresh_rows(n_rows, rng), folder / f"{name}.parquet")
        os.sync()  # or writing them back would be timed
        seconds.append(_timed(partial(_run, command, folder)))
    _run([*command, "--json", "report.json"], folder)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {
        "rows": n_rows,
        "features": len(report["features"]),
        "seconds": seconds,
        "median_seconds": statistics.median(seconds),
    }


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")


def profile_folder(folder: Path, grid: Grid) -> Figures:
    """Count all rows of a folder; for a process of its own, whose memory is its own."""
    begin = time.perf_counter()
    counted = LocalEngine().profile(open_source(folder), CONTRACT, grid)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "rows": counted.n_rows, "peak": peak_resident()}


def larger_than_memory(folder: Path, n_rows: int, repetitions: int, seed: int) -> Figures:
    """Profile a folder and scan it, in turn; both find it in the page cache or both do not."""
    size = write_folder(folder, n_rows=n_rows, rows_per_file=ROWS_PER_FILE, seed=seed)
    grid = in_child(reference_of, min(n_rows, ROWS_PER_FILE), seed).grid
    first = {name: in_child(scan, folder, name) for name in SETTINGS}
    best = min(SETTINGS, key=lambda name: first[name])
    scans, runs = [first[best]], []
    for _ in range(repetitions):
        runs.append(in_child(profile_folder, folder, grid))
        scans.append(in_child(scan, folder, best))
    counted = {run["rows"] for run in runs}
    if counted != {n_rows}:
        raise ValueError(f"Of {n_rows} rows {counted} were counted: the time means nothing")
    ours = statistics.median(run["seconds"] for run in runs)
    return {
        "rows": n_rows,
        "columns": len(COLUMNS),
        "bytes_on_disk": size,
        "seconds": [run["seconds"] for run in runs],
        "rows_per_second": n_rows / ours,
        "peak": max(run["peak"] for run in runs),
        "scan_by_setting": first,
        "scan_setting": best,
        "scan_seconds": scans,
        "share_of_scan_speed": min(scans) / ours,
    }


def in_child(work: Callable[..., T], *arguments: Any) -> T:
    """Return what a new process answers, which has seen nothing of this one's work."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def budgets(result: Figures) -> dict[str, dict[str, Any]]:
    """Return each budget with what was found; those of parts that did not run are absent."""
    parts = {
        "report_seconds": ("in_memory", "median_seconds", "at most", 0.25),
        "times_faster_than_evidently": ("in_memory", "times_faster", "at least", 300.0),
        "memory_above_data": ("memory", "above", "at most", 100e6),
        "cold_seconds": ("cold", "median_seconds", "at most", 3.0),
        "share_of_scan_speed": ("folder", "share_of_scan_speed", "at least", 0.35),
        "folder_memory": ("folder", "peak", "at most", 2**30),
    }
    return {
        name: {
            "found": found,
            bound.replace(" ", "_"): limit,
            "holds": found <= limit if bound == "at most" else found >= limit,
        }
        for name, (part, key, bound, limit) in parts.items()
        if (found := result.get(part, {}).get(key)) is not None
    }


def measure(asked: argparse.Namespace, folder: Path) -> Figures:
    """Run the parts asked for, each in processes of its own."""
    seed, rows = asked.seed, asked.rows
    parts: dict[str, Callable[[], Figures]] = {
        "in_memory": lambda: in_child(in_memory, rows, asked.repetitions, asked.evidently, seed),
        "memory": lambda: in_child(memory_above, in_child(reference_of, rows, seed), rows, seed),
        "cold": lambda: cold(folder, rows, min(3, asked.repetitions), seed),
        "folder": lambda: larger_than_memory(
            folder / "rows", asked.folder_rows, min(3, asked.repetitions), seed
        ),
    }
    found: Figures = {}
    for part in asked.parts:
        begin = time.monotonic()
        found[part] = parts[part]()
        print(f"{part} ({time.monotonic() - begin:.0f} s): {_short(found[part])}", flush=True)
    return found


def table(result: Figures) -> str:
    """Return the figures as Markdown, each beside what was wanted of it."""
    rows = [("what", "found", "wanted", "holds"), ("---",) * 4]
    for name, words, unit, scale in _WORDS:
        check = result["checks"][name]
        kind = "at most" if "at_most" in check else "at least"
        wanted = check[kind.replace(" ", "_")] * scale
        holds = "yes" if check["holds"] else "**no**"
        rows.append(
            (words, f"{check['found'] * scale:.3g}{unit}", f"{kind} {wanted:.3g}{unit}", holds)
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


_WORDS = (
    ("report_seconds", "a report on 1M rows × 20 columns in memory", " s", 1),
    ("times_faster_than_evidently", "Evidently's preset on the same, times as long", "", 1),
    ("memory_above_data", "memory above the data for it", " MB", 1e-6),
    ("cold_seconds", "`holdfast drift` on two such files, from its start", " s", 1),
    ("share_of_scan_speed", "20M rows of a folder, of pyarrow's fastest scan", "%", 100),
    ("folder_memory", "memory for that, all in all", " MB", 1e-6),
)


def filled(page: str, result: Figures) -> str:
    """Return the page with the table made from the figures."""
    return _BLOCK.sub(lambda place: f"{place[1]}\n{table(result)}\n\n{place[2]}", page)


def main() -> int:
    """Measure, write the figures beside the machine's name, say whether the budgets hold."""
    asked = _arguments()
    for name in _NOT_A_USERS:
        os.environ.pop(name, None)
    os.environ["DO_NOT_TRACK"] = "1"
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(dir=asked.dir, prefix="holdfast-speed-") as folder:
        found = measure(asked, Path(folder))
    checks = budgets(found)
    result = {
        "holdfast": __version__,
        "machine": machine(),
        "versions": versions(),
        "seed": asked.seed,
        "total_seconds": round(time.monotonic() - begin),
        **found,
        "checks": checks,
        "holds": all(check["holds"] for check in checks.values()),
    }
    asked.output.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if asked.output == RESULT:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")
    for name, check in checks.items():
        print(f"{'holds' if check['holds'] else 'FAILS'}  {name}: {_short(check)}")
    print(f"Wrote {asked.output} after {result['total_seconds']} s")
    return 0 if result["holds"] else 1


def _arguments() -> argparse.Namespace:
    parts = ["in_memory", "memory", "cold", "folder"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of a window in memory")
    parser.add_argument("--folder-rows", type=int, default=20_000_000)
    parser.add_argument("--repetitions", type=int, default=9, help="at most 3 of the long parts")
    parser.add_argument("--evidently", type=int, default=1, help="its repetitions; 0: without")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--dir", type=Path, help="on a real disk; by default the system's")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _short(figures: Figures) -> str:
    return ", ".join(
        f"{name} {value:,.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
        if not isinstance(value, list | dict | bool)
    )


if __name__ == "__main__":
    sys.exit(main())
