"""What could not be used is kept aside."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from holdfast.adapters.sources.rejects import open_rejects
from holdfast.domain.errors import DataFileError
from holdfast.ports.record_source import Record

TORN = Record(number=3, problem="it is no JSON object", text='{"x": 2')
WHOLE = Record(number=4, fields={"x": float("nan"), "at": datetime(2026, 3, 1, tzinfo=UTC)})


class TestOpenRejects:
    def test_writes_each_record_with_its_reason(self, tmp_path):
        """As JSON lines beside the data, so that they can be mended and logged."""
        with open_rejects(tmp_path / "log.csv") as rejects:
            rejects.keep(TORN, TORN.problem)
            rejects.keep(WHOLE, "'x' is absent")

        lines = (tmp_path / "log.csv.rejected.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [
            {"number": 3, "problem": "it is no JSON object", "text": '{"x": 2'},
            {
                "number": 4,
                "problem": "'x' is absent",
                "fields": {"x": None, "at": "2026-03-01T00:00:00Z"},
            },
        ]
        assert rejects.n == 2

    def test_leaves_nothing_of_an_earlier_run(self, tmp_path):
        """A file of rejects that are mended by now would mislead."""
        kept = tmp_path / "log.csv.rejected.jsonl"
        kept.write_text("old")

        with open_rejects(tmp_path / "log.csv"):
            pass

        assert not kept.exists()

    def test_says_where_it_cannot_write(self, tmp_path):
        """Rejected records are never dropped in silence."""
        with (
            pytest.raises(DataFileError, match=r"rejected\.jsonl: cannot be written"),
            open_rejects(tmp_path / "absent" / "log.csv") as rejects,
        ):
            rejects.keep(TORN, TORN.problem)
