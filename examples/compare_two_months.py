"""Compare two months of the simulated telecom for drift, in Python, without a project.

python examples/compare_two_months.py
"""

# ruff: noqa: INP001, T201 - a script that prints
from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import open_source
from holdfast.loop.compare import Comparing, compare_sources
from holdfast.scenarios.telecom import Telecom, TrainingSet
from holdfast.scenarios.telecom.truth import moved_features


def main() -> None:
    """Print what drifted between January and June, beside what truly did."""
    telecom = Telecom(seed=7)
    with TemporaryDirectory() as folder:
        january, june = (
            open_source(
                TrainingSet.of(telecom.cohort(month)).write_csv(Path(folder) / f"{month}.csv")
            )
            for month in (1, 6)
        )
        report = compare_sources(
            january, june, LocalEngine(), Comparing(drop=("customer_id", "churned"))
        ).report
    for feature in report.features:
        strongest = feature.strongest
        if feature.drifted and strongest is not None:
            method = strongest.result.method.replace("_", " ")
            print(f"{feature.name}: {method} {strongest.result.effect:.2f}")
    print(f"truly moved: {', '.join(moved_features(telecom, reference=1, current=6))}")


if __name__ == "__main__":
    main()
