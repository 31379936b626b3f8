"""Measure how often whole rows alarm without drift, and what they find that columns do not.

Run with ``python benchmarks/multivariate.py``. Windows are drawn from real Telco rows as those
of `detection.py` are, with one kind of drift more: in ``unlinked`` each column alone is as
before, but monthly charges no longer go with what they are charged for. The exit code is 1
if a bound does not hold. A full run takes about eight minutes on two cores.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
from benchmarks.detection_rows import NO_DRIFT, Population, Size, draw, read_population
from benchmarks.detection_tools import contract_of, decisive_methods
from benchmarks.machine import machine, versions
from benchmarks.publishing import asking, publish

from holdfast import __version__
from holdfast.domain.tables import conform
from holdfast.drift.grid import cut_grid
from holdfast.drift.multivariate.report import multivariate
from holdfast.drift.report import compare
from holdfast.drift.rows import count_rows
from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "multivariate.json"
PAGE = ROOT / "docs" / "explanation" / "calibration.md"
SEED = 20_261_121
SIZES = tuple(
    Size(n_reference=n, n_current=m) for n, m in ((1_000, 1_000), (5_000, 250), (5_000, 1_000))
)
UNLINKED = "unlinked"
LEVEL = 0.05
_LABELS = {
    NO_DRIFT: "no drift",
    "monthly_contracts_55_to_63": "month-to-month 55→63%",
    "monthly_charges_up_5": "charges +5%",
    "tenth_of_a_column_missing": "10% of a column missing",
    UNLINKED: "charges unlinked",
}
_DRIFTED_COLUMN = {
    "monthly_contracts_55_to_63": "Contract",
    "monthly_charges_up_5": "MonthlyCharges",
    UNLINKED: "MonthlyCharges",
}
_BLOCK = re.compile(r"(<!-- whole rows -->\n).*?(<!-- end of whole rows -->)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was said of one window.

    Attributes:
        classifier: Whether the domain classifier says that it drifted.
        reconstruction: Whether the reconstruction error does.
        columns: Whether the report on single columns flags any.
        p_value: Of the classifier.
        names_it: Whether the column that was changed is among those named; None if there
            is not one.
    """

    classifier: bool
    reconstruction: bool
    columns: bool
    p_value: float
    names_it: bool | None

    @property
    def drifted(self) -> bool:
        """Whether whole rows drifted: either method is enough."""
        return self.classifier or self.reconstruction


Found = dict[str, dict[str, list[Finding]]]
_state: dict[str, Population] = {}


def windows_of(population: Population, size: Size, repetition: int) -> dict[str, pa.Table]:
    """Return the reference, named so, and a current window for each kind of drift."""
    drawn = draw(population, size, seed=SEED, repetition=repetition)
    rng = np.random.default_rng([SEED, size.n_reference, size.n_current, repetition, 99])
    table = drawn.current[NO_DRIFT]
    # A window of its own would do as well; the same rows show that only the link is lost.
    mixed = table.column("MonthlyCharges").take(pa.array(rng.permutation(table.num_rows)))
    place = table.column_names.index("MonthlyCharges")
    unlinked = table.set_column(place, "MonthlyCharges", mixed)
    return {"reference": drawn.reference, **drawn.current, UNLINKED: unlinked}


def examine(population: Population, size: Size, repetition: int, cells: Sequence[str]) -> Found:
    """Judge one repetition's windows by whole rows and by single columns."""
    windows = windows_of(population, size, repetition)
    contract = contract_of(windows["reference"])
    before = conform(windows["reference"], contract)
    grid = cut_grid(before, contract)
    counted = count_rows(before, contract, grid)
    found: Found = {size.name: {}}
    for cell in cells:
        after = conform(windows[cell], contract)
        whole = multivariate(before, after, contract, seed=repetition)
        single = compare(
            counted, count_rows(after, contract, grid), grid=grid, methods=decisive_methods()
        )
        column = _DRIFTED_COLUMN.get(cell)
        named = {name for one in whole.classifier.telling for name in (one.name, one.partner)}
        found[size.name][cell] = [
            Finding(
                classifier=whole.classifier.drifted,
                reconstruction=whole.reconstruction.drifted,
                columns=any(feature.drifted for feature in single.features),
                p_value=1.0 if whole.classifier.p_value is None else whole.classifier.p_value,
                names_it=None if column is None else column in named,
            )
        ]
    return found


def measure(folder: Path, *, repetitions: int, drifted: int, processes: int = 2) -> Found:
    """Return every finding, by size pair and kind of drift.

    Args:
        folder: Where real data sets lie.
        repetitions: Without drift.
        drifted: With drift.
        processes: How many work at once.
    """
    found: Found = {size.name: defaultdict(list) for size in SIZES}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_open, initargs=(folder,)
    ) as pool:
        for size in SIZES:
            work = partial(_examine, size, drifted)
            for part in pool.map(work, range(repetitions), chunksize=5):
                for cell, findings in part[size.name].items():
                    found[size.name][cell].extend(findings)
    return found


def _open(folder: Path) -> None:
    _state["population"] = read_population(folder)


def _examine(size: Size, drifted: int, repetition: int) -> Found:
    cells = list(_LABELS) if repetition < drifted else [NO_DRIFT]
    return examine(_state["population"], size, repetition, cells)


def result_of(found: Found, *, seconds: float) -> dict[str, Any]:
    """Return everything that was found, as it is written down."""
    figures = {
        size: {cell: _figures(findings) for cell, findings in cells.items()}
        for size, cells in found.items()
    }
    # All size pairs together have a chance of 5% of one false exceedance.
    alarms = [[one.drifted for one in cells[NO_DRIFT]] for cells in found.values()]
    family = 1 - 0.1 / len(alarms)
    return {
        "holdfast": __version__,
        "machine": machine(),
        "versions": versions(),
        "data": "Telco-Customer-Churn (IBM), 7,043 rows resampled, 19 features",
        "seed": SEED,
        "seconds": round(seconds),
        "level": LEVEL,
        "found": figures,
        "holds": all(wilson(sum(a), len(a), level=family).low <= LEVEL for a in alarms),
    }


def _figures(findings: Sequence[Finding]) -> dict[str, Any]:
    named = [one.names_it for one in findings if one.drifted and one.names_it is not None]
    return {
        "repetitions": len(findings),
        "drifted": _share([one.drifted for one in findings]),
        "classifier": _share([one.classifier for one in findings]),
        "reconstruction": _share([one.reconstruction for one in findings]),
        "columns": _share([one.columns for one in findings]),
        "p_at_most": {
            str(a): float(np.mean([one.p_value <= a for one in findings]))
            for a in (0.01, 0.05, 0.1)
        },
        "names_it": _share(named) if named else None,
    }


def _share(said: Sequence[bool]) -> dict[str, float]:
    interval = wilson(sum(said), len(said))
    return {"share": sum(said) / len(said), "low": interval.low, "high": interval.high}


def table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    head = ["rows", "", *_LABELS.values()]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * 7, *_body(result)])


def _body(result: dict[str, Any]) -> Iterator[list[str]]:
    rows = {
        "drifted": "whole rows",
        "classifier": "the classifier alone",
        "reconstruction": "the components alone",
        "columns": "single columns",
        "names_it": "the column is named",
    }
    for size, cells in result["found"].items():
        for key, words in rows.items():
            yield [size, words, *(_percent(cells[cell][key]) for cell in _LABELS)]


def _percent(share: dict[str, float] | None) -> str:
    if share is None:
        return "–"
    return f"{share['share']:.1%} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def filled(page: str, result: dict[str, Any]) -> str:
    """Return the page with the table made from the figures."""
    return _BLOCK.sub(lambda place: f"{place[1]}\n{table(result)}\n\n{place[2]}", page)


def main() -> int:
    """Run, write the figures and the page's table, and say whether the bound holds."""
    asked = _arguments()
    begin = time.monotonic()
    found = measure(
        asked.data,
        repetitions=asked.repetitions,
        drifted=asked.drifted,
        processes=asked.processes,
    )
    result = result_of(found, seconds=time.monotonic() - begin)
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
    parser.add_argument("--repetitions", type=int, default=500, help="without drift")
    parser.add_argument("--drifted", type=int, default=100, help="with drift")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
