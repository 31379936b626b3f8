"""What [alerts] takes, and that it echoes no address."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.domain.errors import SettingsError
from holdfast.domain.evidence import Severity
from holdfast.settings import settings_for


@pytest.fixture(name="alerts")
def _alerts(tmp_path):
    def read(**section):
        return settings_for(tmp_path, data={"target": "y"}, alerts=section).alerts

    return read


class TestAlertSettings:
    def test_are_safe_by_themselves(self, alerts):
        """Nothing private, no redirect, and no note at night."""
        found = alerts(urls=["slack://a/b/c"])

        assert (found.allow_private, found.allow_redirects) == (False, False)
        assert (found.severity, found.timeout) == (Severity.WARNING, timedelta(seconds=30))

    @pytest.mark.parametrize("url", ["hunter2", "://hunter2", "hunter2@example.org"])
    def test_refuse_what_is_no_address_without_showing_it(self, alerts, url):
        """It may be a password that lost its address."""
        with pytest.raises(SettingsError) as caught:
            alerts(urls=["slack://a/b/c", url])

        assert "address 2 does not begin like one of Apprise" in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_refuse_a_delivery_without_time(self, alerts):
        """It could only fail."""
        with pytest.raises(SettingsError, match="timeout must be longer"):
            alerts(timeout="0s")

    def test_show_no_address(self, alerts):
        """In no log and no traceback."""
        assert "hunter2" not in repr(alerts(urls=["slack://hunter2"]))
