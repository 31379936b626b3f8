"""Measure false alarms, power and p-values on resampled Telco rows, beside the peers.

Run with ``python benchmarks/detection.py``. Every tool sees the same windows, all with stock
settings; no window is drawn twice. The exit code is 1 if a budget does not hold. A full run
takes about ten minutes on two cores; the repetitions of the slow peer end when its time is up.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.detection_figures import calibration, checks, rates, verdict_split
from benchmarks.detection_page import filled, summary
from benchmarks.detection_rows import CELLS, SIZES, Population, Size, draw, read_population
from benchmarks.detection_tools import NOT_RUN, TOOLS, Finding
from benchmarks.machine import machine, versions
from benchmarks.publishing import asking, publish

from holdfast import __version__

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "detection.json"
PAGE = ROOT / "docs" / "explanation" / "calibration.md"
SEED = 20_261_121
CHUNK = 20  # repetitions that a process does at a time, of a fast tool
SLOW = "evidently"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Some repetitions at one size pair, each drawn once for all the tools."""

    tools: tuple[str, ...]
    size: Size
    repetitions: range

    @property
    def is_slow(self) -> bool:
        """Whether it may be left out when time is up."""
        return SLOW in self.tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        folder: Where real data sets lie.
        sizes: Pairs of windows.
        tools: Who is asked.
        repetitions: Of each tool but the slow one.
        slow: Repetitions of the slow one, at most.
        least: So many of them are done even when its time is up.
        minutes: From the start until then.
        processes: How many work at once.
        seed: Of all draws.
    """

    folder: Path
    sizes: tuple[Size, ...] = SIZES
    tools: tuple[str, ...] = tuple(TOOLS)
    repetitions: int
    slow: int = 0
    least: int = 10
    minutes: float = 12.0
    processes: int = 2
    seed: int = SEED

    @property
    def asked(self) -> tuple[str, ...]:
        """The tools that have any repetitions."""
        return tuple(tool for tool in self.tools if tool != SLOW or self.slow)

    def tasks(self) -> Iterator[Task]:
        """Yield one repetition of everything, to tell how long it takes, then the rest."""
        groups = list(self._groups())
        for tools, n, _ in groups:
            for size in self.sizes:
                yield Task(tools=tools, size=size, repetitions=range(min(1, n)))
        for tools, n, step in groups:
            for start in range(1, n, step):  # all size pairs in turn: they end evenly
                for size in self.sizes:
                    chunk = range(start, min(start + step, n))
                    yield Task(tools=tools, size=size, repetitions=chunk)

    def _groups(self) -> Iterator[tuple[tuple[str, ...], int, int]]:
        """Yield tools that work on the same draws, their repetitions, and those of a task."""
        yield tuple(tool for tool in self.asked if tool != SLOW), self.repetitions, CHUNK
        if SLOW in self.asked:
            yield (SLOW,), self.slow, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What each tool found in the repetitions of a task, and how long all of them took."""

    task: Task
    findings: dict[str, list[dict[str, Finding]]]
    seconds: float


Found = dict[str, dict[str, dict[str, list[Finding]]]]
_state: dict[str, tuple[Population, int]] = {}


def measure(plan: Plan, *, say: bool = True) -> Found:
    """Return what each tool found, by size pair and cell, in the order of the repetitions."""
    begin = time.monotonic()
    answers: list[Answer] = []
    with ProcessPoolExecutor(
        plan.processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open,
        initargs=(plan.folder, plan.seed, plan.asked),
    ) as pool:
        running: set[Future[Answer]] = set()
        for task in plan.tasks():
            late = time.monotonic() - begin > plan.minutes * 60
            if task.is_slow and late and task.repetitions.start >= plan.least:
                break  # what follows is slow too
            running.add(pool.submit(_examine, task))
            if len(running) >= 2 * plan.processes:  # few ahead, so that the time limit works
                done, running = wait(running, return_when=FIRST_COMPLETED)
                answers.extend(future.result() for future in done)
                say = say and not _told(plan, answers)
        answers.extend(future.result() for future in running)
    return _sorted(answers, plan)


def _open(folder: Path, seed: int, tools: Sequence[str]) -> None:
    """Get a process ready: rows in memory, libraries imported, none of which is timed."""
    population = read_population(folder)
    _state["population"] = population, seed
    few = Size(n_reference=100, n_current=100)
    for tool in tools:
        TOOLS[tool](draw(population, few, seed=seed, repetition=0))


def _examine(task: Task) -> Answer:
    population, seed = _state["population"]
    begin = time.perf_counter()
    findings: dict[str, list[dict[str, Finding]]] = {tool: [] for tool in task.tools}
    for repetition in task.repetitions:
        windows = draw(population, task.size, seed=seed, repetition=repetition)
        for tool in task.tools:
            findings[tool].append(TOOLS[tool](windows))
    return Answer(task=task, findings=findings, seconds=time.perf_counter() - begin)


def _told(plan: Plan, answers: Sequence[Answer]) -> bool:
    """Say how long the run will take, once one repetition of everything is done."""
    first = [answer for answer in answers if answer.task.repetitions.start == 0]
    groups = 2 if SLOW in plan.asked else 1
    if len(first) < groups * len(plan.sizes):
        return False
    seconds: dict[bool, float] = defaultdict(float)
    for answer in first:
        n = plan.slow if answer.task.is_slow else plan.repetitions
        seconds[answer.task.is_slow] += answer.seconds * n
    fast, slow = (seconds[is_slow] / 60 / plan.processes for is_slow in (False, True))
    minutes = max(fast, min(fast + slow, plan.minutes))  # the slow ones end with their time
    print(f"Estimated: {minutes:.1f} minutes, of which {fast:.1f} are ours", flush=True)
    return True


def _sorted(answers: Sequence[Answer], plan: Plan) -> Found:
    found: Found = {
        tool: {size.name: {cell: [] for cell in CELLS} for size in plan.sizes}
        for tool in plan.asked
    }
    for answer in sorted(answers, key=lambda answer: answer.task.repetitions.start):
        for tool, repetitions in answer.findings.items():
            for finding in repetitions:
                for cell, one in finding.items():
                    found[tool][answer.task.size.name][cell].append(one)
    return found


def result_of(found: Found, *, seed: int, seconds: float) -> dict[str, Any]:
    """Return everything that was found, as it is written down."""
    checked = checks(found)
    return {
        "holdfast": __version__,
        "machine": machine(),
        "versions": versions(),
        "data": "Telco-Customer-Churn (IBM), 7,043 rows resampled, 19 features",
        "seed": seed,
        "seconds": round(seconds),
        "peers_not_run": NOT_RUN,
        "flagged": rates(found),
        "verdicts": verdict_split(found),
        "calibration": calibration(found),
        "checks": checked,
        "holds": all(check["holds"] for check in checked.values()),
    }


def main() -> int:
    """Run, write the figures and the page's tables, and say whether the budgets hold."""
    asked = _arguments()
    plan = Plan(
        folder=asked.data,
        sizes=tuple(size for size in SIZES if size.name in asked.sizes),
        repetitions=asked.repetitions,
        slow=asked.evidently,
        minutes=asked.minutes,
        processes=asked.processes,
    )
    begin = time.monotonic()
    found = measure(plan)
    result = result_of(found, seed=plan.seed, seconds=time.monotonic() - begin)
    return publish(
        result,
        shown=summary(result),
        output=asked.output,
        published=RESULT,
        page=PAGE,
        filled=filled,
    )


def _arguments() -> argparse.Namespace:
    names = [size.name for size in SIZES]
    parser = asking(__doc__, RESULT)
    parser.add_argument("--repetitions", type=int, default=1_000, help="of the fast tools")
    parser.add_argument("--evidently", type=int, default=40, help="its repetitions; 0: without")
    parser.add_argument("--minutes", type=float, default=12.0, help="when Evidently's end")
    parser.add_argument("--sizes", nargs="+", choices=names, default=names)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
