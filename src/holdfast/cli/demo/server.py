"""The demo's server: a real process, spoken to over real HTTP."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DemoServer", "demo_server"]

_SWAP_SECONDS = 10.0  # far beyond the half second between two polls
_IDLE_SECONDS = 2.0  # the server hangs up after five, while a model is trained, say
_STOP_SECONDS = 20.0
_LOG = "server.log"


class DemoServer:
    """A client of one server process."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._used_at = time.monotonic()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send JSON and return the answer's.

        Raises:
            StoreUnavailableError: If the server refuses, with its own words.
        """
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", path, json.dumps(body), headers)

    def await_version(self, version: str) -> None:
        """Return once the server answers with a model version.

        Raises:
            StoreUnavailableError: If it does not within ten seconds.
        """
        until = time.monotonic() + _SWAP_SECONDS
        while time.monotonic() < until:
            if self._ask("GET", "/v1/model")["model_version"] == version:
                return
            time.sleep(0.05)  # between two questions, not before a fact
        raise StoreUnavailableError(f"the server did not take up {version}")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            self._connection.close()  # the request opens it again
        self._connection.request(method, path, body, headers or {})
        self._used_at = time.monotonic()
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != http.client.OK:
            raise StoreUnavailableError(f"{answer.get('title')}: {answer.get('detail')}")
        return answer


@contextmanager
def demo_server(project: Path) -> Iterator[DemoServer]:
    """Run `holdfast serve` on a free port while the body runs.

    Raises:
        StoreUnavailableError: If the server does not start.
    """
    command = [sys.executable, "-m", "holdfast", "serve", "--project", str(project), "--port", "0"]
    with (project / _LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603 - our own words
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        urls = [word for word in first.split() if word.startswith("http://")]
        if not urls:
            raise StoreUnavailableError(f"the demo's server did not start; see {project / _LOG}")
        client = DemoServer(urls[0])
        try:
            yield client
        finally:
            client.close()
    finally:
        process.terminate()
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
