"""Arrow tables and the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.columns import as_words
from holdfast.domain.contract import MISSING_CATEGORY, Feature, FeatureKind
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.errors import ColumnError
from holdfast.domain.matrix import encode_rows
from holdfast.domain.tables import (
    as_kind,
    as_moments,
    conform,
    encode_table,
    feature_column,
    moments_of,
)
from holdfast.testing.online import TINY_CONTRACT

TABLE = pa.table(
    {
        "tenure": [3.0, 70.0],
        "charges": [None, 20.5],
        "senior": [True, False],
        "plan": ["monthly", None],
    }
)
PLAN = Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True)


def with_column(name, column):
    return TABLE.set_column(TABLE.column_names.index(name), name, column)


START = datetime(2026, 1, 1, tzinfo=UTC)
SINCE = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=START)
DATED = replace(
    TINY_CONTRACT,
    features=(
        Feature(name=SINCE.name, kind=FeatureKind.NUMERIC, nullable=True, derived=SINCE),
        Feature(name="charges", kind=FeatureKind.NUMERIC, nullable=True, missing=(0.0,)),
    ),
)
MOMENT = pa.timestamp("us", tz="UTC")
DATES = pa.table(
    {
        "since": pa.array([START, START - timedelta(3), None], MOMENT),
        "charges": [0.0, 2.0, None],
        "at": pa.array([START + timedelta(1), START, START], MOMENT),
    }
)


class TestDates:
    def test_become_features_at_the_moment_of_each_row(self):
        """And numbers that stand for missing become missing."""
        found = conform(DATES, DATED, moments=moments_of(DATES, DATED, "at"))

        assert found.to_pydict() == {
            "since (age in days)": [1.0, 3.0, None],
            "charges": [None, 2.0, None],
        }

    def test_are_counted_to_the_newest_where_no_time_is_known(self):
        """Or to that of training, where the rows come in pieces."""
        aged = [
            conform(DATES, DATED, moments=moments_of(DATES, DATED, time)) for time in ("no", None)
        ]

        assert [table.column(0).to_pylist() for table in aged] == [[0.0, 3.0, None]] * 2
        assert conform(DATES, DATED).column(0).to_pylist() == [0.0, 3.0, None]

    def test_are_counted_to_when_the_rows_were_exported(self):
        """Where their owner says so, and no time does."""
        as_of = START + timedelta(10)

        told, timed = (moments_of(DATES, DATED, time, as_of=as_of) for time in (None, "at"))

        assert told is not None
        assert timed is not None
        assert told.to_pylist() == [as_of] * 3
        assert timed.to_pylist() == DATES.column("at").to_pylist()

    def test_are_not_counted_again(self):
        """Logged rows hold the features already."""
        logged = conform(DATES, DATED)

        assert conform(logged, DATED).equals(logged)
        assert moments_of(logged, DATED, None) is None

    def test_have_to_be_there(self):
        """The date is named, which is what the file lacks."""
        with pytest.raises(ColumnError, match="'since'"):
            conform(DATES.drop_columns("since"), DATED)
        with pytest.raises(ColumnError, match="holds double values where times are needed"):
            feature_column(DATES.set_column(0, "since", DATES.column("charges")), DATED.features[0])


class TestConform:
    def test_brings_columns_into_the_contracts_order_and_drops_the_rest(self):
        """A file may hold more, in any order."""
        given = TABLE.select(["plan", "senior", "charges", "tenure"]).append_column(
            "comment", [["a", "b"]]
        )

        assert conform(given, TINY_CONTRACT).equals(TABLE)

    @pytest.mark.parametrize(
        ("name", "column", "expected"),
        [
            ("tenure", pa.array([3, 70], pa.int8()), [3.0, 70.0]),
            ("tenure", pa.array([3.0, 70.0], pa.float32()), [3.0, 70.0]),
            ("plan", pa.array([415, None], pa.int64()), ["415", None]),
            ("plan", pa.array([415.0, None], pa.float64()), ["415", None]),
            ("plan", pa.array(["monthly", None]).dictionary_encode(), ["monthly", None]),
            ("charges", pa.array([None, "20.5"], pa.string()), [None, 20.5]),
        ],
        ids=["small ints", "float32", "codes", "codes with gaps", "dictionary", "text of numbers"],
    )
    def test_converts_what_another_file_type_made_of_the_same_values(self, name, column, expected):
        """Parquet and CSV of one table must score alike."""
        found = conform(with_column(name, column), TINY_CONTRACT)

        assert found.column(name).to_pylist() == expected

    def test_names_an_absent_feature_and_what_may_be_meant(self):
        """The nearest column is the likely misspelling."""
        misspelt = TABLE.rename_columns(["tenrue", "charges", "senior", "plan"])

        with pytest.raises(ColumnError, match="'tenrue'") as caught:
            conform(misspelt, TINY_CONTRACT)

        assert "'tenure'" in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "column"),
        [
            ("tenure", pa.array(["three", "70"])),
            ("plan", pa.array([415.5, 1.0])),
            ("plan", pa.array([Decimal("415.50"), Decimal(1)])),
            ("senior", pa.array(["maybe", "no"])),
            ("senior", pa.array([0.7, 12.0])),
            ("senior", pa.array([2, 300])),
        ],
    )
    def test_refuses_values_of_another_kind(self, name, column):
        """And says which it found and which the model takes."""
        with pytest.raises(ColumnError, match="but the model takes") as caught:
            conform(with_column(name, column), TINY_CONTRACT)

        assert name in str(caught.value)


class TestAsKind:
    @pytest.mark.parametrize(
        "column",
        [
            pa.array([2**53, 2**53 + 1]),
            pa.array([2**63, 2**63 + 1], pa.uint64()),
            pa.array([Decimal(2**53), Decimal(2**53 + 1)], pa.decimal128(20, 0)),
        ],
    )
    def test_wide_whole_numbers_stay_apart_as_words(self, column):
        """Neither goes through a float, which would merge them."""
        words = as_kind(pa.chunked_array([column]), PLAN).to_pylist()

        assert words == [str(number) for number in column.to_pylist()]

    @pytest.mark.parametrize("number", [3.0, -7.0, 0.0, 2.0**53 - 1, 2.0**53, 1e17, 1e300])
    def test_a_float_is_the_word_that_training_made_of_it(self, number):
        """Else each row would be of an unseen category."""
        column = pa.chunked_array([[number, None]])

        assert as_kind(column, PLAN).equals(as_words(column, pa.field("plan", pa.float64())))

    def test_takes_zeros_and_ones_for_booleans(self):
        """As many databases export them."""
        feature = Feature(name="senior", kind=FeatureKind.BOOLEAN, nullable=True)

        assert as_kind(pa.chunked_array([[0.0, 1.0, None]]), feature).to_pylist() == [
            False,
            True,
            None,
        ]


class TestAsMoments:
    @pytest.mark.parametrize(
        "column",
        [
            pa.array([date(2026, 3, 1), None]),
            pa.array([datetime(2026, 3, 1, tzinfo=UTC), None]),
            pa.array([datetime(2026, 3, 1, tzinfo=UTC), None]).dictionary_encode(),
        ],
    )
    def test_takes_dates_and_times(self, column):
        """A date begins at midnight in UTC."""
        found = as_moments(pa.chunked_array([column]), "at").to_pylist()

        assert found == [datetime(2026, 3, 1, tzinfo=UTC), None]

    @pytest.mark.parametrize("cells", [["2026-03-01"], [20_000], [0.5], [True]])
    def test_refuses_everything_else(self, cells):
        """A number is no moment: of which unit, and from when?"""
        with pytest.raises(ColumnError, match=r"'at': holds .* where times are needed. Write them"):
            as_moments(pa.chunked_array([cells]), "at")


class TestEncodeTable:
    def test_says_the_same_as_the_servers_own_encoder(self):
        """What is judged in the control plane is what was served."""
        rows = list(zip(*(TABLE.column(n).to_pylist() for n in TINY_CONTRACT.names), strict=True))

        of_table, of_rows = encode_table(TABLE, TINY_CONTRACT), encode_rows(rows, TINY_CONTRACT)

        np.testing.assert_array_equal(of_table.numeric, of_rows.numeric)
        np.testing.assert_array_equal(of_table.categorical, of_rows.categorical)
        assert of_table.numeric.dtype == of_rows.numeric.dtype

    def test_says_missing_in_the_models_words(self):
        """NaN and the blank category."""
        matrix = encode_table(TABLE, TINY_CONTRACT)

        assert np.isnan(matrix.numeric[0, 1])
        assert matrix.categorical[1, 0] == MISSING_CATEGORY

    def test_encodes_a_table_of_many_pieces(self):
        """Files arrive in chunks."""
        chunked = pa.concat_tables([TABLE, TABLE.slice(1)])

        assert encode_table(chunked, TINY_CONTRACT).numeric[:, 0].tolist() == [3.0, 70.0, 70.0]
