"""`[control]`: what may be said of when the loop ticks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.domain.errors import SettingsError
from holdfast.settings import load_settings


@pytest.fixture
def load(tmp_path):
    def _load(section="", **environment):
        text = f'[data]\ntarget = "y"\n[control]\n{section}\n'
        (tmp_path / "holdfast.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path, environment=environment).control

    return _load


class TestControlSettings:
    def test_says_nothing_by_default(self, load):
        """A bucket is the time between two ticks then, whatever its length."""
        control = load()

        assert (control.every, control.cron, control.timezone) == (None, None, "UTC")
        assert control.jitter == timedelta(seconds=10)

    def test_can_be_said_in_the_environment(self, load):
        """As every setting."""
        control = load(HOLDFAST_CONTROL__CRON="15 * * * *", HOLDFAST_CONTROL__JITTER="0s")

        assert (control.cron, control.jitter) == ("15 * * * *", timedelta(0))

    @pytest.mark.parametrize(
        ("section", "words"),
        [
            ('every = "1h"\ncron = "15 * * * *"', "every and cron exclude each other"),
            ('every = "0s"', "every must be at least 1s"),
            ('cron = "@hourly"', "cron needs 5 fields, such as '15"),
            ('crom = "15 * * * *"', "did you mean 'cron'"),
        ],
    )
    def test_refuses_what_would_not_tick(self, load, section, words):
        """In the words of the file."""
        with pytest.raises(SettingsError, match=words):
            load(section)
