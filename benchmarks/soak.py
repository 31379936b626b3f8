"""Run the long tests and keep what came of each: kills, swaps, fuzz cases.

Run with ``make soak``, some twenty minutes on two cores. The result says when and on which machine
it was; a test that fails is in it as well. The exit code is pytest's.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import machine

from holdfast import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).resolve().parent / "results" / "soak.json"


class Outcomes:
    """A pytest plugin that notes how each test ended, and after how many seconds."""

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, float | str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test; whatever fails in one, fails it."""
        so_far = self.tests.setdefault(report.nodeid, {"outcome": "passed", "seconds": 0.0})
        so_far["seconds"] = round(float(so_far["seconds"]) + report.duration, 1)
        if not report.passed:
            so_far["outcome"] = report.outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests that are marked as soak, write what came of them, return pytest's code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--mark", default="soak", help="which tests, as pytest's -m takes it")
    parser.add_argument("tests", nargs="*", default=[str(ROOT / "tests")])
    given = parser.parse_args(arguments)
    outcomes, begun_at = Outcomes(), datetime.now(UTC)
    code = pytest.main(["-m", given.mark, "--durations=0", *given.tests], plugins=[outcomes])
    found = {
        "holdfast": __version__,
        "date": begun_at.date().isoformat(),
        "machine": machine(),
        "tests": outcomes.tests,
    }
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
