"""What every `DataSource` must do: the same few types, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from holdfast.ports.data_source import DataSource

__all__ = ["DataSourceSuite", "SourceMaker"]

Cell = str | float | bool | datetime | None
SourceMaker = Callable[[Mapping[str, Sequence[Cell]]], "DataSource"]

_MIXED: dict[str, Sequence[Cell]] = {
    "charge": [19.5, None, 70.0, 20.25, 99.0],
    "plan": ["basic", "Unknown", None, "No", "basic"],
    "active": [True, False, None, True, True],
    "joined_at": [datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 6)],
}


class DataSourceSuite:
    """Needs the fixtures `make_source` (columns in, a source of them out) and `absent`.

    `absent` is a source whose data is not there.
    """

    def test_has_four_types_only(self, make_source: SourceMaker) -> None:
        """Numbers, booleans, text, and moments in UTC."""
        table = make_source(_MIXED).read()

        types = {field.name: str(field.type) for field in table.schema}
        assert types == {
            "charge": "double",
            "plan": "string",
            "active": "bool",
            "joined_at": "timestamp[us, tz=UTC]",
        }

    def test_gives_back_the_cells_in_order(self, make_source: SourceMaker) -> None:
        """Row order is the data's; for many sets it is the only time there is."""
        table = make_source(_MIXED).read()

        assert table.to_pydict() == _MIXED

    @pytest.mark.parametrize("code", ["", "  ", "NA", "n/a", "NaN", "null", "NULL", "?"])
    def test_takes_missing_value_codes_for_null(self, make_source: SourceMaker, code: str) -> None:
        """A code that stayed text would become a category of its own."""
        table = make_source({"plan": ["basic", code, "gold"], "n": [1.0, 2.0, 3.0]}).read()

        assert table.column("plan").to_pylist() == ["basic", None, "gold"]

    @pytest.mark.parametrize("word", ["Unknown", "No", "None", "none", "-", "0"])
    def test_keeps_words_that_are_answers(self, make_source: SourceMaker, word: str) -> None:
        """Which of them hide missing values is for the data's owner to say."""
        table = make_source({"plan": ["basic", word, "gold"], "n": [1.0, 2.0, 3.0]}).read()

        assert table.column("plan").to_pylist() == ["basic", word, "gold"]

    def test_has_no_number_that_is_not_finite(self, make_source: SourceMaker) -> None:
        """NaN and the infinities are missing: no model can take them."""
        numbers = [1.0, float("nan"), float("inf"), float("-inf")]

        table = make_source({"x": numbers}).read()

        assert table.column("x").to_pylist() == [1.0, None, None, None]

    def test_keeps_identifiers_exact(self, make_source: SourceMaker) -> None:
        """Two accounts that differ in the last digit stay two."""
        table = make_source({"account": [12345678901234567, 12345678901234568]}).read()

        assert table.column("account").to_pylist() == ["12345678901234567", "12345678901234568"]

    def test_batches_hold_the_same_rows(self, make_source: SourceMaker) -> None:
        """In order, none twice, at most as many at a time as asked for."""
        source = make_source({"x": [float(i) for i in range(10)]})

        batches = list(source.batches(4))

        assert max(batch.num_rows for batch in batches) <= 4
        assert [x for b in batches for x in b.column("x").to_pylist()] == list(range(10))

    def test_batches_have_the_types_of_the_whole(self, make_source: SourceMaker) -> None:
        """A batch of blanks, or of numbers before the first word, changes nothing."""
        source = make_source(
            {"x": [1.0, None, None], "code": ["1", "2", "three"], "none": [None, None, None]}
        )

        whole = source.read()
        batches = list(source.batches(1))

        assert all(batch.schema == whole.schema for batch in batches)
        assert [b.column("code").to_pylist() for b in batches] == [["1"], ["2"], ["three"]]

    def test_a_scan_holds_each_row_once(self, make_source: SourceMaker) -> None:
        """In any order, only the columns asked for, those that are there."""
        source = make_source({"x": [float(i) for i in range(10)], "plan": ["basic"] * 10})

        batches = list(source.scan(["x", "absent"], 4))

        assert sorted(x for b in batches for x in b.column("x").to_pylist()) == list(range(10))
        assert {name for b in batches for name in b.column_names} == {"x"}

    def test_tells_its_columns_beforehand(self, make_source: SourceMaker) -> None:
        """Names, types and remarks, as the rows will have them."""
        source = make_source(_MIXED)

        schema = source.schema

        assert schema.equals(source.read().schema, check_metadata=True)

    def test_can_be_read_again(self, make_source: SourceMaker) -> None:
        """Reading uses nothing up."""
        source = make_source(_MIXED)

        first, second = source.read(), source.read()

        assert first.equals(second)

    def test_digest_tells_contents_apart(self, make_source: SourceMaker) -> None:
        """It is what a release says it was trained on."""
        one = make_source({"x": [1.0, 2.0]}).digest
        other = make_source({"x": [1.0, 3.0]}).digest

        assert len(one) == 64
        assert one != other

    def test_says_that_the_data_is_absent(self, absent: DataSource) -> None:
        """Whichever way it is asked."""
        with pytest.raises(DataFileError):
            absent.read()
        with pytest.raises(DataFileError):
            list(absent.batches(10))
        with pytest.raises(DataFileError):
            _ = absent.digest
