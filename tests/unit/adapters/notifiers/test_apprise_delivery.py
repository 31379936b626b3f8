"""What one delivery sends, to whom it may connect, and what it says if it failed."""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from holdfast.adapters.notifiers import apprise_delivery
from holdfast.adapters.notifiers.apprise_delivery import carry_out, is_public

# Loading Apprise's plug-ins loads whatever they need, old modules of Python among them.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SECRET = "hunter2"
PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.9",
    "192.168.1.1",
    "169.254.169.254",  # the metadata of most clouds
    "100.100.100.200",  # of Alibaba's, in the range that carriers share
    "168.63.129.16",  # of Azure's
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "fe80::1%eth0",
    "fd00:ec2::254",  # of Amazon's
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",  # 10.0.0.1, through a translator
    "2002:7f00:1::",  # 127.0.0.1, through a tunnel
    "localhost",
    "/run/a.socket",
]


class Answer(BaseHTTPRequestHandler):
    """Keeps what was sent; says what the path asks for."""

    server: Any

    def do_POST(self):
        n = int(self.headers.get("content-length") or 0)
        self.server.got.append((urlsplit(self.path).path, self.rfile.read(n).decode()))
        status = {"/away": 307, "/forbidden": 403}.get(urlsplit(self.path).path, 200)
        self.send_response(status)
        if status == 307:
            self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(name="endpoint")
def _endpoint():
    """A real HTTP endpoint on loopback."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.got = []
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def order(server, path="/hook", **changes):
    return {
        "url": f"json://u:{SECRET}@127.0.0.1:{server.server_port}{path}",
        "title": "[CRITICAL] churn: the loss rose",
        "body": "the loss rose\nFound: 2026-07-01",
        "type": "failure",
        "allow_private": True,
        "allow_redirects": False,
    } | changes


@contextmanager
def a_port_without_a_listener():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


class TestCarryOut:
    def test_sends_title_and_body_to_a_real_endpoint(self, endpoint):
        """As they are, line by line."""
        assert carry_out(order(endpoint)) is None

        ((path, sent),) = endpoint.got
        assert path == "/hook"
        assert "[CRITICAL] churn: the loss rose" in sent
        assert r"the loss rose\nFound: 2026-07-01" in sent

    def test_follows_no_redirect(self, endpoint):
        """Not even if the address itself asks for it: it might lead anywhere."""
        failure = carry_out(order(endpoint, "/away?redirect=yes"))

        assert failure is not None
        assert "another address (HTTP 307)" in failure
        assert "[alerts] allow_redirects" in failure
        assert [path for path, _ in endpoint.got] == ["/away"]

    def test_follows_one_that_is_allowed(self, endpoint):
        """Whoever knows their endpoint may say so."""
        assert carry_out(order(endpoint, "/away", allow_redirects=True)) is None

        assert [path for path, _ in endpoint.got] == ["/away", "/there"]

    def test_says_how_an_endpoint_refused(self, endpoint):
        """The status, and nothing that the address holds."""
        failure = carry_out(order(endpoint, "/forbidden"))

        assert failure == "it answered HTTP 403"

    def test_says_that_nobody_listens(self, endpoint):
        """In words, without host or password."""
        with a_port_without_a_listener() as port:
            failure = carry_out(order(endpoint, url=f"json://u:{SECRET}@127.0.0.1:{port}/"))

        assert failure == "it cannot be reached"

    def test_says_that_an_address_is_none_of_apprises(self, endpoint):
        """Without repeating it."""
        failure = carry_out(order(endpoint, url=f"nosuch://{SECRET}"))

        assert failure == "Apprise does not understand this address"

    def test_lets_nothing_of_apprises_log_out(self, endpoint, caplog):
        """It may name the address with its secrets."""
        with caplog.at_level(logging.DEBUG):
            carry_out(order(endpoint, "/forbidden"))

        assert [one for one in caplog.records if one.name.startswith("apprise")] == []


class TestIsPublic:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_knows_what_is_not(self, address):
        """In whatever form it is written."""
        assert not is_public(address)

    @pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
    def test_lets_the_open_internet_be(self, address):
        """Where Slack and the others are."""
        assert is_public(address)


class TestGuard:
    @pytest.mark.parametrize("event", ["socket.connect", "socket.sendto"])
    def test_stops_a_connection_by_the_address_that_it_goes_to(self, event):
        """Which is what a name led to in the end, whatever it led to before."""
        guard = apprise_delivery._Guard()

        with pytest.raises(PermissionError):
            guard(event, (None, ("127.0.0.1", 80)))

        assert guard.refused == ["127.0.0.1"]

    def test_stops_a_local_socket(self):
        """It has no address, and leads to this machine."""
        with pytest.raises(PermissionError):
            apprise_delivery._Guard()("socket.connect", (None, "/run/docker.sock"))

    @pytest.mark.parametrize(
        ("event", "details"),
        [
            ("socket.connect", (None, ("93.184.216.34", 443))),
            ("socket.sendto", (None, None)),
            ("open", ("/etc/hosts", "r", 0)),
        ],
    )
    def test_lets_all_else_be(self, event, details):
        """It hears of everything that Python does."""
        guard = apprise_delivery._Guard()

        guard(event, details)

        assert guard.refused == []

    def test_refuses_a_host_of_which_one_address_is_private(self, monkeypatch):
        """A name may have several, of which the first is public."""
        found = [(2, 1, 6, "", (address, 0)) for address in ("93.184.216.34", "10.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        guard = apprise_delivery._Guard()

        with pytest.raises(PermissionError):
            guard.check(None, "hooks.example.org")

        assert guard.refused == ["10.0.0.1"]

    def test_leaves_a_name_that_leads_nowhere_to_the_delivery(self, monkeypatch):
        """Which says that it cannot be reached."""

        def fail(*_, **__):
            raise socket.gaierror

        monkeypatch.setattr(socket, "getaddrinfo", fail)

        apprise_delivery._Guard().check("hooks.example.org")
