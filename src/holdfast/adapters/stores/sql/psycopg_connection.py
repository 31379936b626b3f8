"""One connection to PostgreSQL as the store needs it: it never hangs, and takes every text.

Imports psycopg, of the extra `postgres`; nothing else does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import Loader
from psycopg.types.string import StrDumperUnknown, TextLoader

from holdfast.adapters.stores.sql.stored_text import from_stored, to_stored

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from psycopg.abc import Buffer

__all__ = ["StoreConnection", "connect"]

_FRESH = 1.0  # seconds since the server was heard, for which it counts as there
_PING_PATIENCE = 1.5  # seconds; a question without content is answered at once, or never


class StoreConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server that has fallen silent.

    The server's own timeouts end what is slow; nothing but the client can end the wait
    for a machine that was stopped, or that a network no longer reaches.
    """

    patience: float = 60.0  # seconds without a byte from the server
    heard_at: float = 0.0  # on the monotonic clock

    def is_alive(self) -> bool:
        """Return whether the server still knows this idle connection; asks only after a pause."""
        if time.monotonic() - self.heard_at < _FRESH:
            return True
        patience, self.patience = self.patience, _PING_PATIENCE
        try:
            self.autocommit = True  # else a transaction would begin
            self.execute(";")
            self.autocommit = False
        except psycopg.Error:
            return False
        finally:
            self.patience = patience
        return True

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Wait as psycopg does, but not for ever."""
        return super().wait(self._bounded(gen), *args, **kwargs)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        asked_at = time.monotonic()
        try:
            wish = next(gen)
            while True:
                ready = yield wish
                now = time.monotonic()
                if ready:
                    self.heard_at = asked_at = now
                elif now - asked_at > self.patience:
                    # What was asked may still be done: the connection is of no more use.
                    self.pgconn.finish()
                    raise psycopg.OperationalError(
                        f"the PostgreSQL server has not answered for {self.patience:g} s"
                    )
                wish = gen.send(ready)
        except StopIteration as end:
            return end.value


class _Dumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(to_stored(obj))


class _Loader(TextLoader):
    def load(self, data: Buffer) -> bytes | str:
        text = super().load(data)
        return from_stored(text) if isinstance(text, str) else text


class _NumberLoader(Loader):
    """Sums of whole numbers are numeric to PostgreSQL; to all who ask for one it is a number."""

    def load(self, data: Buffer) -> int | float:
        number = bytes(data)
        return int(number) if number.lstrip(b"-").isdigit() else float(number)


def connect(
    *args: Any, patience: float, settings: Mapping[str, str], **parameters: Any
) -> StoreConnection:
    """Connect.

    Args:
        *args: As psycopg takes them.
        patience: Seconds after which a silent server counts as gone.
        settings: The session's, such as its timeouts.
        **parameters: As psycopg takes them.
    """
    connection = StoreConnection.connect(*args, client_encoding="UTF8", **parameters)
    connection.patience = patience
    connection.adapters.register_dumper(str, _Dumper)
    connection.adapters.register_loader("text", _Loader)
    connection.adapters.register_loader("numeric", _NumberLoader)
    # Asked for in SQL, because poolers such as PgBouncer refuse them while connecting.
    calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    connection.execute(f"SELECT {calls}", [word for pair in settings.items() for word in pair])
    connection.commit()
    return connection
