"""Measure a year's alarms without drift against the budget, and how soon a shift is found.

Run with ``python benchmarks/sequential.py``. Years of days are drawn from real Telco rows, at
several traffics, and watched by the shipped monitors with their default settings, by the usual
recipes and by two dummies. The exit code is 1 if a bound does not hold. A full run of 500
streams takes about twenty minutes on two cores, most of it for the quiet years.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from benchmarks.machine import machine, versions
from benchmarks.publishing import asking, publish
from benchmarks.sequential_figures import Found, Quiet, checks, found_figures, quiet_figures
from benchmarks.sequential_page import filled, summary
from benchmarks.sequential_rows import SHIFTS, Population, Shift, read_population
from benchmarks.sequential_streams import TRAFFIC, Traffic, days, draw_reference
from benchmarks.sequential_tools import OUR_OWN, OURS, PEERS, Holdfast, Scene

from holdfast import __version__

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from benchmarks.sequential_streams import Day
    from benchmarks.sequential_tools import Peer, Raised

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "sequential.json"
PAGE = ROOT / "docs" / "explanation" / "alarms-over-time.md"
SEED = 20_261_122
YEAR = 365
EDGE = TRAFFIC[1]
HORIZON = 60  # days within which a shift is to be found
_EDGE = "edge"
_WARM = 30  # days without drift before it
_TOLD = 50  # parts after which a run says how far it is
_CHUNK = 5  # streams that a process does at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        folder: Where real data sets lie.
        streams: Years without drift at each traffic, watched by ours.
        peers: Of these, how many the peers watch as well, at most.
        shifted: Streams with each shift at each traffic.
        edge: Years at the edge of what is put up with.
        traffic: How many rows there are a day.
        processes: How many work at once.
    """

    folder: Path
    streams: int
    peers: int
    shifted: int
    edge: int
    traffic: tuple[Traffic, ...] = TRAFFIC
    processes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Some streams of one traffic: years without drift, those at the edge, or one shift."""

    traffic: Traffic
    streams: range
    kind: str = ""
    size: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What each tool said.

    Attributes:
        quiet: Of years without drift.
        found: Of shifts.
        edge: Of years at the edge of what is put up with, by the monitor of labels alone.
    """

    quiet: list[Quiet] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    edge: list[Quiet] = field(default_factory=list)


def tasks(plan: Plan) -> Iterator[Task]:
    """Yield everything that there is to do, a few streams at a time."""
    for traffic in plan.traffic:
        for streams in _chunks(plan.streams):
            yield Task(traffic=traffic, streams=streams)
        for kind, (_, sizes) in SHIFTS.items():
            for size in sizes:
                for streams in _chunks(plan.shifted):
                    yield Task(traffic=traffic, streams=streams, kind=kind, size=size)
    for streams in _chunks(plan.edge):
        yield Task(traffic=EDGE, streams=streams, kind=_EDGE)


def _chunks(n: int) -> Iterator[range]:
    yield from (range(start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK))


_state: dict[str, Population] = {}


def measure(plan: Plan, *, say: bool = False) -> Outcome:
    """Return what each tool said of each stream.

    Args:
        plan: What to run.
        say: Whether to tell how far it is.
    """
    begin, todo = time.monotonic(), list(tasks(plan))
    outcome = Outcome()
    with ProcessPoolExecutor(
        plan.processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open,
        initargs=(plan.folder,),
    ) as pool:
        for done, part in enumerate(pool.map(partial(_examine, plan), todo), start=1):
            outcome.quiet.extend(part.quiet)
            outcome.found.extend(part.found)
            outcome.edge.extend(part.edge)
            if say and done % _TOLD == 0:
                seconds = time.monotonic() - begin
                print(f"{done} of {len(todo)} parts after {seconds:.0f} s", flush=True)
    return outcome


def _open(folder: Path) -> None:
    _state["population"] = read_population(folder)


def _examine(plan: Plan, task: Task) -> Outcome:
    population = _state["population"]
    if task.kind == _EDGE:
        return Outcome(edge=[at_the_edge(population, stream) for stream in task.streams])
    if not task.kind:
        years = [year(population, plan, task.traffic, stream) for stream in task.streams]
        return Outcome(quiet=[one for said in years for one in said])
    make, _ = SHIFTS[task.kind]
    after = make(population, task.size)
    found = [shifted(population, plan, task, after, stream) for stream in task.streams]
    return Outcome(found=[one for said in found for one in said])


def year(population: Population, plan: Plan, traffic: Traffic, stream: int) -> list[Quiet]:
    """Watch a year without drift.

    Args:
        population: Whom it is drawn from.
        plan: Says which peers watch this stream.
        traffic: Of each day.
        stream: Which one.
    """
    scene, rng = _begun(population, traffic, [0, stream])
    peers = [peer for peer in PEERS if stream < peer.years(traffic, most=plan.peers)]
    watchers = [OUR_OWN.begin(scene), *(peer.begin(scene) for peer in peers)]
    raised: list[Raised] = []
    before = Shift(population=population)
    for day in days(scene.reference, traffic, rng, before=before, quiet=YEAR):
        for watcher in watchers:
            raised.extend(watcher.see(day))
    return [
        Quiet.of([one for one in raised if one.tool == tool], tool=tool, traffic=traffic.name)
        for watching in (OUR_OWN, *peers)
        for tool in watching.tools
    ]


def at_the_edge(population: Population, stream: int) -> Quiet:
    """Watch a year whose share of positive labels is just what is put up with, and no more.

    The budget is a promise about this world, too; in one that has not moved at all, even a
    detector that broke it could be quiet. Only the monitor of labels is meant.

    Args:
        population: Whom it is drawn from, reweighted.
        stream: Which one.
    """
    scene, rng = _begun(population, EDGE, [2, stream])
    ours = Holdfast(scene)
    (labels,) = (one for one in ours.monitors if one.name == _MEANT["label"][0])
    make, _ = SHIFTS["label"]
    edge = make(population, float(labels.high[0]) - float(population.labels.mean()))
    raised = [
        one
        for day in days(scene.reference, EDGE, rng, before=edge, quiet=YEAR)
        for one in ours.see(day)
        if one.monitor == labels.name
    ]
    return Quiet.of(raised, tool=OURS, traffic=EDGE.name)


def shifted(
    population: Population, plan: Plan, task: Task, after: Shift, stream: int
) -> list[Found]:
    """Watch a month without drift and two months with a shift, until it is found.

    Args:
        population: Whom the first month is drawn from.
        plan: Says which peers watch this stream.
        task: Which shift, and of which size.
        after: The same, made.
        stream: Which one.
    """
    scene, rng = _begun(population, task.traffic, [1, *task.kind.encode(), stream])
    # There are many shifts: a peer watches half as many streams of each as it watches years.
    peers = [p for p in PEERS if stream < p.years(task.traffic, most=plan.peers) // 2]
    searches = [_Search(watching, scene, task) for watching in (OUR_OWN, *peers)]
    before = Shift(population=population)
    for day in days(
        scene.reference,
        task.traffic,
        rng,
        before=before,
        quiet=_WARM,
        after=after,
        shifted=HORIZON,
    ):
        for search in searches:
            search.see(day)
        if all(search.ended for search in searches):
            break
    return [one for search in searches for one in search.results()]


def _begun(
    population: Population, traffic: Traffic, which: list[int]
) -> tuple[Scene, np.random.Generator]:
    seed = [SEED, traffic.rows, round(1_000 * traffic.unlike), *which]
    first, second, third = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    scene = Scene(
        reference=draw_reference(population, traffic, first),
        population=population,
        traffic=traffic,
        rng=second,
    )
    return scene, third


class _Search:
    """A watcher that is asked until each of its tools has found the shift."""

    def __init__(self, watching: Peer, scene: Scene, task: Task) -> None:
        self._watching, self._task = watching, task
        self._watcher = watching.begin(scene)
        self._first: dict[str, Raised | None] = dict.fromkeys(watching.tools)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to find."""
        return None not in self._first.values()

    def see(self, day: Day) -> None:
        if self.ended or (day.number < _WARM and not self._watching.learns):
            return
        for one in self._watcher.see(day):
            if one.day >= _WARM and self._first[one.tool] is None and _meant(one, self._task.kind):
                self._first[one.tool] = one

    def results(self) -> Iterator[Found]:
        for tool, first in self._first.items():
            yield Found.of(
                first,
                tool=tool,
                traffic=self._task.traffic.name,
                kind=self._task.kind,
                size=self._task.size,
                shifted_on=_WARM,
            )


_MEANT = {
    "contract": ("feature:Contract",),
    "charges": ("feature:MonthlyCharges",),
    "scores": ("score",),
    "label": ("label",),
    "concept": ("calibration", "harm"),
}


def _meant(alarm: Raised, kind: str) -> bool:
    """Return whether an alarm is of the monitor that is there for such a shift.

    What moves one thing moves others: our monitors of those would find it, too.
    """
    return alarm.tool != OURS or alarm.monitor.startswith(_MEANT[kind])


def result_of(outcome: Outcome, *, seconds: float) -> dict[str, Any]:
    """Return everything that was found, as it is written down."""
    checked = checks(outcome.quiet, outcome.edge)
    return {
        "holdfast": __version__,
        "machine": machine(),
        "versions": versions("river"),
        "data": "Telco-Customer-Churn (IBM), 5,000 rows resampled, 19 features; 2,043 others "
        "fitted the champion",
        "seed": SEED,
        "seconds": round(seconds),
        "years": quiet_figures(outcome.quiet),
        "edge": quiet_figures(outcome.edge),
        "shifts": found_figures(outcome.found),
        "checks": checked,
        "holds": all(check["holds"] for check in checked.values()),
    }


def main() -> int:
    """Run, write the figures and the page's tables, and say whether the bounds hold."""
    asked = _arguments()
    plan = Plan(
        folder=asked.data,
        streams=asked.streams,
        peers=asked.peers,
        shifted=asked.shifted,
        edge=max(1, asked.streams // 5),
        processes=asked.processes,
    )
    begin = time.monotonic()
    outcome = measure(plan, say=True)
    result = result_of(outcome, seconds=time.monotonic() - begin)
    return publish(
        result,
        shown=summary(result),
        output=asked.output,
        published=RESULT,
        page=PAGE,
        filled=filled,
    )


def _arguments() -> argparse.Namespace:
    parser = asking(__doc__, RESULT)
    parser.add_argument("--streams", type=int, default=500, help="years without drift")
    parser.add_argument("--peers", type=int, default=12, help="of these, watched by peers, too")
    parser.add_argument("--shifted", type=int, default=30, help="streams with each shift")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
