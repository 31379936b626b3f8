"""A real PostgreSQL server of the tests' own, which can be stopped, killed and started again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from holdfast.adapters.stores.sql import migrate
from holdfast.adapters.stores.sql.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["PASSWORD", "ROLE", "PostgresServer", "programs"]

ROLE, PASSWORD = "holdfast", "not/for everybody"
_ENCODED = "not%2Ffor%20everybody"
_BINARIES = "/usr/lib/postgresql/*/bin"  # Debian's
_PATIENCE = 60  # seconds
_READY = "database system is ready to accept connections"


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs; None if there is none."""
    found = sorted(Path("/").glob(f"{_BINARIES[1:]}/initdb"))
    in_path = shutil.which("initdb")
    return found[-1].parent if found else Path(in_path).parent if in_path else None


@dataclass
class PostgresServer:
    """A server on a free port of loopback, with a role of its own that may make databases."""

    folder: Path
    binaries: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _has_store: bool = False

    @classmethod
    @contextmanager
    def running(cls, binaries: Path) -> Iterator[PostgresServer]:
        """Make a cluster, run it, and remove it with all that is in it."""
        folder = Path(tempfile.mkdtemp(prefix="holdfast-postgres-"))
        server = cls(folder, binaries, _free_port())
        try:
            server._make_cluster()
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # at once: nothing of it is needed any more
            shutil.rmtree(folder)

    def url(self, database: str = "postgres", *, role: str = ROLE, password: str = _ENCODED) -> str:
        """Return the address of a database, with the password in it."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self, **settings: str) -> None:
        """Start it, and wait until it takes connections."""
        assert self._process is None
        options = {"port": str(self.port), "listen_addresses": "127.0.0.1", **settings}
        log = self.folder / "log"
        log.touch()
        before = log.stat().st_size
        # Into a file: a pipe that nobody reads would stop it once it is full.
        with log.open("a") as said:
            self._process = subprocess.Popen(
                [
                    self.binaries / "postgres",
                    *("-D", self.folder / "data"),
                    *(
                        word
                        for name, value in options.items()
                        for word in ("-c", f"{name}={value}")
                    ),
                ],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=said,
                **self._as_its_user(),
            )
        until = time.monotonic() + _PATIENCE
        while _READY not in (words := log.read_text()[before:]):
            assert self._process.poll() is None, words
            assert time.monotonic() < until, words
            time.sleep(0.02)  # between two looks

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it: at once and in order, unless by SIGKILL, which reaches each of its processes."""
        if self._process is None:
            return
        if number is signal.SIGKILL:
            # The leader alone would leave the others, which keep its shared memory in use; and
            # it is stopped first, as it would start others in place of those.
            self._process.send_signal(signal.SIGSTOP)
            _send(signal.SIGKILL, _children(self._process.pid))
        self._process.send_signal(number)
        self._process.wait(_PATIENCE)
        self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let none of its processes run, as on a machine that has stalled."""
        assert self._process is not None
        leader = self._process.pid
        os.kill(leader, signal.SIGSTOP)  # first: it starts the others
        others = _children(leader)
        _send(signal.SIGSTOP, others)
        try:
            yield
        finally:
            _send(signal.SIGCONT, [*others, leader])

    def sql(self, *statements: str, database: str = "postgres", role: str = ROLE) -> list[Any]:
        """Execute statements, each for itself; return the rows of the last one, if it has any."""
        with psycopg.connect(self.url(database, role=role), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def store(self) -> Iterator[str]:
        """Lend a database with a store's tables in it, all of them empty; return its address.

        It is the same one each time: to make one takes a second, to empty it a hundredth.
        """
        if not self._has_store:
            self.sql("CREATE DATABASE store")
            migrate(self.url("store"))
            self._has_store = True
        yield self.url("store")
        made = self.sql("SELECT table_name FROM prediction_tables", database="store")
        self.sql(
            "SET lock_timeout = '20s'",  # a test that left a transaction open shall say so
            "BEGIN",
            *(f"DROP TABLE {name}" for (name,) in made),
            *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
            "COMMIT",
            database="store",
        )

    def _make_cluster(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        user = self._as_its_user()
        if user:
            for path in (self.folder, secret):
                shutil.chown(path, user["user"])
        subprocess.run(
            [
                self.binaries / "initdb",
                *("-D", self.folder / "data", "-U", ROLE, f"--pwfile={secret}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            cwd=self.folder,
            check=True,
            capture_output=True,
            **user,
        )
        settings = {
            "unix_socket_directories": "''",
            "max_connections": "60",
            "shared_buffers": "'16MB'",
            "log_destination": "'stderr'",
            "logging_collector": "off",
            "autovacuum": "off",
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        config = self.folder / "data" / "postgresql.conf"
        config.write_text(config.read_text() + lines)

    def _as_its_user(self) -> dict[str, Any]:
        """Return whom to run it as: it refuses to run as root."""
        if os.getuid() != 0:
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(pid, number)


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:  # it has ended meanwhile
            continue
        if re.search(rf"^PPid:\t{pid}$", text, re.MULTILINE):
            found.append(int(status.parent.name))
    return found
