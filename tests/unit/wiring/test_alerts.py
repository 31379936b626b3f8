"""From [alerts] to channels and notifiers."""

from __future__ import annotations

import pytest

from holdfast.domain.errors import MissingExtraError
from holdfast.domain.evidence import Severity
from holdfast.settings import settings_for
from holdfast.wiring.alerts import channels_of, notifiers_of

URLS = ["slack://a/b/hunter2", "mailtos://u:hunter2@example.org"]


@pytest.fixture(name="settings")
def _settings(tmp_path):
    def build(**alerts):
        return settings_for(tmp_path, data={"target": "y"}, alerts=alerts)

    return build


class TestChannelsOf:
    def test_are_the_terminal_and_one_for_each_address(self, settings):
        """What a server owes is what the control plane delivers."""
        wanted = settings(urls=URLS, severity="critical")

        channels = channels_of(wanted)

        assert channels == tuple(one.channel for one in notifiers_of(wanted))
        assert [one.least for one in channels] == [
            Severity.INFO,
            Severity.CRITICAL,
            Severity.CRITICAL,
        ]
        assert "hunter2" not in str(channels)

    def test_an_address_that_stands_twice_is_one(self, settings):
        """Else it would be told twice."""
        wanted = settings(urls=[URLS[0], URLS[0]])

        assert len(channels_of(wanted)) == len(notifiers_of(wanted)) == 2


class TestNotifiersOf:
    def test_names_the_extra_that_is_missing(self, settings, monkeypatch):
        """Silence would let a project believe that it is alerted."""
        monkeypatch.setattr("holdfast.wiring.alerts.find_spec", lambda _: None)

        with pytest.raises(MissingExtraError) as caught:
            notifiers_of(settings(urls=URLS))

        assert 'pip install "holdfast[alerts]"' in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_needs_no_extra_for_the_terminal(self, settings, monkeypatch):
        """Which is all that a project without addresses has."""
        monkeypatch.setattr("holdfast.wiring.alerts.find_spec", lambda _: None)

        assert len(notifiers_of(settings())) == 1
