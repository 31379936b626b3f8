"""Holdfast as a person runs it: real commands, a real server, and a clock that can be moved on.

Nothing here sleeps and hopes: each wait is for a line of output, an answer or an end.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx2

from holdfast.adapters.clocks.file import FileClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "HOLDFAST",
    "NO_MIRROR",
    "PATIENCE",
    "Process",
    "Project",
    "Server",
    "address_in",
    "await_that",
    "environment",
    "refusal",
    "run",
]

NO_MIRROR = {"HOLDFAST_REGISTRY__MLFLOW": ""}  # saves the seconds that MLflow takes to load
HOLDFAST = Path(sys.executable).with_name("holdfast")  # the console script beside this Python
PATIENCE = 60.0  # seconds after which what was waited for counts as not coming


def await_that(
    come: Callable[[], bool], what: str, *, within: float = PATIENCE, poll: float = 0.02
) -> float:
    """Ask until it is so, and return the seconds that it took."""
    begin = time.monotonic()
    while not come():
        waited = time.monotonic() - begin
        assert waited < within, f"not within {within:g} s: {what}"
        time.sleep(poll)  # between two questions
    return time.monotonic() - begin


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without any setting of a project of its own."""
    kept = {k: v for k, v in os.environ.items() if not (k.startswith("HOLDFAST_") and "__" in k)}
    # A wide terminal: words are compared, line breaks are not.
    return {**kept, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "NO_COLOR": "1", **extra}


def run(
    *words: object, cwd: Path, timeout: float = 180, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [str(HOLDFAST), *map(str, words)],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


@dataclass
class Process:
    """A running command whose output is read as it comes."""

    popen: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _arrived: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    _readers: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def start(cls, *words: object, cwd: Path, **extra: str) -> Self:
        """Start a `holdfast` command."""
        return cls.of([str(HOLDFAST), *map(str, words)], cwd=cwd, told=False, **extra)

    @classmethod
    def of(cls, command: list[str], *, cwd: Path, told: bool = False, **extra: str) -> Self:
        """Start any command; one that is `told` something reads what the test writes to it."""
        popen = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(**extra),
            stdin=subprocess.PIPE if told else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        process = cls(popen)
        for stream, lines in ((popen.stdout, process.out), (popen.stderr, process.err)):
            thread = threading.Thread(target=process._read, args=(stream, lines), daemon=True)
            thread.start()
            process._readers.append(thread)
        return process

    def line(self, *, within: float = PATIENCE) -> str:
        """Return the next line of standard output; fails if there will be none."""
        try:
            line = self._arrived.get(timeout=within)
        except queue.Empty:
            line = None
        assert line is not None, f"no further line of output; standard error: {''.join(self.err)}"
        return line

    def line_with(self, words: str, *, within: float = PATIENCE) -> str:
        """Return the next line of standard output that holds these words."""
        until = time.monotonic() + within
        while words not in (line := self.line(within=max(0.0, until - time.monotonic()))):
            pass
        return line

    def stop(self, number: int = signal.SIGTERM, *, within: float = PATIENCE) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        code = self.popen.wait(timeout=within)
        for reader in self._readers:
            reader.join(timeout=within)
        return code

    def _read(self, stream: Any, lines: list[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line)
                if lines is self.out:
                    self._arrived.put(line)
        if lines is self.out:
            self._arrived.put(None)


@dataclass
class Server:
    """A running server, and a client that speaks with it."""

    process: Process
    url: str
    client: httpx2.Client

    def predict(self, features: Mapping[str, object], **beside: object) -> dict[str, Any]:
        """Score one row, which must succeed."""
        answer: dict[str, Any] = self.post("/v1/predict", {"features": features, **beside})
        return answer

    def predict_all(self, rows: list[dict[str, Any]], size: int = 1000) -> list[dict[str, Any]]:
        """Score rows in batches, in order."""
        batches = [rows[i : i + size] for i in range(0, len(rows), size)]
        answers = [
            self.post("/v1/predict", {"rows": [{"features": row} for row in batch]})
            for batch in batches
        ]
        return [one for answer in answers for one in answer["predictions"]]

    def post(self, path: str, body: object) -> Any:
        """Post JSON, which must succeed."""
        response = self.client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def get(self, path: str) -> Any:
        """Get JSON, which must succeed."""
        response = self.client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def readiness(self) -> dict[str, Any]:
        """Return what readiness says, ready or not."""
        answer: dict[str, Any] = self.client.get("/health/ready").json()
        return answer


@dataclass
class Project:
    """A project's folder, in which commands are run as by a person standing there."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The project's holdfast.toml."""
        return self.folder / "holdfast.toml"

    def copied_to(self, folder: Path) -> Project:
        """Return a copy of the project, with its store and its releases, that may be changed."""
        return Project(Path(shutil.copytree(self.folder, folder)), dict(self.variables))

    def time_lapse(self) -> FileClock:
        """Let the project's commands from now on take the time from a file; it starts at now."""
        path = self.folder / "clock.txt"
        clock = FileClock(path)
        clock.set_to(datetime.now(UTC))
        self.variables["HOLDFAST_CLOCK__FILE"] = str(path)
        return clock

    def run(self, *words: object, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, however it ends."""
        return run(*words, cwd=self.folder, timeout=timeout, **self.variables)

    def ok(self, *words: object) -> str:
        """Run a command that must succeed and return what it said."""
        done = self.run(*words)
        assert done.returncode == 0, f"holdfast {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *words: object) -> Any:
        """Run a command with --json and return its answer."""
        return json.loads(self.ok(*words, "--json"))

    def refused(self, *words: object) -> str:
        """Run a command that must fail, with one line that is no traceback; return the line."""
        return refusal(self.run(*words))

    def start(self, *words: object) -> Process:
        """Start a command that goes on."""
        return Process.start(*words, cwd=self.folder, **self.variables)

    @contextmanager
    def serving(self, *words: object, ready: bool = True) -> Iterator[Server]:
        """Run `holdfast serve` (or another command that serves) on a free port."""
        process = self.start(*(words or ("serve",)), "--port", 0)
        try:
            url = address_in(process.line())
            with httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client:
                server = Server(process, url, client)
                if ready:
                    answer = server.readiness()
                    assert answer["status"] == "ready", answer
                yield server
        finally:
            if process.popen.poll() is None:
                process.stop()


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which a command refused."""
    said = done.stderr.strip()
    assert done.returncode == 1, (done.returncode, done.stdout, said)
    assert "Traceback" not in done.stdout + said
    assert said.startswith("Error: "), said
    assert len(said.splitlines()) == 1, said
    return said.removeprefix("Error: ")


def address_in(line: str) -> str:
    """Return the address that a server announced in its first line."""
    found = re.search(r"http://[\d.:a-z]+", line)
    assert found is not None, line
    return found.group()
