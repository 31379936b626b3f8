"""What `[control]` says becomes a schedule, or a refusal that says what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.errors import SettingsError
from holdfast.settings import load_settings
from holdfast.wiring.schedules import schedule_of

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def following(tmp_path):
    """Return the first moment after noon that a section `[control]` says."""

    def _following(section="", *, every=None):
        text = f'[data]\ntarget = "y"\n[monitor]\nbucket = "6h"\nwindow = "1d"\n{section}'
        (tmp_path / "holdfast.toml").write_text(text, encoding="utf-8")
        return schedule_of(load_settings(tmp_path, environment={}), every=every).next_after(NOON)

    return _following


class TestScheduleOf:
    def test_is_a_bucket_by_default(self, following):
        """Then there is something new to judge."""
        assert following() == NOON + timedelta(hours=6)

    def test_is_an_interval(self, following):
        """As `every` says."""
        assert following('[control]\nevery = "90m"') == NOON + timedelta(minutes=90)

    def test_is_a_crontab_line_of_a_zone(self, following):
        """In July, 04:15 in Berlin is 02:15 in UTC."""
        section = '[control]\ncron = "15 4 * * *"\ntimezone = "Europe/Berlin"'

        assert following(section) == datetime(2026, 7, 2, 2, 15, tzinfo=UTC)

    def test_takes_the_command_lines_word_before_the_files(self, following):
        """`--every` is for this one time."""
        found = following('[control]\ncron = "15 4 * * *"', every=timedelta(hours=1))

        assert found == NOON + timedelta(hours=1)

    @pytest.mark.parametrize(
        ("section", "words"),
        [
            ('cron = "61 * * * *"', r"\[control\] cron '61 \* \* \* \*'"),
            ('cron = "0 0 31 2 *"', "never comes"),
            ('cron = "0 0 * * 9"', "'9' is no day of the week: 0 to 7, or sun to sat"),
            ('cron = "0 0 * * *"\ntimezone = "Mars"', "timezone 'Mars' is not known here"),
            ('cron = "0 0 * * *"\ntimezone = "../x"', r"timezone '\.\./x' is not known here"),
        ],
    )
    def test_refuses_what_it_cannot_understand(self, following, section, words):
        """Before the first tick, not at the time at which one should have come."""
        with pytest.raises(SettingsError, match=words):
            following(f"[control]\n{section}")
