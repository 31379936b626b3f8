"""Where a server may listen."""

from __future__ import annotations

import socket

import pytest

from holdfast.domain.errors import PortInUseError, SettingsError
from holdfast.serving.network import bind, check_bind, url_of


class TestCheckBind:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
    def test_allows_this_machine(self, host):
        """Whoever can reach it there could as well read the project's files."""
        check_bind(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "example.org"])
    def test_refuses_the_world_and_says_why(self, host):
        """There are no keys yet, so there is no safe way."""
        with pytest.raises(SettingsError, match="API keys come with a later version"):
            check_bind(host)


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
