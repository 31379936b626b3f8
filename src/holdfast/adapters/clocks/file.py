"""A clock that stands in a file: a year of traffic can pass in a minute, in every process."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from holdfast.domain.errors import SettingsError

__all__ = ["FileClock"]


class FileClock:
    """`Clock` that reads its moment from a small file each time it is asked.

    Args:
        path: A file that holds one moment, ISO 8601 with its offset.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    def now(self) -> datetime:
        """See `Clock.now`.

        Raises:
            SettingsError: If the file is absent, or holds no aware moment.
        """
        try:
            moment = datetime.fromisoformat(self._path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise SettingsError(self._wrong(str(error))) from error
        if moment.tzinfo is None:
            raise SettingsError(self._wrong(f"{moment.isoformat()} names no offset from UTC"))
        return moment.astimezone(UTC)

    def set_to(self, moment: datetime) -> None:
        """Let it be another moment; readers see the old one or the new one, never a part.

        Raises:
            ValueError: If the moment is naive.
        """
        if moment.tzinfo is None:
            raise ValueError(f"a clock's moment must be aware; found {moment.isoformat()}")
        unfinished = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        unfinished.write_text(moment.astimezone(UTC).isoformat(), encoding="ascii")
        unfinished.replace(self._path)

    def _wrong(self, found: str) -> str:
        return (
            f"The clock file {self._path} cannot be used: {found}. "
            "Write a moment such as 2026-01-31T12:00:00+00:00 into it."
        )
