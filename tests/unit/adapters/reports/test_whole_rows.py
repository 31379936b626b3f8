"""Rows taken whole: sentences, telling features, and the error against its band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.reports.severity import Severity
from holdfast.adapters.reports.whole_rows import whole_rows
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.drift.multivariate.report import multivariate

NAMES = ("<i>age</i>", "charges")


def _table(seed, *, n, correlation):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=n)
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=n)
    return pa.table(dict(zip(NAMES, (first, second), strict=True)))


def _found(n, correlation):
    contract = Contract(
        features=tuple(
            Feature(name=name, kind=FeatureKind.NUMERIC, nullable=True, typical=0.0)
            for name in NAMES
        ),
        target=Target(name="", positive="1", negative="0"),
        threshold=0.5,
        data_digest="d" * 64,
    )
    before = _table(0, n=n, correlation=0.95)
    return multivariate(before, _table(1, n=n, correlation=correlation), contract)


@pytest.fixture(name="found", scope="module")
def _report():
    """No column changed; how they go together did."""
    return _found(600, 0.0)


class TestWholeRows:
    def test_names_what_tells_the_windows_apart(self, found):
        """As sentences, and by how much AUC each feature gives."""
        shown = whole_rows(found)

        assert shown.severity is Severity.DRIFTED
        assert any("how they go together" in sentence for sentence in shown.words)
        assert {one.name for one in shown.telling} <= {
            "<i>age</i> with charges",
            "charges with <i>age</i>",
        }
        assert shown.telling
        assert "<i>" not in shown.telling[0].drawing

    def test_draws_the_error_against_its_band(self, found):
        """The mark stands outside the band as it does in figures."""
        shown = whole_rows(found)

        assert shown.band is not None
        error, high = found.reconstruction.current_error, found.reconstruction.high
        assert (shown.band.current_at > shown.band.band_at) == (error > high)
        assert 0 <= shown.band.band_at <= 100
        assert "rect" in shown.band.drawing

    def test_too_few_rows_have_no_band(self):
        """It is said that they are too few; nothing is drawn."""
        shown = whole_rows(_found(8, 0.95))

        assert shown.severity is Severity.UNDERPOWERED
        assert shown.band is None
        assert shown.telling == ()
        assert "Too few rows" in shown.words[0]

    def test_a_band_without_width_is_drawn_all_the_same(self, found):
        """Rows that are all alike."""
        flat = replace(found.reconstruction, low=0.0, high=0.0, current_error=0.0)

        shown = whole_rows(replace(found, reconstruction=flat))

        assert shown.band is not None
        assert "nan" not in shown.band.drawing
