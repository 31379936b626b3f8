"""Whether what stands beside the features of a row (ids, times, flags) is usable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from holdfast.domain.errors import FieldIssue, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FieldReader"]

LONGEST_ID = 256
_LONGEST_NAME_SHOWN = 64


class FieldReader:
    """Reads the fields of one decoded row and collects what is wrong with each.

    A reader returns None for a field that is absent, null or wrong; `issues` tells
    the wrong ones apart. No value is ever part of an issue.

    Args:
        row: The row's place in its batch, from 0.
        values: The row as JSON decoded it.

    >>> reader = FieldReader(0, {"entity": 7590, "observed_at": "yesterday"})
    >>> reader.identifier("entity")
    '7590'
    >>> reader.moment("observed_at")
    >>> print(reader.issues[0])
    row 0, 'observed_at': needs an ISO 8601 time such as 2026-03-01T12:00:00Z
    """

    def __init__(self, row: int, values: Mapping[str, object]) -> None:
        self.row = row
        self.issues: list[FieldIssue] = []
        self._values = values

    def only(self, known: Sequence[str]) -> None:
        """Complain of every key but the known ones, with the name it most likely meant."""
        for key in self._values.keys() - set(known):
            shown = key[:_LONGEST_NAME_SHOWN]
            meant = nearest(shown, known)
            hint = f"; did you mean {meant!r}?" if meant else f"; known are {', '.join(known)}"
            self.complain(shown, f"is not known here{hint}")

    def value(self, name: str) -> object:
        """Return a field as it was decoded; None if it is absent."""
        return self._values.get(name)

    def identifier(self, name: str) -> str | None:
        """Read an id: text of 1 to 256 characters, or a whole number."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self.complain(name, "needs text")
        elif not value or len(value) > LONGEST_ID or not value.isprintable():
            self.complain(name, f"needs 1 to {LONGEST_ID} printable characters")
        else:
            return value
        return None

    def moment(self, name: str) -> datetime | None:
        """Read an ISO 8601 time; one without an offset is taken as UTC."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            if isinstance(moment, datetime):
                # An offset can carry a time of the year 1 or 9999 over the calendar's edge.
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # said below, as for values that are no text
        self.complain(name, "needs an ISO 8601 time such as 2026-03-01T12:00:00Z")
        return None

    def flag(self, name: str) -> bool:
        """Read a flag: true or false; False if it is absent."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            self.complain(name, "needs true or false")
        return value is True

    def complain(self, name: str, problem: str) -> None:
        """Note an issue with a field."""
        self.issues.append(FieldIssue(row=self.row, field=name, problem=problem))
