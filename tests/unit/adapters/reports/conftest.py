"""Two windows to report on, and their page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from holdfast.adapters.reports.counted import pairs_of
from holdfast.adapters.reports.html import render_drift
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import compare

if TYPE_CHECKING:
    from holdfast.adapters.reports.counted import Pair
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.drift.verdicts import FeatureReport


@dataclass(frozen=True)
class Windows:
    """A reference and a current window, compared."""

    report: DriftReport
    reference: Profile
    current: Profile
    grid: Grid

    def pair(self, name: str) -> Pair:
        return pairs_of(self.reference, self.current, self.grid)[name]

    def feature(self, name: str) -> FeatureReport:
        return self.report.feature(name)

    def page(self, **options):
        usual: dict[str, Any] = {
            "title": "A title",
            "reference_name": "ref.csv",
            "current_name": "cur.csv",
            "made_at": datetime(2026, 3, 5, 12, 30, tzinfo=UTC),
        }
        return render_drift(
            self.report, self.reference, self.current, self.grid, **(usual | options)
        )


def _kind(column):
    if pa.types.is_string(column.type):
        return FeatureKind.CATEGORICAL
    return FeatureKind.BOOLEAN if pa.types.is_boolean(column.type) else FeatureKind.NUMERIC


def _compared(reference, current, **options):
    """Compare two mappings of columns."""
    before = pa.table(reference)
    after = pa.table(current).cast(before.schema)
    features = tuple(
        Feature(name=name, kind=_kind(before.column(name)), nullable=True)
        for name in before.column_names
    )
    contract = Contract(
        features=features,
        target=Target(name="", positive="1", negative="0"),
        threshold=0.5,
        data_digest="d" * 64,
    )
    grid = cut_grid(before, contract)
    left, right = profile(before, grid), profile(after, grid)
    report = compare(left, right, grid=grid, **options)
    return Windows(report=report, reference=left, current=right, grid=grid)


@pytest.fixture(name="compared", scope="session")
def _fixture():
    return _compared
