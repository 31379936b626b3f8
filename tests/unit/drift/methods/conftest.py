"""Comparisons of one column in two windows, for the tests of the methods."""

from __future__ import annotations

import pyarrow as pa
import pytest

from holdfast.domain.contract import FeatureKind
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.protocol import Comparison
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.power import Sensitivity
from holdfast.drift.profile import profile


@pytest.fixture(name="compared")
def _compared(one_feature):
    """Compare two columns of a kind on the grid of the first."""

    def of(kind, reference, current):
        arrow = pa.float64() if kind is FeatureKind.NUMERIC else pa.string()
        tables = [pa.table({"x": pa.array(values, arrow)}) for values in (reference, current)]
        grid = cut_grid(tables[0], one_feature(kind))
        left, right = (profile(table, grid).features[0] for table in tables)
        return Comparison(
            reference=left,
            current=right,
            cells=grid.features[0],
            sensitivity=Sensitivity(level=0.01, power=0.8),
        )

    return of


@pytest.fixture(name="run")
def _run():
    """Run a method by its name on what it applies to."""

    def of(name, pair):
        assert METHODS[name].applies(pair)
        return METHODS[name].compare(pair)

    return of
