"""Labels in a file."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from holdfast.domain.contract import Target
from holdfast.domain.errors import ColumnError
from holdfast.loop.label import decode_labels
from holdfast.loop.label_file import label_rows

CHURN = Target(name="Churn", positive="Yes", negative="No")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class TestLabelRows:
    def test_gives_one_mapping_a_row_as_the_decoder_takes_it(self):
        """Columns that labels know nothing of are passed over."""
        table = pa.table(
            {
                "prediction_id": ["p1", "p2"],
                "label": ["Yes", "No"],
                "observed_at": ["2026-02-01", None],
                "comment": ["called", "wrote"],
            }
        )

        rows = label_rows(table, CHURN)

        assert rows == [
            {"prediction_id": "p1", "label": "Yes", "observed_at": "2026-02-01"},
            {"prediction_id": "p2", "label": "No"},
        ]
        assert [label.positive for label in decode_labels(rows, CHURN, now=NOW)] == [True, False]

    def test_takes_the_label_from_the_targets_own_column(self):
        """As exports of the customer system name it; a column `label` comes first."""
        by_target = pa.table({"entity": ["Ann"], "Churn": ["Yes"]})
        both = pa.table({"entity": ["Ann"], "Churn": ["Yes"], "label": ["No"]})

        assert label_rows(by_target, CHURN) == [{"entity": "Ann", "label": "Yes"}]
        assert label_rows(both, CHURN) == [{"entity": "Ann", "label": "No"}]

    def test_takes_who_was_treated_from_the_column_that_is_named(self):
        """Not by itself: a file may hold a feature of that name."""
        table = pa.table({"entity": ["Ann", "Bob"], "treated": [1, 2], "called": [True, None]})

        rows = label_rows(table, CHURN, treated="called")

        assert rows == [{"entity": "Ann", "treated": "true"}, {"entity": "Bob"}]

    def test_refuses_a_column_of_treatments_that_is_not_there(self):
        """Else a typing error would mark nobody."""
        table = pa.table({"entity": ["Ann"], "label": ["Yes"]})

        with pytest.raises(ColumnError, match="'caled': is not in the file"):
            label_rows(table, CHURN, treated="caled")

    def test_turns_what_a_file_made_of_words_back_into_words(self):
        """Numbers, booleans and times: the decoder knows text alone."""
        table = pa.table(
            {
                "entity": [7590.0, 7591.0],
                "label": [1.0, 0.0],
                "at": pa.array([NOW, None], pa.timestamp("us", tz="UTC")),
            }
        )
        target = Target(name="default", positive="1", negative="0")

        rows = label_rows(table, target)

        assert rows[0] == {"entity": "7590", "label": "1", "at": "2026-03-01T00:00:00+00:00"}
        first, second = decode_labels(rows, target, now=NOW)
        assert (first.positive, first.at, second.at) == (True, NOW, None)

    @pytest.mark.parametrize(
        ("positive", "negative", "column"),
        [("true", "false", [True, False]), ("1", "0", [1.0, 0.0]), ("2", "1", [2.0, 1.0])],
    )
    def test_reads_the_words_that_other_types_stand_for(self, positive, negative, column):
        """A CSV reader gives booleans, or floats where a label is missing."""
        target = Target(name="y", positive=positive, negative=negative)
        table = pa.table({"entity": ["Ann", "Bob"], "y": column})

        labels = decode_labels(label_rows(table, target), target, now=NOW)

        assert [label.positive for label in labels] == [True, False]

    def test_a_file_without_labels_is_no_label_file(self):
        """It says which columns would do."""
        with pytest.raises(ColumnError, match="label") as caught:
            label_rows(pa.table({"prediction_id": ["p1"]}), CHURN)

        assert "'Churn'" in str(caught.value)

    def test_a_label_must_say_what_it_is_about(self):
        """By prediction or by entity."""
        with pytest.raises(ColumnError, match="prediction_id") as caught:
            label_rows(pa.table({"label": ["Yes"]}), CHURN)

        assert "entity" in str(caught.value)

    def test_an_empty_file_gives_no_rows(self):
        """Nothing came; that is no error."""
        table = pa.table(
            {"prediction_id": pa.array([], pa.string()), "label": pa.array([], pa.string())}
        )

        assert label_rows(table, CHURN) == []
