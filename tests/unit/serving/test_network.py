"""Where a server may listen."""

from __future__ import annotations

import socket

import pytest

from holdfast.domain.errors import PortInUseError, SettingsError
from holdfast.serving.network import bind, check_bind, may_speak, url_of


class TestCheckBind:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
    def test_allows_this_machine(self, host):
        """Whoever can reach it there could as well read the project's files."""
        check_bind(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "example.org"])
    def test_refuses_the_world_to_a_server_that_asks_for_no_key(self, host):
        """Everyone could predict and label there."""
        with pytest.raises(SettingsError, match="asks them for no API key"):
            check_bind(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "example.org"])
    def test_allows_the_world_to_a_server_that_asks_for_keys(self, host):
        """`access_on` has looked for a usable one."""
        check_bind(host, exposed=True)


class TestMaySpeak:
    @pytest.mark.parametrize("host", ["churn.example.org", "10.0.0.7:8000", "localhost"])
    def test_an_exposed_server_has_any_name(self, host):
        """Whatever others call it by; a key guards it, which no foreign page knows."""
        assert may_speak(host, None, changes=True, exposed=True) is None
        assert (may_speak(host, None, changes=True) is None) == (host == "localhost")

    @pytest.mark.parametrize("host", [None, "", "user@example.org", "example.org:x"])
    def test_an_exposed_server_still_wants_a_name(self, host):
        """What is no host at all is somebody's attempt."""
        assert may_speak(host, None, changes=False, exposed=True) is not None

    @pytest.mark.parametrize(
        ("origin", "passes"),
        [
            ("https://churn.example.org", True),  # TLS ends in front of it
            ("http://churn.example.org", True),
            ("https://evil.example", False),
            ("null", False),
        ],
    )
    def test_an_exposed_server_takes_writes_of_its_own_pages_only(self, origin, passes):
        """As one on loopback does."""
        found = may_speak("churn.example.org", origin, changes=True, exposed=True)

        assert (found is None) == passes


class TestBind:
    def test_port_0_takes_a_free_one_and_tells_it(self):
        """The address that is printed is the one that answers."""
        with bind("127.0.0.1", 0) as bound:
            port = bound.getsockname()[1]

            assert url_of(bound) == f"http://127.0.0.1:{port}"
            socket.create_connection(("127.0.0.1", port), timeout=2).close()

    def test_a_taken_port_is_said_before_anything_starts(self):
        """With the port and a way out."""
        with bind("127.0.0.1", 0) as bound:
            port = bound.getsockname()[1]

            with pytest.raises(PortInUseError, match=f"127.0.0.1:{port} is in use"):
                bind("127.0.0.1", port)

    @pytest.mark.parametrize("port", [-1, 65536])
    def test_a_number_that_is_no_port_is_refused(self, port):
        """Before the operating system puts it into its own words."""
        with pytest.raises(SettingsError, match="from 0 to 65535"):
            bind("127.0.0.1", port)
