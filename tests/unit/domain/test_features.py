"""What a contract says of each feature."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from msgspec import UNSET

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.errors import ColumnError
from holdfast.domain.features import describe, feature_table, features_of
from holdfast.domain.survey import survey

TABLE = pa.table(
    {
        "tenure": [1.0, 72.0, 5.0, 6.0, 1.0],
        "charge": [19.5, None, 20.25, 70.0, 19.5],
        "plan": ["gold", "basic", "gold", None, "basic"],
        "active": [True, True, False, True, False],
        "area": [415.0, 408.0, 415.0, 415.0, 408.0],
        "y": ["Yes", "No", "No", "Yes", "No"],
    }
)
SURVEY = survey(TABLE, target="y", categorical=["area"])


class TestFeaturesOf:
    def test_describes_each_kind(self):
        """Median or mode, range or categories, and whether it may be missing."""
        features = features_of(TABLE, SURVEY)

        assert features == (
            Feature(
                name="tenure", kind=FeatureKind.NUMERIC, nullable=False,
                typical=5.0, minimum=1.0, maximum=72.0, whole=True,
            ),
            Feature(
                name="charge", kind=FeatureKind.NUMERIC, nullable=True,
                typical=19.875, minimum=19.5, maximum=70.0, whole=False,
            ),
            Feature(
                name="plan", kind=FeatureKind.CATEGORICAL, nullable=True,
                typical="basic", categories=("basic", "gold"),
            ),
            Feature(name="active", kind=FeatureKind.BOOLEAN, nullable=False, typical=True),
            Feature(
                name="area", kind=FeatureKind.CATEGORICAL, nullable=False,
                typical="415", categories=("415", "408"),
            ),
        )  # fmt: skip

    def test_describes_typed_rows_alike(self):
        """A part of the training rows is described after it was typed."""
        typed = feature_table(TABLE, SURVEY)

        assert features_of(typed, SURVEY) == features_of(TABLE, SURVEY)

    def test_bears_rows_in_which_a_feature_is_missing(self):
        """A fold may miss what the whole has."""
        rows = TABLE.slice(1, 1)

        described = {feature.name: feature for feature in features_of(rows, SURVEY)}

        assert described["charge"].typical is None
        assert described["charge"].nullable


class TestDescribe:
    def test_keeps_where_a_feature_comes_from(self):
        """A retrained model asks clients for the same dates and takes the same codes."""
        at = datetime(2026, 1, 31, tzinfo=UTC)
        since = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=at)
        contract = Contract(
            features=(
                Feature(name=since.name, kind=FeatureKind.NUMERIC, nullable=True, derived=since),
                Feature(name="fee", kind=FeatureKind.NUMERIC, nullable=False, missing=(-1.0,)),
            ),
            target=Target(name="y", positive="Yes", negative="No"),
            threshold=0.5,
            data_digest="0" * 64,
        )

        shown = describe(pa.table({since.name: [1.0, 2.0], "fee": [3.0, None]}), contract)

        assert [feature.derived for feature in shown] == [since, UNSET]
        assert [feature.missing for feature in shown] == [UNSET, (-1.0,)]
        assert [feature.nullable for feature in shown] == [True, True]


class TestFeatureTable:
    def test_has_the_contracts_types(self):
        """Codes that were named become text without a fraction."""
        typed = feature_table(TABLE, SURVEY)

        assert [str(field.type) for field in typed.schema] == [
            "double", "double", "string", "bool", "string",
        ]  # fmt: skip
        assert typed.column("area").to_pylist() == ["415", "408", "415", "415", "408"]

    def test_refuses_numbers_beyond_float32(self):
        """They would reach the model as infinity."""
        table = TABLE.set_column(0, "tenure", pa.array([1.0, 1e39, 5.0, 6.0, 1.0]))

        with pytest.raises(ColumnError, match="as large as 1e"):
            feature_table(table, survey(table, target="y"))
