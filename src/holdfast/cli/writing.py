"""How commands write the files that they are asked for."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TERMINAL", "make_folder", "write_json", "write_text", "writing"]

TERMINAL = Path("-")
"""As a file's name: write to standard output."""


def write_json(path: Path, content: dict[str, Any], *, to_error: bool = False) -> None:
    """Write strict JSON to a file, and say so.

    Args:
        path: Where; `TERMINAL` for standard output.
        content: Plain JSON values.
        to_error: Say it on standard error, for standard output holds JSON.

    Raises:
        DataFileError: If the file cannot be written.
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    if path == TERMINAL:
        typer.echo(text)
        return
    write_text(path, f"{text}\n", to_error=to_error)


def write_text(path: Path, text: str, *, to_error: bool = False) -> None:
    """Write a file, and say so.

    Args:
        path: Where.
        text: All of it.
        to_error: Say it on standard error, for standard output holds JSON.

    Raises:
        DataFileError: If the file cannot be written.
    """
    with writing(path, to_error=to_error):
        path.write_text(text, encoding="utf-8")


@contextmanager
def writing(path: Path, *, to_error: bool = False) -> Iterator[None]:
    """Say that a file was written once the block has written it.

    Raises:
        DataFileError: If it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error
    typer.echo(f"Wrote {path}", err=to_error)


def make_folder(path: Path) -> None:
    """Make a folder if it is not there.

    Raises:
        DataFileError: If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> DataFileError:
    found = f"cannot be written ({error.strerror})"
    return DataFileError(path, found, remedy="Choose another place.")
