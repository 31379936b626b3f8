"""Evidently's own preset, run for real, and what is said where it cannot be."""

from __future__ import annotations

import json
import sys
import warnings
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.second_opinion.evidently import _opinion, evidently_drift
from holdfast.domain.errors import ColumnError, EmptyWindowError, MissingExtraError


def rows(n, *, seed=0, shift=0.0, words=("x", "y", "z")):
    """Rows with a column of each kind, and of each kind of trouble."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n)
    noise[0], noise[1] = np.inf, np.nan
    return pa.table(
        {
            "word": pa.array(rng.choice(words, n)),
            "code": pa.array(rng.choice(words, n)).dictionary_encode(),
            "price": rng.normal(shift, 1.0, n),
            "count": rng.integers(0, 100, n),
            "rough": noise,
            "same": np.ones(n),
            "paperless": pa.array(rng.random(n) < 0.5),
            "gone": pa.nulls(n, pa.string()),
            "half": pa.array([None] * (n // 2) + ["q"] * (n - n // 2)),
            "when": pa.array([datetime(2026, 1, 1)] * n),  # noqa: DTZ001 - naive, as files have it
        }
    )


class TestRefusals:
    @pytest.mark.parametrize(("n", "m", "which"), [(0, 9, "reference"), (9, 0, "current")])
    def test_an_empty_window(self, n, m, which):
        """No rows are not the same as no drift."""
        with pytest.raises(EmptyWindowError, match=f"The {which} window holds no rows"):
            evidently_drift(rows(9).slice(0, n), rows(9).slice(0, m))

    def test_a_column_that_is_not_there(self):
        """Named, before the tool is even loaded."""
        with pytest.raises(ColumnError, match=r"'price'.*not in the current ones"):
            evidently_drift(rows(9), rows(9).drop_columns(["price"]))

    def test_a_column_of_another_kind(self):
        """Numbers are not compared with words."""
        words = rows(9).set_column(2, "price", pa.array(["dear"] * 9))

        with pytest.raises(ColumnError, match="holds double values in the reference, but string"):
            evidently_drift(rows(9), words)

    def test_a_name_that_occurs_twice(self):
        """Which of the two would be compared is nobody's guess."""
        twice = rows(9).append_column("price", pa.array([1.0] * 9))

        with pytest.raises(ColumnError, match="'price': occurs twice in the current rows"):
            evidently_drift(rows(9), twice)

    def test_nothing_that_can_be_compared(self):
        """Dates and empty columns alone."""
        left = rows(9).select(["when", "gone"])

        with pytest.raises(ColumnError, match=r"'when': .*nor can another column be compared"):
            evidently_drift(left, left)

    def test_an_extra_that_is_not_installed(self, monkeypatch):
        """One line with the command that mends it."""
        monkeypatch.setitem(sys.modules, "evidently", None)

        with pytest.raises(MissingExtraError) as caught:
            evidently_drift(rows(9), rows(9))

        assert str(caught.value) == (
            'Evidently is not installed. Run: pip install "holdfast[evidently]"'
        )


DOCUMENT = {
    "metrics": [
        {
            "id": "all",
            "config": {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": 0.5},
            "value": {"count": 1.0, "share": 0.5},
        },
        *(
            {
                "id": name,
                "config": {
                    "type": "evidently:metric_v2:ValueDrift",
                    "column": name,
                    "method": "K-S p_value",
                    "threshold": 0.05,
                },
                "value": value,
            }
            for name, value in (("b", float("nan")), ("a", 0.01))
        ),
    ],
    "tests": [
        {"metric_config": {"metric_id": name}, "status": status}
        for name, status in (("all", "FAIL"), ("a", "FAIL"), ("b", "SUCCESS"))
    ],
}


class TestReading:
    def test_takes_the_verdicts_from_its_tests(self):
        """A p-value counts below its threshold, a distance above: it knows which it is."""
        opinion = _opinion(DOCUMENT, order=["a", "b"], version="0", n_rows=(1, 2), left_out={})

        assert [(column.name, column.drifted) for column in opinion.columns] == [
            ("a", True),
            ("b", False),
        ]
        assert (opinion.share_drifted, opinion.drifted) == (0.5, True)

    def test_a_score_that_is_no_number_is_none(self):
        """Evidently finds NaN on some constant columns; it must not pass for a p-value."""
        opinion = _opinion(DOCUMENT, order=["a", "b"], version="0", n_rows=(1, 2), left_out={})

        assert opinion.columns[1].score is None


@pytest.mark.slow
class TestEvidently:
    """Its import alone takes about seven seconds."""

    @pytest.mark.parametrize(("n", "method"), [(600, "K-S p_value"), (3_000, "Wasserstein")])
    def test_compares_every_column_that_it_can(self, n, method):
        """By its own choice of method, which depends on the number of rows."""
        opinion = evidently_drift(
            rows(n), rows(n, seed=1, shift=1.0, words=("x", "y", "new"))
        ).opinion

        columns = {column.name: column for column in opinion.columns}
        assert list(columns) == [name for name in rows(n).column_names if name in columns]
        assert columns["price"].method.startswith(method)
        drifted = {name for name, column in columns.items() if column.drifted}
        assert {"price", "word", "code"} <= drifted
        assert {"rough", "same", "half"}.isdisjoint(drifted)
        assert opinion.share_drifted == pytest.approx(len(drifted) / len(columns))
        assert dict(opinion.left_out) == {
            "gone": "the reference rows hold no value",
            "when": "Evidently has no method for timestamp[us]",
        }
        assert (opinion.n_reference, opinion.n_current) == (n, n)

    def test_is_quiet_without_drift(self):
        """Rows of one and the same world."""
        opinion = evidently_drift(rows(3_000), rows(3_000, seed=1)).opinion

        assert opinion.drifted is False
        assert opinion.outcome.fired is False

    def test_fires_where_half_of_the_columns_moved(self):
        """By its own headline rule."""
        moved = rows(600, seed=1, shift=1.0, words=("new",)).select(["word", "price", "same"])

        opinion = evidently_drift(rows(600).select(["word", "price", "same"]), moved).opinion

        assert opinion.outcome.fired is True
        assert opinion.outcome.features == ("word", "price")

    def test_a_column_of_the_current_rows_may_have_lost_every_value(self):
        """It is left out and named; the others are compared."""
        lost = rows(600, seed=1).set_column(2, "price", pa.nulls(600))

        opinion = evidently_drift(rows(600), lost).opinion

        assert opinion.left_out["price"] == "the current rows hold no value"

    def test_writes_its_page_and_a_summary(self, tmp_path):
        """Its own `save_html` silently writes nothing if it is given a `Path`."""
        report = evidently_drift(rows(600), rows(600, seed=1))

        report.save_html(tmp_path / "evidently.html")
        report.save_json(tmp_path / "evidently.json")

        page = (tmp_path / "evidently.html").read_text(encoding="utf-8")
        assert len(page) > 1_000_000
        assert "paperless" in page
        summary = json.loads((tmp_path / "evidently.json").read_text(encoding="utf-8"))
        assert summary == report.opinion.to_json()

    def test_keeps_its_warnings_to_itself(self):
        """One row each, infinities and constants: what makes it divide by zero."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            evidently_drift(rows(3), rows(2, seed=1))

        assert caught == []
