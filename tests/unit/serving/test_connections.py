"""What a connection may do, and what is done about one that does more."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import NamedTuple

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.serving.connections import GuardedProtocol, guarded
from holdfast.serving.limits import ConnectionLimits

PATIENCE = 10
GET = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
LIMITS = ConnectionLimits(
    head_seconds=0.3,
    linger_seconds=0.3,
    answer_seconds=0.3,
    max_url_bytes=100,
    max_head_bytes=1000,
    max_headers=10,
    max_ahead=4,
    max_connections=5,
    max_intake_bytes=100_000,
)


PIECES = [
    *(b"GET /1 HTTP/1.1\r\nHost: a\r\n", b"POST /early HTTP/1.1\r\nHost: a\r\n"),
    *(b"POST /2 HTTP/1.1\r\n", b"GET /3 HTTP/1.0\r\n", b"HEAD /4 HTTP/1.1\r\n", b"OPTIONS * "),
    *(b"Content-Length: 3\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: Upgrade\r\n"),
    *(b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n", b"A: \x00\r\n", b": b\r\n", b" folded\r\n"),
    *(b"\r\n", b"abc", b"3\r\nabc\r\n", b"0\r\n\r\n", b"ffffffffffffffffff\r\n", b"HTTP/1.1\r\n"),
]


class App:
    """Answers with the path; `/early` without its body, `/wait` once it is let, `/much` a lot."""

    def __init__(self):
        self.go_on = asyncio.Event()
        self.called = []

    async def __call__(self, scope, receive, send):
        path = scope["path"]
        self.called.append(path)
        answer = path.encode()
        if path == "/wait":
            await self.go_on.wait()
        if path == "/much":
            answer = b"x" * 50_000_000
        if path != "/early":
            while (message := await receive()).get("more_body"):
                pass
            if message["type"] == "http.disconnect":
                return
        length = (b"content-length", b"%d" % len(answer))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": answer})


class Running(NamedTuple):
    """A server, in a test's hands."""

    port: int
    app: App
    loop: asyncio.AbstractEventLoop
    protocol: type[GuardedProtocol]
    errors: list[str]


class Errors(logging.Handler):
    """Keeps what uvicorn and asyncio complain of."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages = []

    def emit(self, record):
        self.messages.append(self.format(record))


@contextmanager
def running():
    """Run a server in a thread; give what a test needs of it."""
    app, started, loops = App(), threading.Event(), []

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets=sockets)
            loops.append(asyncio.get_running_loop())
            started.set()

    with socket.create_server(("127.0.0.1", 0)) as bound:
        protocol, errors = guarded(LIMITS), Errors()
        config = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_level="error")
        loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
        for logger in loggers:
            logger.addHandler(errors)
        server = Server(config)
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            assert started.wait(PATIENCE)
            yield Running(bound.getsockname()[1], app, loops[0], protocol, errors.messages)
        finally:
            server.should_exit = True
            loops[0].call_soon_threadsafe(app.go_on.set)
            thread.join(PATIENCE)
            for logger in loggers:
                logger.removeHandler(errors)


@pytest.fixture(scope="module")
def server():
    with running() as server:
        yield server


@pytest.fixture
def connect(server):
    """Open connections to the server; they are closed at the end."""
    opened = []

    def connect(data=b""):
        one = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        opened.append(one)
        one.sendall(data)
        return one

    yield connect
    for one in opened:
        one.close()


def all_of(connection):
    """Read until the server ends the connection."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        received += b"<reset>"
    return received


def read_until(connection, end):
    """Read until what was received ends so."""
    received = b""
    while not received.endswith(end):
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    return received


def answers_in(received):
    """Return status and body of each answer."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        (size,) = [int(line.split()[1]) for line in lines if line.startswith(b"content-length:")]
        found.append((int(head.split()[1]), rest[:size]))
        received = rest[size:]
    return found


def refusal_in(received):
    """Return the status of the one answer, which must be a problem report that ends it."""
    ((status, body),) = answers_in(received)
    assert b"content-type: application/problem+json" in received.lower()
    assert b"connection: close" in received.lower()
    assert json.loads(body)["status"] == status
    assert json.loads(body)["request_id"].encode() in received
    return status


class TestARequestsHead:
    def test_must_arrive_in_time(self, connect):
        """A byte now and then does not help; without `_head_is_late` it would wait for ever."""
        connection = connect(b"GET / HTTP/1.1\r\n")
        begin = time.monotonic()
        stop = threading.Event()
        thread = threading.Thread(target=trickle, args=(connection, stop))
        thread.start()

        received = all_of(connection)

        stop.set()
        thread.join()
        assert refusal_in(received) == 408
        assert time.monotonic() - begin < 5

    @pytest.mark.parametrize("data", [b"", b"\r\n" * 10])
    def test_may_not_be_waited_for(self, connect, data):
        """A connection on which nothing is asked is closed without a word."""
        assert all_of(connect(data)) == b""

    @pytest.mark.parametrize(
        ("head", "status"),
        [
            (b"GET /" + b"a" * 101, 414),
            (b"GET /" + b"a" * 200_000, 414),
            (b"GET / HTTP/1.1\r\nA: " + b"a" * 1000 + b"\r\n\r\n", 431),
            (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 11 + b"\r\n", 431),
            (b"GET / HTTP/1.1\r\nA: " + b"a" * 200_000, 431),
            (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200_000, 431),
        ],
    )
    def test_has_a_bound(self, connect, head, status):
        """In bytes and in headers, whether it ends or not, in one piece or in many."""
        connection = connect()

        for start in range(0, len(head), 16_384):
            try:
                connection.sendall(head[start : start + 16_384])
            except ConnectionError:  # refused already
                break
        if len(head) < 200 and not head.endswith(b"\r\n"):
            connection.sendall(b" HTTP/1.1\r\n\r\n")

        received = all_of(connection)
        assert refusal_in(received.removesuffix(b"<reset>")) == status

    @pytest.mark.parametrize(
        "data",
        [
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"GET / HTTP/9.9\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        ],
    )
    def test_must_be_http(self, connect, data):
        """What can be read in two ways is smuggling's door: it is refused."""
        assert refusal_in(all_of(connect(data))) == 400

    def test_may_be_one_of_many_on_a_connection(self, connect):
        """The limits are those of each request, not of a connection."""
        connection = connect()
        for number in range(30):
            connection.sendall(GET % number)

            assert answers_in(connection.recv(65536)) == [(200, b"/%d" % number)]


class TestABody:
    def test_may_be_refused_before_it_has_come(self, connect):
        """The rest is waited for, a while: then a client that only dawdles is cut off."""
        connection = connect(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")

        received = all_of(connection)

        assert answers_in(received) == [(200, b"/early")]

    def test_that_was_refused_and_arrives_leaves_the_connection_open(self, connect):
        """As for a client that sends all before it reads."""
        connection = connect(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabcd")
        first = connection.recv(65536)

        connection.sendall(b"efgh" + GET % 7)

        assert answers_in(first + connection.recv(65536)) == [(200, b"/early"), (200, b"/7")]

    def test_has_room_only_within_what_all_may_hold(self, connect, server):
        """
        Each alone is within its limit, together they are not: without the sum in
        `on_body` connections times bodies would be held.
        """
        first = connect(POST % (1, 60_000) + b"x" * 59_000)
        await_that(lambda: held(server) == 59_000)
        second = connect(POST % (2, 60_000) + b"x" * 59_000)

        refused = refusal_in(all_of(second))
        answered = exchanged(first, b"x" * 1000)
        again = exchanged(connect(POST % (2, 60_000) + b"x" * 60_000))

        assert refused == 503
        assert answers_in(answered) == [(200, b"/1")]
        assert answers_in(again) == [(200, b"/2")]
        assert held(server) == 0


class TestRequestsThatAreSentAhead:
    def test_are_answered_in_order(self, connect):
        """Pipelining: three at once, three answers."""
        connection = connect(GET % 1 + POST % (2, 3) + b"abc" + GET % 3)

        received = read_until(connection, b"/3")

        assert answers_in(received) == [(200, b"/1"), (200, b"/2"), (200, b"/3")]

    def test_are_bounded(self, connect):
        """Those that were taken are answered, then the connection ends."""
        connection = connect(b"".join(GET % number for number in range(50)))

        answers = answers_in(all_of(connection).removesuffix(b"<reset>"))

        assert answers == [(200, b"/%d" % number) for number in range(len(answers))]
        assert 1 <= len(answers) <= 1 + LIMITS.max_ahead

    def test_are_read_no_further_while_some_wait(self, connect, server):
        """
        uvicorn reads on with each answer. Without `_Flow` those sent later come while three
        wait still, and are too many.
        """
        server.app.called.clear()
        connection = connect(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + GET % 1 + GET % 2 + GET % 3)
        await_that(lambda: server.app.called == ["/wait"])
        connection.sendall(GET % 4 + GET % 5 + GET % 6 + GET % 7)

        server.loop.call_soon_threadsafe(server.app.go_on.set)

        received = read_until(connection, b"/7")
        answers = [(200, b"/wait"), *((200, b"/%d" % number) for number in range(1, 8))]
        assert answers_in(received) == answers

    def test_do_not_change_places_with_a_refusal(self, connect):
        """What is no HTTP came second: the first is answered, and then nothing more."""
        connection = connect(GET % 1 + b"\x00\x01\x02\r\n\r\n")

        assert answers_in(all_of(connection)) == [(200, b"/1")]


class TestAClientThatHasEndedItsSide:
    def test_is_answered(self, connect):
        """As by `nc`: without `eof_received` the row would be logged, its answer lost."""
        connection = connect(GET % 1)
        connection.shutdown(socket.SHUT_WR)

        assert answers_in(all_of(connection)) == [(200, b"/1")]

    @pytest.mark.parametrize("data", [b"", b"GET / HT", POST % (1, 10) + b"abc"])
    def test_is_not_waited_for(self, connect, data):
        """It will never send the rest."""
        connection = connect(data)
        connection.shutdown(socket.SHUT_WR)

        assert all_of(connection).removesuffix(b"<reset>") == b""


class TestAClientThatDoesNotRead:
    def test_is_cut_off(self, connect):
        """Without the timer of `pause_writing` its answer would be held for ever."""
        connection = connect(b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(2 * LIMITS.answer_seconds)

        received = all_of(connection)

        assert len(received) < 50_000_000


class TestAnyBytes:
    @settings(max_examples=100)
    @given(pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), min_size=1, max_size=8))
    def test_break_nothing(self, server, pieces):
        """Nothing unforeseen is in the log, no byte stays held, and the next one is answered."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
            with suppress(OSError):
                for piece in pieces:
                    one.sendall(piece)
                one.shutdown(socket.SHUT_WR)
            all_of(one)

        await_that(lambda: held(server) == 0)
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as another:
            assert answers_in(exchanged(another, GET % 1)) == [(200, b"/1")]
        assert server.errors == []


class TestMoreConnectionsThanAreTaken:
    def test_are_refused_and_the_others_answered(self, connect):
        """Until one of the others ends."""
        others = [connect() for _ in range(5)]
        refused = connect()

        assert refusal_in(all_of(refused)) == 503
        assert answers_in(exchanged(others[0], GET % 1)) == [(200, b"/1")]


def held(server):
    """Return how many bytes of bodies the server holds."""
    return server.protocol.intake.n_bytes


def await_that(come):
    """Ask until it is so."""
    until = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < until
        time.sleep(0.001)


def trickle(connection, stop):
    """Send a header without end, slowly."""
    while not stop.wait(0.05):
        try:
            connection.sendall(b"a")
        except OSError:
            return


def exchanged(connection, data=b""):
    """Send, and read one answer that comes in one piece."""
    connection.sendall(data)
    return connection.recv(65536)
