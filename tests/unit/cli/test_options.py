"""How moments are read from the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from holdfast.cli.options import parse_moment


class TestParseMoment:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),
            ("2026-03-05 14:00", datetime(2026, 3, 5, 14, tzinfo=UTC)),
            ("2026-03-05T14:00", datetime(2026, 3, 5, 14, tzinfo=UTC)),
            ("2026-03-05T14:00:30Z", datetime(2026, 3, 5, 14, 0, 30, tzinfo=UTC)),
            ("2026-03-05T14:00+02:00", datetime(2026, 3, 5, 12, tzinfo=UTC)),
        ],
    )
    def test_reads_what_people_write(self, text, expected):
        """A day, a minute, a second; in UTC unless an offset is written."""
        moment = parse_moment(text)

        assert moment == expected
        assert moment.tzinfo is UTC

    @pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "05.03.2026"])
    def test_says_how_a_moment_is_written(self, text):
        """Where it is none."""
        with pytest.raises(typer.BadParameter, match="2026-03-05T14:00") as refused:
            parse_moment(text)

        assert repr(text) in str(refused.value)
