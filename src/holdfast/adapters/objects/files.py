"""Immutable groups of files in a folder: written whole, durably, or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FileObjectStore"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that someone put in a file's place must not make a reader wait for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileObjectStore:
    """`ObjectStore` in a folder, one subfolder a group.

    A group is written under a hidden name and renamed once all of it is on disk. Links
    are refused: what is read is what was put.

    Args:
        root: The folder; made at the first `put`.
    """

    def __init__(self, root: Path | str) -> None:
        self._root = Path(root)

    def put(self, group: str, files: Mapping[str, bytes]) -> None:
        """See `ObjectStore.put`."""
        for name in (group, *files):
            _require_plain(name)
        if not files:
            raise ValueError(f"the group {group!r} holds no files")
        self._root.mkdir(parents=True, exist_ok=True)
        target = self._root / group
        if not target.is_dir():
            self._write(target, files)
        # Also where another writer was first: it may not have come this far yet.
        _sync_folder(self._root)

    def get(self, group: str, name: str) -> bytes:
        """See `ObjectStore.get`."""
        _require_plain(group)
        _require_plain(name)
        try:
            folder = os.open(self._root / group, _FOLDER)
            try:
                descriptor = os.open(name, _FILE, dir_fd=folder)
            finally:
                os.close(folder)
        except OSError as error:  # absent, or a link, which O_NOFOLLOW does not open
            raise FileNotFoundError(f"{group}/{name}: {error.strerror}") from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileNotFoundError(f"{group}/{name}: not a regular file")
            return file.read()

    def groups(self) -> tuple[str, ...]:
        """See `ObjectStore.groups`."""
        if not self._root.is_dir():
            return ()
        with os.scandir(self._root) as entries:
            return tuple(
                sorted(
                    entry.name
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
                )
            )

    def publish(self, name: str, data: bytes) -> None:
        """See `ObjectStore.publish`."""
        _require_plain(name)
        self._root.mkdir(parents=True, exist_ok=True)
        unfinished = self._root / f".{name}.{secrets.token_hex(8)}"
        try:
            _write_file(unfinished, data)
            unfinished.replace(self._root / name)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(self._root)

    def published(self, name: str) -> bytes:
        """See `ObjectStore.published`."""
        _require_plain(name)
        return (self._root / name).read_bytes()

    def _write(self, target: Path, files: Mapping[str, bytes]) -> None:
        unfinished = self._root / f".{target.name}.{secrets.token_hex(8)}"
        unfinished.mkdir()
        try:
            for name, data in files.items():
                _write_file(unfinished / name, data)
            _sync_folder(unfinished)
            _rename(unfinished, target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _require_plain(name: str) -> None:
    if not name or name.startswith(".") or any(sign in name for sign in "/\\\0"):
        raise ValueError(f"{name!r} is not a plain file name: no separators, no leading dot")


def _write_file(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, _NEW, 0o644), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _rename(unfinished: Path, target: Path) -> None:
    try:
        unfinished.rename(target)
    except OSError:
        if target.is_symlink() or not target.is_dir():
            raise
        # Another writer finished the same group first; its name is the digest of its
        # content, so that it holds the same bytes.


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
