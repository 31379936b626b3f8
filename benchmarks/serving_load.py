"""Load on a server, from a process of its own: each connection asks again once it is answered.

Run with ``python benchmarks/serving_load.py HOST PORT BODIES --connections 16``. BODIES has
one request's body on each line; each is sent once. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Load", "figures_of", "load"]

_ACKNOWLEDGED = b'"prediction_id"'


class Load:
    """What the connections of one measurement share: the requests, and what came of them."""

    def __init__(self, requests: Sequence[bytes], done: asyncio.Future[None]) -> None:
        self._requests: Iterator[bytes] = iter(requests)
        self._n_open = len(requests)
        self._done = done
        self.seconds: list[float] = []
        self.n_acknowledged = 0
        self.n_failed = 0

    def next(self) -> bytes | None:
        """Return a request that was not sent yet, or None."""
        return next(self._requests, None)

    def answered(self, seconds: float, answer: bytes) -> None:
        """Take note of an answer."""
        self.seconds.append(seconds)
        if answer.startswith(b"HTTP/1.1 200"):
            self.n_acknowledged += answer.count(_ACKNOWLEDGED)
        else:
            self.n_failed += 1
        self._n_open -= 1
        if not self._n_open:
            self._done.set_result(None)

    def broke(self, error: Exception) -> None:
        """Give up: a connection that breaks is a result that nobody may overlook."""
        if not self._done.done():
            self._done.set_exception(error)


class _Connection(asyncio.Protocol):
    """Sends one request after the other, with nothing between it and the socket."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answer = b""
        self._end = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._end:
            head, found, _ = self._answer.partition(b"\r\n\r\n")
            if not found:
                return
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._end = len(head) + 4 + int(length)
        if len(self._answer) >= self._end:
            self._load.answered(time.perf_counter() - self._sent, self._answer)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.broke(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self._answer, self._end = b"", 0
        request = self._load.next()
        if request is not None:
            self._sent = time.perf_counter()
            self._transport.write(request)


async def load(host: str, port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send each request once over so many connections and await all answers."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    shared = Load(requests, done)
    opened = [
        await loop.create_connection(lambda: _Connection(shared), host, port)
        for _ in range(min(connections, len(requests)))
    ]
    try:
        await done
    finally:
        for transport, _ in opened:
            transport.close()
    return shared


def figures_of(shared: Load, *, connections: int, seconds: float, busy: float) -> dict[str, Any]:
    """Return what a measurement found, times in milliseconds.

    Args:
        shared: What the connections saw.
        connections: How many there were.
        seconds: How long it took.
        busy: The share of that in which the load itself kept its core busy; near one, it
            was the load that was measured.
    """
    in_order = sorted(1e3 * one for one in shared.seconds)
    return {
        "connections": connections,
        "requests": len(in_order),
        "failed": shared.n_failed,
        "acknowledged_rows": shared.n_acknowledged,
        "seconds": seconds,
        "requests_per_second": len(in_order) / seconds,
        "load_busy": busy,
        "p50_ms": statistics.median(in_order),
        "p99_ms": in_order[int(0.99 * (len(in_order) - 1))],
        "max_ms": in_order[-1],
    }


def _request(host: str, port: int, path: str, body: bytes, key: str | None) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {key}"] if key else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def main() -> None:
    """Load a server and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--path", default="/v1/predict")
    parser.add_argument("--cpu", type=int, help="where it runs")
    given = parser.parse_args()
    if given.cpu is not None:
        os.sched_setaffinity(0, {given.cpu})
    key = os.environ.get("BENCHMARK_KEY")
    requests = [
        _request(given.host, given.port, given.path, body, key)
        for body in given.bodies.read_bytes().splitlines()
    ]
    gc.freeze()  # a pause of the load would count as the server's
    begin, begin_busy = time.perf_counter(), time.process_time()
    shared = uvloop.run(load(given.host, given.port, requests, given.connections))
    seconds, busy = time.perf_counter() - begin, time.process_time() - begin_busy
    figures = figures_of(
        shared, connections=given.connections, seconds=seconds, busy=busy / seconds
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
