"""One record of another service's log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.errors import (
    ColumnError,
    InvalidFieldsError,
    InvalidLabelError,
    InvalidRowsError,
)
from holdfast.domain.ids import ModelVersion
from holdfast.loop.import_record import ImportColumns, problem_in, read_record
from holdfast.testing.online import TINY_CONTRACT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIELDS = {
    "tenure": 3,
    "charges": None,
    "senior": True,
    "plan": "monthly",
    "score": 0.25,
    "predicted_at": "2026-02-28T12:00:00Z",
}
AT = datetime(2026, 2, 28, 12, tzinfo=UTC)


def read(columns=None, **changes):
    fields = {key: value for key, value in {**FIELDS, **changes}.items() if value != "absent"}
    return read_record(
        fields,
        TINY_CONTRACT,
        columns or ImportColumns.of(TINY_CONTRACT),
        versions={ModelVersion("v1")},
        now=NOW,
    )


def problem(columns=None, **changes):
    try:
        read(columns, **changes)
    except (InvalidFieldsError, InvalidLabelError, InvalidRowsError) as refusal:
        return problem_in(refusal)
    return pytest.fail("nothing was wrong with it")


SINCE = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=NOW)
DATED = replace(
    TINY_CONTRACT,
    features=(
        *TINY_CONTRACT.features,
        Feature(name=SINCE.name, kind=FeatureKind.NUMERIC, nullable=True, derived=SINCE),
    ),
)


def read_dated(**fields):
    return read_record(
        {**FIELDS, **fields}, DATED, ImportColumns.of(DATED), versions=set(), now=NOW
    ).request


class TestDates:
    @pytest.mark.parametrize("since", ["2026-02-20", datetime(2026, 2, 20, tzinfo=UTC)])
    def test_are_counted_to_when_the_service_answered(self, since):
        """As text in JSON and CSV, as moments in Parquet."""
        request = read_dated(since=since)

        assert request.values[-1] == 8.0
        assert request.sent is not None
        assert request.sent[-1] == "2026-02-20T00:00:00+00:00"

    def test_may_be_missing_or_wrong(self):
        """If training knew them so; what is no date is named."""
        assert read_dated(since="N/A").values[-1] is None
        with pytest.raises(InvalidRowsError, match="'since': needs a date or time in ISO form"):
            read_dated(since="last spring")

    def test_are_taken_as_counted_from_an_export_of_our_own(self):
        """There they stand as features."""
        request = read_dated(**{SINCE.name: 8.0})

        assert request.values[-1] == 8.0
        assert request.sent is None


class TestReadRecord:
    def test_takes_a_dash_for_a_missing_number(self):
        """As in a file."""
        assert read(charges="-").request.values[1] is None

    def test_takes_what_json_says(self):
        """Features in the contract's order, score and time."""
        row = read()

        assert row.request.values == (3.0, None, True, "monthly")
        assert (row.score, row.at) == (0.25, AT)
        assert (row.request.request_id, row.request.entity, row.label) == (None, None, None)

    def test_takes_numbers_and_truths_that_are_written_as_text(self):
        """A text file with one bad cell has the whole column as text."""
        row = read(tenure=" 3 ", charges="20.5", senior="TRUE", score="0.25")

        assert row.request.values == (3.0, 20.5, True, "monthly")

    @pytest.mark.parametrize("gap", ["", "NA", "?", "null", float("nan"), float("inf")])
    def test_takes_for_missing_what_every_source_does(self, gap):
        """Another service's codes are no categories."""
        assert read(plan=gap, charges=gap).request.values == (3.0, None, True, None)

    def test_takes_features_in_an_object_of_their_own(self):
        """As the body of a request has them."""
        features = {name: FIELDS[name] for name in TINY_CONTRACT.names}
        row = read_record(
            {"features": features, "score": 0.5, "predicted_at": "2026-02-28"},
            TINY_CONTRACT,
            ImportColumns.of(TINY_CONTRACT),
            versions=(),
            now=NOW,
        )

        assert row.request.values == (3.0, None, True, "monthly")

    def test_takes_what_stands_beside_the_features(self):
        """Id, entity, version, label and when it was observed."""
        row = read(id=17, entity="C-2", model_version="v1", label="Yes", observed_at="2026-03-01")

        assert (row.request.request_id, row.request.entity) == ("17", "C-2")
        assert (row.version, row.label) == ("v1", True)
        assert row.observed_at == datetime(2026, 3, 1, tzinfo=UTC)

    def test_takes_the_label_under_the_target_s_own_name(self):
        """As a labelled data set has it."""
        assert read(**{TINY_CONTRACT.target.name: "No"}).label is False

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"score": 1.2}, "'score' needs a probability between 0 and 1"),
            ({"score": True}, "'score' needs a probability"),
            ({"score": "high"}, "'score' needs a probability"),
            ({"score": "absent"}, "'score' is absent"),
            ({"predicted_at": None}, "'predicted_at' is absent"),
            ({"predicted_at": "yesterday"}, "'predicted_at' needs an ISO 8601 time"),
            ({"predicted_at": "2026-03-02"}, "'predicted_at' lies in the future"),
            ({"predicted_at": "1969-01-01"}, "'predicted_at' lies before 1970"),
            ({"tenure": "absent"}, "'tenure' is absent; send null if it is unknown"),
            ({"tenure": "three"}, "'tenure' needs a number, found text"),
            ({"tenure": None}, "'tenure' must not be missing"),
            ({"senior": 2}, "'senior' needs true or false"),
            ({"model_version": "v9"}, "'model_version' is no release with these features"),
            ({"label": "maybe"}, "its label is other text, not one of the target's words"),
            ({"id": ""}, None),
            ({"entity": "x" * 300}, "'entity' needs 1 to 256"),
        ],
    )
    def test_says_what_is_wrong(self, changes, words):
        """In words that many records share, without the value."""
        if words is None:
            assert read(**changes).request.request_id is None
        else:
            assert words in problem(**changes)

    def test_refuses_what_would_be_dropped_at_once(self):
        """Else a log that is imported again brings back what retention has archived."""
        kept_since = datetime(2026, 3, 1, 9, tzinfo=UTC)

        with pytest.raises(InvalidFieldsError) as refusal:
            read_record(
                FIELDS,
                TINY_CONTRACT,
                ImportColumns.of(TINY_CONTRACT),
                versions=(),
                now=NOW,
                kept_since=kept_since,
            )

        assert "lies before what [store] retention keeps" in problem_in(refusal.value)

    def test_wants_a_column_that_was_named(self):
        """Who names an id relies on it."""
        columns = ImportColumns.of(TINY_CONTRACT, id="request")

        assert problem(columns) == "'request' is absent"


class TestImportColumns:
    def test_leaves_names_to_the_features(self):
        """A feature called id is a feature, unless somebody says that it is the id, too."""
        first, *rest = TINY_CONTRACT.features
        contract = replace(TINY_CONTRACT, features=(replace(first, name="id"), *rest))

        assert ImportColumns.of(contract).id is None
        assert ImportColumns.of(contract, id="id").id == "id"

    def test_refuses_a_feature_as_score(self):
        """It would be judged as the model's answer."""
        with pytest.raises(ColumnError, match="is a feature of the model"):
            ImportColumns.of(TINY_CONTRACT, score="tenure")

    def test_wants_words_and_ids_as_text(self):
        """An id of digits must not lose any as a number."""
        texts = ImportColumns.of(TINY_CONTRACT, id="request").texts(TINY_CONTRACT)

        assert {"plan", "request", "entity", "label", "model_version"} <= texts
        assert "tenure" not in texts
