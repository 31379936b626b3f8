"""An address that does not answer for a day: nothing is lost, doubled, reordered or held up.

Red if `loop/deliver.py` did not keep a channel's later effects back (`failed`), if each address
had no channel of its own (`loop/announce.owed`), or if a delivery had no time limit
(`adapters/notifiers/apprise.py`, `timeout`).
"""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from holdfast.adapters.notifiers import apprise
from holdfast.adapters.notifiers.apprise import AppriseNotifier
from holdfast.adapters.notifiers.apprise_delivery import carry_out
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.loop.announce import announced
from holdfast.loop.deliver import deliver
from holdfast.policy.incidents import AlertFinding, follow
from holdfast.policy.transitions import fold
from holdfast.testing.examples import promoted, registered
from holdfast.testing.fakes import InMemoryNotifier
from holdfast.testing.project import START, MemoryProject

# Loading Apprise's plug-ins loads whatever they need, old modules of Python among them.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
HOUR = timedelta(hours=1)
V1 = ModelVersion("v1")


class Hook(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self):
        n = int(self.headers["Content-Length"])
        title = json.loads(self.rfile.read(n))["title"]
        first, self.server.is_back = not self.server.is_back, True
        if not first:
            self.server.posted.append(title)
        self.send_response(503 if first else 204)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(name="port")
def _port():
    """A port at which nobody answers until a server of the test takes it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


@pytest.fixture(name="here")
def _here(monkeypatch):
    """Deliver in this process: loading Apprise takes a second, for each delivery."""

    def run(command, **options):
        failure = carry_out(json.loads(options["input"]))
        return subprocess.CompletedProcess(command, 0, stdout=json.dumps({"failure": failure}))

    monkeypatch.setattr(subprocess, "run", run)


@pytest.fixture(name="project")
def _project(tmp_path):
    """A champion whose events and effects are in a file."""
    with SqlStore.open(f"sqlite:///{tmp_path}/holdfast.db", create=True) as store:
        store.events.append([registered("v1"), promoted("v1")], at=START)
        project = MemoryProject()
        project.overrides = {"events": store.events, "outbox": store.outbox}
        yield project


def alarm(project, hour):
    """Write down that a feature of that hour drifted, with what that owes to each channel."""
    now = START + hour * HOUR
    alert = Alert(
        trigger=Trigger.FEATURE_DRIFT,
        severity=Severity.WARNING,
        subject=f"feature {hour}",
        message=f"hour {hour}",
    )
    state = fold(project.ports.events.events())
    bodies = follow(
        state.incidents,
        [AlertFinding(alert=alert, raised_at=now)],
        now=now,
        champion=V1,
        window=timedelta(days=7),
        silences=state.silences,
    )
    channels = [one.channel for one in project.ports.notifiers]
    project.ports.events.append(
        announced(bodies, state, channels, actor="control", now=now), at=now
    )
    return now


@contextmanager
def answering(port):
    """Answer at a port, the first time with a failure; what is taken there is in the list."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", port), Hook)
    server.posted, server.is_back = [], False
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.posted
    server.shutdown()
    server.server_close()
    thread.join()


class Forgetful:
    """An outbox whose last word was lost: it still owes what was delivered."""

    def __init__(self, *owed):
        self._owed = list(owed)

    def pending(self, *, due_at, limit=100):
        return tuple(self._owed)

    def delivered(self, effect_id, *, at):
        self._owed = [one for one in self._owed if one.effect_id != effect_id]


def titles(hours):
    return [f"[WARNING] churn: hour {hour}" for hour in hours]


@pytest.mark.usefixtures("here")
class TestADayWithoutAnswer:
    def test_all_of_it_arrives_once_and_in_order(self, project, port):
        """The other channel had each at once."""
        hook = AppriseNotifier(f"json://127.0.0.1:{port}/", model_name="churn", allow_private=True)
        console = InMemoryNotifier("console")
        project.overrides["notifiers"] = (hook, console)
        for hour in range(0, 24, 2):
            deliver(project.ports, now=alarm(project, hour))
        told_meanwhile = [notice.alert.message for notice in console.told]
        with answering(port) as posted:
            for hours in (30, 31, 60):
                deliver(project.ports, now=START + hours * HOUR)

        assert told_meanwhile == [f"hour {hour}" for hour in range(0, 24, 2)]
        assert posted == titles(range(0, 24, 2))
        assert len(console.told) == 12

    def test_one_whose_delivery_was_not_written_down_arrives_twice_under_one_id(self, project):
        """The process died in between; twice is better than never."""
        phone = InMemoryNotifier()
        project.overrides["notifiers"] = (phone,)
        now = alarm(project, 0)
        (pending,) = project.ports.outbox.pending(due_at=now)
        deliver(project.ports, now=now)
        first = phone.told.copy()
        project.overrides["outbox"] = Forgetful(pending)

        deliver(project.ports, now=now)

        assert phone.told == [*first, *first]


class TestAnAddressThatHangs:
    def test_is_ended(self, project, tmp_path, monkeypatch):
        """The next channel has its turn, and the next tick."""
        (tmp_path / "hanging.py").write_text("import threading\nthreading.Event().wait()\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(apprise, "_PROGRAM", "hanging")
        phone = InMemoryNotifier()
        hook = AppriseNotifier("json://h/", model_name="churn", timeout=timedelta(seconds=0.3))
        project.overrides["notifiers"] = (hook, phone)

        n = deliver(project.ports, now=alarm(project, 0))

        assert (n, len(phone.told)) == (1, 1)
