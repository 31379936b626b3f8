"""Disks that fail: one made of a preloaded library, one that is small and really full."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

SHIM = Path(__file__).parent / "shims" / "disk.c"


def compiled(folder):
    """Return the library, compiled."""
    library = folder / "disk.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return library


class FailingDisk:
    """Makes the store's file system calls fail, and knows what a power cut would leave."""

    def __init__(self, library, store, switch):
        self.store, self.switch = store, switch
        self.variables = {
            "LD_PRELOAD": str(library),
            "DISK_STORE": str(store),
            "DISK_SWITCH": str(switch),
        }
        shutil.copy(store, image_of(store))
        wal_of(store).unlink(missing_ok=True)

    def fail(self, what, number=errno.EIO):
        """Let writes (`write`) or syncs (`sync`) fail from now on."""
        written = self.switch.with_suffix(".new")
        written.write_text(f"{what} {number}")
        written.rename(self.switch)

    def work(self):
        """Let it work again."""
        self.switch.unlink()

    def cut_the_power(self):
        """Put in place what the disk had been given for sure; nobody may have it open."""
        for path in (self.store, wal_of(self.store)):
            path.unlink(missing_ok=True)
            if image_of(path).exists():
                image_of(path).rename(path)
        Path(f"{self.store}-shm").unlink(missing_ok=True)


class FullDisk(FailingDisk):
    """A failing disk whose failure is that it has no room."""

    def fill(self):
        """From now on nothing more fits."""
        self.fail("write", errno.ENOSPC)

    def make_room(self):
        """From now on there is room again."""
        self.work()


class SmallDisk:
    """A file system of some megabytes that can be filled."""

    def __init__(self, folder):
        self.folder, self.variables = folder, {}
        self._ballast = folder / "ballast"

    def fill(self):
        """Leave no byte free."""
        with self._ballast.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(b"x" * 4096)
                except OSError:
                    return

    def make_room(self):
        """Take away what filled it."""
        self._ballast.unlink()


@contextmanager
def small_disk(folder):
    """Mount one in a folder's place, with what is in it; where that is forbidden give None."""
    if os.geteuid() != 0:
        yield None
        return
    kept = folder.rename(folder.with_name(f"{folder.name}-kept"))
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        folder.rmdir()
        kept.rename(folder)
        yield None
        return
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", folder], check=True)


def image_of(path):
    return Path(f"{path}.disk")


def wal_of(path):
    return Path(f"{path}-wal")
