"""Every notifier passes its port's suite; Apprise's by a real mail server and a real webhook."""

from __future__ import annotations

import email
import email.policy
import io
import json
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiosmtpd.controller import Controller

from holdfast.adapters.notifiers.apprise import AppriseNotifier
from holdfast.adapters.notifiers.apprise_delivery import carry_out
from holdfast.adapters.notifiers.console import ConsoleNotifier
from holdfast.domain.evidence import Severity
from holdfast.testing.fakes import InMemoryNotifier
from holdfast.testing.suites import NotifierSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Loading Apprise's plug-ins loads whatever they need, old modules of Python among them.
by_apprise = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(name="here")
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver in this process: loading Apprise takes a second, for each delivery."""

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        failure = carry_out(json.loads(options["input"]))
        return subprocess.CompletedProcess(command, 0, stdout=json.dumps({"failure": failure}))

    monkeypatch.setattr(subprocess, "run", run)


def _to(url: str) -> AppriseNotifier:
    return AppriseNotifier(url, model_name="churn", least=Severity.INFO, allow_private=True)


class TestConsoleNotifier(NotifierSuite):
    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def notifier(self, stream: io.StringIO) -> ConsoleNotifier:
        return ConsoleNotifier(stream)

    @pytest.fixture
    def received(self, stream: io.StringIO) -> Callable[[], str]:
        return stream.getvalue


class TestInMemoryNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self) -> InMemoryNotifier:
        return InMemoryNotifier()

    @pytest.fixture
    def received(self, notifier: InMemoryNotifier) -> Callable[[], str]:
        return lambda: "\n".join(f"{n.title('churn')}\n{n.body('churn')}" for n in notifier.told)


class _Mailbox:
    """Keeps the mails of an SMTP server."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


class _AnyPort(Controller):
    """A mail server on a free port, which aiosmtpd itself would not find again."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()


@by_apprise
@pytest.mark.usefixtures("here")
class TestAppriseByMail(NotifierSuite):
    @pytest.fixture
    def mailbox(self) -> _Mailbox:
        return _Mailbox()

    @pytest.fixture
    def notifier(self, mailbox: _Mailbox) -> Iterator[AppriseNotifier]:
        server = _AnyPort(mailbox, hostname="127.0.0.1", port=0)
        server.start()
        people = "from=holdfast@example.org&to=ada@example.org"
        yield _to(f"mailto://127.0.0.1:{server.port}?{people}&mode=insecure&format=text")
        server.stop()

    @pytest.fixture
    def received(self, mailbox: _Mailbox) -> Callable[[], str]:
        return lambda: "\n".join(
            f"{mail['Subject']}\n{mail.get_content()}" for mail in mailbox.mails
        )


class _Hook(BaseHTTPRequestHandler):
    """Keeps what was posted."""

    def do_POST(self) -> None:
        body, server = self.rfile.read(int(self.headers["Content-Length"])), cast(Any, self.server)
        server.posted.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@by_apprise
@pytest.mark.usefixtures("here")
class TestAppriseByWebhook(NotifierSuite):
    @pytest.fixture
    def endpoint(self) -> Iterator[Any]:
        server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
        server.posted = []
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        server.server_close()
        thread.join()

    @pytest.fixture
    def notifier(self, endpoint: Any) -> AppriseNotifier:
        return _to(f"json://127.0.0.1:{endpoint.server_port}/hook")

    @pytest.fixture
    def received(self, endpoint: Any) -> Callable[[], str]:
        return lambda: "\n".join(f"{p['title']}\n{p['message']}" for p in endpoint.posted)
