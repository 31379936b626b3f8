"""A base image for builds without a registry: Debian's Python, out of this machine's packages."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CERTIFICATES", "PACKAGES", "installed", "write_base"]

PACKAGES = frozenset(
    {"apt", "base-files", "base-passwd", "coreutils", "dash", "gzip", "login"}
    | {"passwd", "python3", "python3-venv", "tar", "tzdata"}
)
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def write_base(archive: Path) -> None:
    """Write what the registry has as `python:3.11-slim`, as far as a Dockerfile can tell.

    Out of the files of the packages that are installed here: to unpack them anew takes a minute.
    """
    with tarfile.open(archive, "w") as tar:
        for path in sorted(_files_of(_with_what_they_need(PACKAGES))):
            tar.add(path, recursive=False)
        for name in ("passwd", "group"):  # Debian's own, and nobody's of this machine
            tar.add(f"/usr/share/base-passwd/{name}.master", f"/etc/{name}")
        for path in (Path("/etc/ld.so.cache"), CERTIFICATES):
            tar.add(path.resolve(), path)


def installed() -> dict[str, str]:
    """Return what each package that is installed here depends on."""
    said = _said("dpkg-query", "--show", "--showformat=${Package}\t${Depends}, ${Pre-Depends}\n")
    return dict(line.split("\t") for line in said.splitlines())


def _with_what_they_need(packages: Iterable[str]) -> set[str]:
    needs = installed()
    found: set[str] = set()
    todo = list(packages)
    while todo:
        package = todo.pop()
        if package in needs and package not in found:  # of alternatives, those that are here
            found.add(package)
            todo += re.findall(r"(?:^|[,|]) *([a-z0-9.+-]+)", needs[package])
    return found


def _files_of(packages: Iterable[str]) -> set[Path]:
    """Return the files, links and folders of packages, each where it really lies."""
    listed = map(Path, _said("dpkg", "--listfiles", *sorted(packages)).splitlines())
    there = {path for path in listed if path.is_absolute() and os.path.lexists(path)}
    folders = {parent: parent.resolve() for parent in {path.parent for path in there}}
    return {folders[path.parent] / path.name for path in there if path != Path("/")}


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
