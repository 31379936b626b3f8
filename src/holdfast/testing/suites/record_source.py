"""What every `RecordSource` must do: no record is lost, torn or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from holdfast.ports.record_source import RecordSource

__all__ = ["RecordMaker", "RecordSourceSuite"]

RecordMaker = Callable[[Mapping[str, Sequence[object]]], "RecordSource"]


class RecordSourceSuite:
    """Needs the fixtures `make_records` (columns in, a source of them out) and `absent`."""

    def test_gives_each_record_once_in_order(self, make_records: RecordMaker) -> None:
        """By column, with a number that counts from 1."""
        source = make_records({"x": [float(i) for i in range(25)], "plan": ["a", "b"] * 12 + ["c"]})

        found = list(source.records())

        assert [record.number for record in found] == list(range(1, 26))
        assert [(record.fields or {})["x"] for record in found] == list(range(25))
        assert [(record.fields or {})["plan"] for record in found][-2:] == ["b", "c"]

    def test_can_be_read_again(self, make_records: RecordMaker) -> None:
        """Reading uses nothing up."""
        source = make_records({"x": [1.0, 2.0]})

        assert list(source.records()) == list(source.records())

    def test_says_that_the_data_is_absent(self, absent: RecordSource) -> None:
        """Not as a file without records."""
        with pytest.raises(DataFileError):
            list(absent.records())
