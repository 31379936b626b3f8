"""How long and how much a connection may send, and how long it may take to read an answer."""

from __future__ import annotations

import resource
import uuid
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from holdfast.serving.calls import finished
from holdfast.serving.limits import ConnectionLimits
from holdfast.serving.problems import RefusedError, problem_reply
from holdfast.serving.work import OverloadedError

if TYPE_CHECKING:
    import asyncio
    from collections import deque
    from collections.abc import Callable

__all__ = ["GuardedProtocol", "guarded"]

_SPARE_FILES = 128  # for the store, the model and what else a process opens


def guarded(limits: ConnectionLimits | None = None) -> type[GuardedProtocol]:
    """Return the protocol that `uvicorn.Config(http=…)` takes, within limits of its own.

    Args:
        limits: What a connection may do; the defaults if absent.
    """
    limits = limits or ConnectionLimits()
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return type(
        GuardedProtocol.__name__,
        (GuardedProtocol,),
        {
            "limits": limits,
            "intake": _Intake(),
            # Beyond the files that may be open nothing works any more, not even the store.
            "most_connections": max(1, min(limits.max_connections, open_files - _SPARE_FILES)),
        },
    )


class _Intake:
    """The bytes of bodies that one process holds, over all its connections."""

    def __init__(self) -> None:
        self.n_bytes = 0


class _Flow(FlowControl):
    """Reads no further while requests that were sent ahead wait for their turn.

    uvicorn's own reads on after each answer, so that a client which asks faster than it is
    answered fills the memory.
    """

    def __init__(self, transport: asyncio.Transport, queued: deque[Any]) -> None:
        super().__init__(transport)
        self._queued = queued

    def resume_reading(self) -> None:
        if not self._queued:
            super().resume_reading()


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with an end to what is slow, endless or too much.

    uvicorn bounds neither the size of a request's head nor the time in which it must
    arrive, nor the time that a client takes to read an answer. The time for a body is the
    application's matter (`bodies.read_body`).
    """

    limits = ConnectionLimits()
    intake = _Intake()
    most_connections = limits.max_connections

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._in_head = self._in_body = self._is_deaf = False
        self._n_head = self._n_held = 0
        self._error: Exception | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        if len(self.connections) > self.most_connections:
            self._refuse(OverloadedError())
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it makes sense to."""
        if self._is_deaf:
            return
        was_in_head = self._in_head
        super().data_received(data)
        if self._is_deaf or self.transport.is_closing():
            return
        if was_in_head and self._in_head:
            self._n_head += len(data)
            if self._n_head > self.limits.max_head_bytes:
                self._refuse(self._too_long())
                return
        if self._head_timer is None and (self._in_head or self._is_idle()):
            self._await_head()  # also for line breaks without end, which begin no request

    def eof_received(self) -> bool | None:  # type: ignore[override] # as asyncio has it
        """Answer a client that has only ended its own side, if it asked for something."""
        if self._in_head or self._in_body or self._is_idle():
            return None
        self._is_deaf = True
        self.cycle.keep_alive = False
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all about it."""
        for timer in (self._head_timer, self._answer_timer, self._end_timer):
            _stop(timer)
        self._release()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give the client some time to read what was sent."""
        super().pause_writing()
        self._answer_timer = self._later(self.limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on; the client reads."""
        _stop(self._answer_timer)
        super().resume_writing()

    # What the parser calls

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        super().on_message_begin()
        self._in_head, self._n_head = True, 0

    def on_headers_complete(self) -> None:
        """Judge a request's head; what is raised ends in `send_400_response`."""
        _stop(self._head_timer)
        self._head_timer = None
        self._in_head = False
        size = sum(len(name) + len(value) for name, value in self.headers)
        if (
            len(self.url) > self.limits.max_url_bytes
            or size > self.limits.max_head_bytes
            or len(self.headers) > self.limits.max_headers
        ):
            self._error = self._too_long()
            raise self._error
        if len(self.pipeline) >= self.limits.max_ahead:
            self._error = OverloadedError()
            raise self._error
        super().on_headers_complete()
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, as long as all bodies together have room."""
        if not self._is_deaf and not self.cycle.response_complete:
            self._n_held += len(body)
            self.intake.n_bytes += len(body)
            if self.intake.n_bytes > self.limits.max_intake_bytes:
                self._error = OverloadedError()
                raise self._error
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request has arrived whole."""
        self._in_body = False
        if not self._is_deaf:
            _stop(self._end_timer)
        super().on_message_complete()

    # What uvicorn calls

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or was refused by us, as a problem report."""
        self._refuse(self._error or RefusedError(400, f"{msg.rstrip('.')}: this is no HTTP/1.1."))

    def on_response_complete(self) -> None:
        """Do not wait for ever for the rest of a body whose answer is given already."""
        if not self.pipeline:
            self._release()
        super().on_response_complete()
        if self.transport.is_closing():
            self._end_timer = self._later(self.limits.answer_seconds, self.transport.abort)
        elif self._in_body and self.cycle.response_complete:
            self._end_timer = self._later(self.limits.linger_seconds, self.transport.close)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also if the client leaves its last answer unread."""
        super().timeout_keep_alive_handler()
        self._end_timer = self._later(self.limits.answer_seconds, self.transport.abort)

    # Our own

    def _is_idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _await_head(self) -> None:
        self._head_timer = self._later(self.limits.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.flow.read_paused:  # it is us who do not read
            self._await_head()
        elif self._in_head:
            self._refuse(
                RefusedError(
                    408,
                    "The request's head did not arrive within "
                    f"{self.limits.head_seconds:g} seconds.",
                )
            )
        elif self._is_idle():
            self.transport.close()

    def _too_long(self) -> RefusedError:
        limits = self.limits
        if len(self.url) > limits.max_url_bytes:
            return RefusedError(414, f"An address has at most {limits.max_url_bytes:,} bytes here.")
        return RefusedError(
            431,
            f"A request has at most {limits.max_headers} headers here, with "
            f"{limits.max_head_bytes:,} bytes in all.",
        )

    def _refuse(self, error: Exception) -> None:
        """Answer in the application's place, if it is its turn, and read nothing more."""
        self._is_deaf = True
        _stop(self._head_timer)
        if self._is_idle():
            if self._in_body:  # whose answer was given before it had come
                self._linger()
                return
        else:
            if self.pipeline or not self._in_body or self.cycle.response_started:
                # It came behind requests that are being answered: those are answered
                # still, then the connection ends.
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True  # this very one: what works on it, need not
            self.cycle.message_event.set()
        request_id = uuid.uuid4().hex
        reply = finished(problem_reply(error, request_id=request_id), request_id=request_id)
        headers = {
            **reply.headers,
            "Content-Type": reply.media_type,
            "Content-Length": str(len(reply.body)),
            "Connection": "close",
        }
        lines = [f"{name}: {value}\r\n".encode("ascii") for name, value in headers.items()]
        self.transport.write(b"".join((STATUS_LINE[reply.status], *lines, b"\r\n", reply.body)))
        self._linger()

    def _linger(self) -> None:
        """Close in two steps: were it done at once, the client could lose the answer."""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._release()
        self.pipeline.clear()
        self.flow.resume_reading()
        self._end_timer = self._later(self.limits.linger_seconds, self.transport.abort)

    def _release(self) -> None:
        self.intake.n_bytes -= self._n_held
        self._n_held = 0

    def _later(self, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, act)


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
