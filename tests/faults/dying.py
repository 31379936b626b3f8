"""A process that dies at one of its steps: from then on nothing that it does has an effect."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.loop.control import ControlPorts

__all__ = ["Death", "Process"]

_UNWATCHED = frozenset({"clock", "runtime", "keeping", "views", "history"})
_READS = frozenset(
    {
        "events.events",
        "events.get",
        "lease.renew",  # by a thread of its own
        "monitors.load",
        "objects.get",
        "objects.groups",
        "objects.published",
        "outbox.pending",
        "predictions.cursor_since",
        "predictions.get",
        "predictions.read",
        "predictions.window",
        "profiles.buckets",
        "profiles.cursor",
        "profiles.row_counts",
        "registry.aliases",
        "releases.deployment",
        "releases.deployment_at",
        "releases.release",
        "releases.releases",
        "ticks.times",
    }
)
"""What changes nothing. Any other call of a port is a step, also one that is new."""


class Death(BaseException):
    """The process is gone; no handler of errors sees this."""


class Process:
    """Watches the calls of a control plane's ports, and dies before one of them.

    Args:
        ports: What the process acts through.
        dies_before: The step that it does not live to take, by its name; None: it lives.
        dies_at: The same by its number, from 0 on.
        after: It lives to take that step, and dies of it: what it did stands.
        paused: In place of its death: called before that step, which is taken then.

    Attributes:
        steps: What it did, in order: the port, the method, what was appended.
        ports: The ports to give to the loop.
    """

    def __init__(
        self,
        ports: ControlPorts,
        *,
        dies_before: str | None = None,
        dies_at: int | None = None,
        after: bool = False,
        paused: Callable[[], object] | None = None,
    ) -> None:
        self.steps: list[str] = []
        self.dead = False
        self._dies_before, self._dies_at = dies_before, dies_at
        self._after, self._paused = after, paused
        self._seen = Counter[str]()
        watched = {
            field.name: self._watched(field.name, getattr(ports, field.name))
            for field in fields(ports)
            if field.name not in _UNWATCHED and getattr(ports, field.name) is not None
        }
        self.ports = replace(ports, **watched)

    def take(self, name: str, step: Callable[[], Any]) -> Any:
        """Take a step, unless the process is dead or dies now."""
        if self.dead:
            raise Death(name)
        if name.split(" ", maxsplit=1)[0] in _READS:
            return step()
        self._seen[name] += 1
        named = name if self._seen[name] == 1 else f"{name} #{self._seen[name]}"
        if named == self._dies_before or len(self.steps) == self._dies_at:
            self._meet_its_fate(named, step)
        self.steps.append(named)
        return step()

    def _meet_its_fate(self, named: str, step: Callable[[], Any]) -> None:
        if self._paused is not None:
            paused, self._paused = self._paused, None
            self._dies_before = self._dies_at = None
            paused()
            return
        if self._after:
            step()
        self.dead = True
        raise Death(named)

    def _watched(self, name: str, port: Any) -> Any:
        if isinstance(port, tuple):
            return tuple(_Watched(self, name, each) for each in port)
        return _Watched(self, name, port)


class _Watched:
    """A port whose calls are steps of a process."""

    def __init__(self, process: Process, name: str, port: Any) -> None:
        self._process, self._name, self._port = process, name, port

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            return self._process.take(
                f"{self._name}.{method}{_appended(method, args)}", lambda: found(*args, **options)
            )

        return call


def _appended(method: str, args: tuple[Any, ...]) -> str:
    """Return the kinds of the events that are appended, so that a step says what it is."""
    if method != "append":
        return ""
    return " " + ", ".join(type(draft.body).__name__ for draft in args[0])
