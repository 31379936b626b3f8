"""Where immutable bytes are kept by name: a folder, later a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ObjectStore"]


class ObjectStore(Protocol):
    """Immutable groups of named bytes; a release is one group."""

    def put(self, group: str, files: Mapping[str, bytes]) -> None:
        """Write a whole group durably: afterwards all of it is there, or none.

        Writing a group that exists is a no-op: its name is the digest of its content.
        Names are plain file names; a separator or a leading dot in one is a ValueError.
        """
        ...

    def get(self, group: str, name: str) -> bytes:
        """Return one file's bytes.

        Raises:
            FileNotFoundError: If the group or the file is not there.
        """
        ...

    def groups(self) -> tuple[str, ...]:
        """Return the names of the complete groups, sorted."""
        ...
