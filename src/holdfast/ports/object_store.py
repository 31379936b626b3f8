"""Where immutable bytes are kept by name, and a few that change beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ObjectStore"]


class ObjectStore(Protocol):
    """Immutable groups of named bytes; a release is one group.

    Beside the groups stand single files for others to read, which are replaced.
    """

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

    def publish(self, name: str, data: bytes) -> None:
        """Put a file beside the groups, in place of the one of that name.

        Whoever reads it finds the old bytes or the new ones, never a part of them. A name
        that is not plain is a ValueError.
        """
        ...

    def published(self, name: str) -> bytes:
        """Return the bytes of a file beside the groups.

        Raises:
            FileNotFoundError: If nothing was published under this name.
        """
        ...
