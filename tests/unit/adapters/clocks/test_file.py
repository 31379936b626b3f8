"""A clock that stands in a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from holdfast.adapters.clocks.file import FileClock
from holdfast.domain.errors import SettingsError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "now"


class TestFileClock:
    def test_reads_the_file_at_each_call(self, path):
        """Every process that shares the file lives in the same moment."""
        writer, reader = FileClock(path), FileClock(path)
        moments = [datetime(2026, 1, day, 12, 30, 0, 7, tzinfo=UTC) for day in (1, 2)]

        found = []
        for moment in moments:
            writer.set_to(moment)
            found.append(reader.now())

        assert found == moments

    @pytest.mark.parametrize("text", ["2026-01-31T14:00:00+02:00", "2026-01-31T12:00:00Z\n"])
    def test_takes_any_offset(self, path, text):
        """People write the file too."""
        path.write_text(text)

        assert FileClock(path).now() == datetime(2026, 1, 31, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (None, "No such file"),
            ("", "Invalid isoformat"),
            ("yesterday", "Invalid isoformat"),
            ("2026-01-31T12:00:00", "names no offset"),
        ],
    )
    def test_says_what_is_wrong_with_the_file(self, path, text, found):
        """And what to write into it."""
        if text is not None:
            path.write_text(text)

        with pytest.raises(SettingsError, match=found) as wrong:
            FileClock(path).now()

        assert str(path) in str(wrong.value)
        assert "2026-01-31T12:00:00+00:00" in str(wrong.value)

    def test_refuses_a_naive_moment(self, path):
        """It would be taken for local time."""
        with pytest.raises(ValueError, match="aware"):
            FileClock(path).set_to(datetime(2026, 1, 1))  # noqa: DTZ001  # naive on purpose

        assert not path.exists()

    def test_leaves_one_file(self, path):
        """It is replaced, never written in place."""
        clock = FileClock(path)
        for day in (1, 2):
            clock.set_to(datetime(2026, 1, day, tzinfo=timezone(timedelta(hours=3))))

        assert [p.name for p in path.parent.iterdir()] == ["now"]
