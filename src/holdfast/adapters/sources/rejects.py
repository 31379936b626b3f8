"""Where records that could not be used are kept aside, each with the reason."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import msgspec

from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from holdfast.ports.record_source import Record

__all__ = ["Rejects", "open_rejects"]


class Rejects:
    """Takes records one after the other; the file appears with the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n = 0
        self._file: IO[bytes] | None = None

    def keep(self, record: Record, problem: str) -> None:
        """Write a record and what is wrong with it as one JSON line.

        Raises:
            DataFileError: If it cannot be written.
        """
        torn = record.fields is None
        content = {"text": record.text} if torn else {"fields": record.fields}
        line = {"number": record.number, "problem": problem, **content}
        with self._writing():
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(msgspec.json.encode(line) + b"\n")
        self.n += 1

    def close(self) -> None:
        """Finish the file; one of an earlier run is gone if nothing was kept this time.

        Raises:
            DataFileError: If it cannot be written.
        """
        with self._writing():
            if self._file is not None:
                self._file.close()
            else:
                self.path.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            found = f"cannot be written ({error.strerror})"
            remedy = "Put the data where rejected records can be kept beside it."
            raise DataFileError(self.path, found, remedy=remedy) from error


@contextmanager
def open_rejects(data: Path) -> Iterator[Rejects]:
    """Give the body a place beside a data file: ``DATA.rejected.jsonl``.

    Raises:
        DataFileError: If it cannot be written.
    """
    rejects = Rejects(data.with_name(f"{data.name}.rejected.jsonl"))
    try:
        yield rejects
    finally:
        rejects.close()
