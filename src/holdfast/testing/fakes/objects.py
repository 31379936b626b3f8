"""An object store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["InMemoryObjectStore"]


class InMemoryObjectStore:
    """`ObjectStore` in memory."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, bytes]] = {}
        self._published: dict[str, bytes] = {}

    def put(self, group: str, files: Mapping[str, bytes]) -> None:
        """See `ObjectStore.put`."""
        for name in (group, *files):
            _require_plain(name)
        if not files:
            raise ValueError(f"the group {group!r} holds no files")
        self._groups.setdefault(group, dict(files))

    def get(self, group: str, name: str) -> bytes:
        """See `ObjectStore.get`."""
        _require_plain(group)
        _require_plain(name)
        try:
            return self._groups[group][name]
        except KeyError:
            raise FileNotFoundError(f"{group}/{name} is not there") from None

    def groups(self) -> tuple[str, ...]:
        """See `ObjectStore.groups`."""
        return tuple(sorted(self._groups))

    def publish(self, name: str, data: bytes) -> None:
        """See `ObjectStore.publish`."""
        _require_plain(name)
        self._published[name] = data

    def published(self, name: str) -> bytes:
        """See `ObjectStore.published`."""
        _require_plain(name)
        try:
            return self._published[name]
        except KeyError:
            raise FileNotFoundError(f"{name} is not there") from None


def _require_plain(name: str) -> None:
    if not name or name.startswith(".") or any(sign in name for sign in "/\\\0"):
        raise ValueError(f"{name!r} is not a plain file name: no separators, no leading dot")
