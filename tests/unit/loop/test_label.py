"""Ground truth in the target's own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.contract import Target
from holdfast.domain.errors import InvalidFieldsError, InvalidLabelError
from holdfast.domain.ids import PredictionId
from holdfast.domain.treatments import Treatment
from holdfast.loop.label import decode_facts, decode_label, decode_labels, record_labels
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.fakes import FakeClock, InMemoryStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHURN = Target(name="Churn", positive="Yes", negative="No")


class TestDecodeLabel:
    @pytest.mark.parametrize(
        ("value", "words", "expected"),
        [
            ("Yes", ("Yes", "No"), True),
            (" No ", ("Yes", "No"), False),
            (True, ("true", "false"), True),
            (False, ("True", "False"), False),
            (1, ("1", "0"), True),
            (0.0, ("1", "0"), False),
            (1, ("1.0", "0.0"), True),
            ("0", ("1", "0"), False),
            (2, ("2", "1"), True),
        ],
    )
    def test_takes_the_targets_own_words(self, value, words, expected):
        """Text as it stands; booleans and numbers where the words are such themselves."""
        target = Target(name="t", positive=words[0], negative=words[1])

        assert decode_label(value, target) is expected

    @pytest.mark.parametrize(
        "value", ["yes", "Y", "", True, 1, 0, None, [], {"a": 1}, float("nan")]
    )
    def test_refuses_everything_else(self, value):
        """A guess at what "1" means for a target of Yes and No would poison the truth."""
        with pytest.raises(InvalidLabelError, match="must be one of 'Yes', 'No'") as caught:
            decode_label(value, CHURN, row=7)

        assert caught.value.row == 7

    def test_booleans_are_no_numbers(self):
        """True equals 1 in Python; for a target of 1 and 0 it is not said."""
        with pytest.raises(InvalidLabelError):
            decode_label(True, Target(name="t", positive="1", negative="0"))

    def test_does_not_echo_text(self):
        """The error describes what was found and does not repeat it."""
        with pytest.raises(InvalidLabelError) as caught:
            decode_label("4929-1234-secret", CHURN)

        assert "secret" not in str(caught.value)


class TestDecodeLabels:
    def test_reads_ids_times_and_words(self):
        """By prediction and by entity, with and without the time of observation."""
        rows: list[dict[str, object]] = [
            {"prediction_id": "p1", "label": "Yes"},
            {"entity": 7590, "at": "2026-02-01", "label": "No", "observed_at": "2026-02-20T00:00Z"},
        ]

        first, second = decode_labels(rows, CHURN, now=NOW)

        assert (first.positive, first.prediction_id, first.observed_at) == (True, "p1", NOW)
        assert (second.positive, second.entity) == (False, "7590")
        assert second.at == datetime(2026, 2, 1, tzinfo=UTC)
        assert second.observed_at == datetime(2026, 2, 20, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("row", "field"),
        [
            ({"label": "Yes"}, "prediction_id"),
            ({"prediction_id": "p", "entity": "e", "label": "Yes"}, "entity"),
            ({"prediction_id": "p", "at": "2026-01-01", "label": "Yes"}, "at"),
            ({"prediction_id": "p"}, "label"),
            ({"prediction_id": "p", "label": None}, "label"),
            ({"prediction_id": "p", "label": "Yes", "observed_at": "soon"}, "observed_at"),
            ({"prediction_id": "p", "label": "Yes", "lable": "No"}, "lable"),
            ({"prediction_id": ["p"], "label": "Yes"}, "prediction_id"),
        ],
    )
    def test_names_the_row_and_field_that_is_wrong(self, row, field):
        """A batch is refused as a whole, with each trouble's place."""
        good: dict[str, object] = {"prediction_id": "p0", "label": "No"}

        with pytest.raises(InvalidFieldsError) as caught:
            decode_labels([good, row], CHURN, now=NOW)

        assert [(issue.row, issue.field) for issue in caught.value.issues] == [(1, field)]


class TestDecodeFacts:
    @pytest.mark.parametrize("word", [True, "true", "Yes", " 1 "])
    def test_reads_who_was_treated_with_a_label_or_without(self, word):
        """An offer is known long before its outcome; JSON and files spell it differently."""
        rows: list[dict[str, object]] = [
            {"prediction_id": "p1", "treated": word},
            {"entity": "Ann", "label": "No", "treated": False},
            {"entity": "Bob", "label": "Yes", "treated": None},
        ]

        facts = decode_facts(rows, CHURN, now=NOW)

        assert [label.entity for label in facts.labels] == ["Ann", "Bob"]
        assert facts.treatments == (
            Treatment(treated=True, observed_at=NOW, prediction_id=PredictionId("p1")),
            Treatment(treated=False, observed_at=NOW, entity="Ann"),
        )

    @pytest.mark.parametrize("word", ["perhaps", 2, ["true"]])
    def test_refuses_what_says_neither(self, word):
        """To take it for "no" would let a treated row count."""
        with pytest.raises(InvalidFieldsError, match="'treated': needs true or false"):
            decode_facts([{"prediction_id": "p1", "treated": word}], CHURN, now=NOW)


class TestRecordLabels:
    def test_keeps_who_was_treated(self):
        """Beside the label, in the same call."""
        store = InMemoryStore()
        predictions = example_rows(2, at=NOW)
        store.predictions.append(example_contract(), *predictions)
        one, two = (prediction.prediction_id for prediction in predictions[1])
        rows: list[dict[str, object]] = [
            {"prediction_id": one, "label": "Yes", "treated": True},
            {"prediction_id": two, "treated": True},
        ]

        done = record_labels(
            store.labels, FakeClock(NOW), rows, target=CHURN, maturity=timedelta(days=30)
        )

        assert (done.labels.accepted, done.treatments.accepted) == (1, 2)

    def test_hands_the_whole_batch_to_the_ledger(self):
        """The ledger alone says what becomes of each label, by the moment and the maturity."""
        store = InMemoryStore()
        predictions = example_rows(2, at=NOW - timedelta(days=31))
        store.predictions.append(example_contract(), *predictions)
        identifiers = [prediction.prediction_id for prediction in predictions[1]]
        rows = [{"prediction_id": identifiers[0], "label": "Yes"}, {"entity": "e", "label": "No"}]

        counts = record_labels(
            store.labels, FakeClock(NOW), rows, target=CHURN, maturity=timedelta(days=30)
        )

        assert (counts.labels.late, counts.labels.orphan) == (1, 1)
        assert store.predictions.get(identifiers[0]).label is True
