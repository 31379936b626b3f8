"""Where the logs of other services come from, record by record, the broken ones among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Record", "RecordSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line or row of a log.

    Attributes:
        number: Its line, of JSON lines and of what is torn in a text file; else its row among
            those that could be read. From 1.
        fields: What it says, by column; None if it is torn.
        problem: What is wrong with a torn one, in words.
        text: A torn one as it stands in the file, as far as it can be shown.
    """

    number: int
    fields: Mapping[str, object] | None = None
    problem: str = ""
    text: str = ""


class RecordSource(Protocol):
    """A file whose every record can be had, also beside one that is torn."""

    def records(self) -> Iterator[Record]:
        """Yield the records in the file's order, torn ones in their place or before the others.

        Raises:
            DataFileError: If the file is missing, empty or unreadable as a whole.
        """
        ...
