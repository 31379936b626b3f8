"""Measure how often the guard promotes a model that is no better, and one that is.

Run with ``python benchmarks/guard.py``. Pairs of models are real ones on real rows, drawn
anew (`guard_pairs.py` says how). Each pair is measured once, and judged by every rule. The
exit code is 1 if `better` promotes more equals than its level, or the guard takes longer than
a second on 10,000 rows. A full run takes some minutes on two cores.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.guard_pairs import EQUAL, GAINS, draw, read_population
from benchmarks.machine import machine, versions
from benchmarks.publishing import asking, publish

from holdfast import __version__
from holdfast.domain.evidence import Outcome
from holdfast.policy.gains import weigh
from holdfast.policy.guarding import GuardPolicy, decide
from holdfast.policy.segments import segments_of
from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from benchmarks.guard_pairs import Population

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "guard.json"
PAGE = ROOT / "docs" / "explanation" / "the-guard.md"
SEED = 20_261_121
SIZES = (500, 1_000, 2_000, 10_000)
MOST_SECONDS = 1.0  # of the guard on 10,000 rows
_BETTER = GuardPolicy()
_RULES = {
    "better": (_BETTER, False),
    "better_alarmed": (_BETTER, True),
    "no_worse": (GuardPolicy(rule="no_worse"), False),
    "auc_and_recall": (GuardPolicy(rule="auc_and_recall"), False),
}
_LEVELS = {"better": _BETTER.level, "better_alarmed": _BETTER.alarmed_level}
_UNSPLIT = "_at_full_level_each"  # what `better` was before its two tests shared a level
_BLOCKS = ("recall", "calibration", "segments")
_WORDS = {
    "better": "`better`",
    "better_alarmed": "`better`, alarmed",
    "no_worse": "`no_worse`",
    "auc_and_recall": "`auc_and_recall`",
}
_SITUATIONS = {EQUAL: "equal", **{gain: f"+{gain:.2f}" for gain in GAINS}}
_BLOCK = re.compile(r"(<!-- guard -->\n).*?(<!-- end of guard -->)", re.DOTALL)
_state: dict[str, Population] = {}


def examine(population: Population, gain: float, n: int, repetition: int) -> set[str]:
    """Return which rules promote the challenger of one pair, and which checks block any."""
    pair = draw(population, gain, n, seed=SEED, repetition=repetition)
    gains = weigh(
        pair.labels,
        pair.champion,
        pair.challenger,
        champion_threshold=population.threshold,
        segments=segments_of(pair.matrix, population.contract),
        seed=repetition,
    )
    said = set()
    for name, (policy, alarmed) in _RULES.items():
        report = decide(gains, policy=policy, alarmed=alarmed)
        if report.outcome is Outcome.ACCEPT:
            said.add(name)
        said |= {check.name for check in report.checks if not check.passed} & set(_BLOCKS)
        if name in _LEVELS:
            # Perfectly correlated tests need not share their level.
            unsplit = decide(replace(gains, correlation=1.0), policy=policy, alarmed=alarmed)
            if unsplit.outcome is Outcome.ACCEPT:
                said.add(name + _UNSPLIT)
    return said


def measure(
    folder: Path, *, equal: int, better: int, large: int, processes: int = 2
) -> dict[str, dict[int, Any]]:
    """Return how often each rule promotes, by situation and number of rows.

    Args:
        folder: Where real data sets lie.
        equal: Pairs of equal models, of each size.
        better: Pairs in which the challenger is better, of each size.
        large: At most so many on 10,000 rows, which take most of the time.
        processes: How many work at once.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_open, initargs=(folder,)
    ) as pool:
        return {
            name: {
                n: _tally(
                    pool,
                    gain,
                    n,
                    min(equal if gain == EQUAL else better, large if n == SIZES[-1] else equal),
                )
                for n in SIZES
            }
            for gain, name in _SITUATIONS.items()
        }


def _tally(pool: ProcessPoolExecutor, gain: float, n: int, pairs: int) -> dict[str, Any]:
    counts = Counter[str]()
    for said in pool.map(partial(_examine, gain, n), range(pairs), chunksize=5):
        counts.update(said)
    names = [*_RULES, *(name + _UNSPLIT for name in _LEVELS), *_BLOCKS]
    return {"pairs": pairs, **{name: _share(counts[name], pairs) for name in names}}


def _open(folder: Path) -> None:
    _state["population"] = read_population(folder)


def _examine(gain: float, n: int, repetition: int) -> set[str]:
    return examine(_state["population"], gain, n, repetition)


def _share(count: int, of: int) -> dict[str, float]:
    interval = wilson(count, of)
    return {"share": count / of, "low": interval.low, "high": interval.high}


def time_guard(population: Population, *, n: int = 10_000) -> float:
    """Return the seconds that the guard takes on so many rows: the best of five."""
    pair = draw(population, GAINS[0], n, seed=SEED, repetition=0)
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        gains = weigh(
            pair.labels,
            pair.champion,
            pair.challenger,
            champion_threshold=population.threshold,
            segments=segments_of(pair.matrix, population.contract),
            seed=0,
        )
        decide(gains, policy=_BETTER, alarmed=False)
        taken.append(time.perf_counter() - begin)
    return min(taken)


def result_of(
    found: dict[str, dict[int, Any]], *, guard_seconds: float, seconds: float
) -> dict[str, Any]:
    """Return everything that was found, as it is written down."""
    equal = found[_SITUATIONS[EQUAL]]
    looks = len(equal) * len(_LEVELS)
    # All looks together have a chance of 5% of one false exceedance.
    family = 1 - 0.1 / looks
    quiet = all(
        wilson(round(cell[rule]["share"] * cell["pairs"]), cell["pairs"], level=family).low <= level
        for cell in equal.values()
        for rule, level in _LEVELS.items()
    )
    return {
        "holdfast": __version__,
        "machine": machine(),
        "versions": versions(),
        "data": "default of credit card clients (UCI), 12,000 of 30,000 rows resampled",
        "seed": SEED,
        "seconds": round(seconds),
        "levels": _LEVELS,
        "found": {name: {str(n): cell for n, cell in of.items()} for name, of in found.items()},
        "guard_seconds_at_10000_rows": round(guard_seconds, 3),
        "holds": quiet and guard_seconds <= MOST_SECONDS,
    }


def table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    sizes = list(result["found"][_SITUATIONS[EQUAL]])
    head = ["challenger", "rule", *(f"{int(n):,} rows" for n in sizes)]
    lines = [head, ["---"] * len(head), *_body(result)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _body(result: dict[str, Any]) -> Iterator[list[str]]:
    for situation, cells in result["found"].items():
        for rule, words in _WORDS.items():
            yield [situation, words, *(_percent(cell[rule]) for cell in cells.values())]
        if situation == _SITUATIONS[EQUAL]:
            for rule in _LEVELS:
                shares = [_percent(cell[rule + _UNSPLIT]) for cell in cells.values()]
                yield [situation, f"{_WORDS[rule]}, each test at the full level", *shares]


def _percent(share: dict[str, float]) -> str:
    return f"{share['share']:.1%} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def filled(page: str, result: dict[str, Any]) -> str:
    """Return the page with the table made from the figures; without figures, with none."""
    if not result:
        return _BLOCK.sub(lambda place: f"{place[1]}\n{place[2]}", page)
    taken = result["guard_seconds_at_10000_rows"]
    words = (
        f"{table(result)}\n\nOne judgement on 10,000 rows of 23 features, segments included, took "
        f"{taken:.2f} s.\n"
    )
    return _BLOCK.sub(lambda place: f"{place[1]}\n{words}\n{place[2]}", page)


def main() -> int:
    """Run, write the figures and the page's table, and say whether the bounds hold."""
    asked = _arguments()
    begin = time.monotonic()
    found = measure(
        asked.data,
        equal=asked.equal,
        better=asked.better,
        large=asked.large,
        processes=asked.processes,
    )
    result = result_of(
        found,
        guard_seconds=time_guard(read_population(asked.data)),
        seconds=time.monotonic() - begin,
    )
    return publish(
        result,
        shown=table(result),
        output=asked.output,
        published=RESULT,
        page=PAGE,
        filled=filled,
    )


def _arguments() -> argparse.Namespace:
    parser = asking(__doc__, RESULT)
    parser.add_argument("--equal", type=int, default=1_000, help="pairs of equal models")
    parser.add_argument("--better", type=int, default=300, help="pairs with a gain")
    parser.add_argument("--large", type=int, default=200, help="at most so many on 10,000 rows")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
