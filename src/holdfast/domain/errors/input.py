"""What a person or a program gave cannot be used: files, columns, rows, settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.errors.root import HoldfastError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "ColumnError",
    "DataFileError",
    "FieldIssue",
    "InputError",
    "InvalidFieldsError",
    "InvalidLabelError",
    "InvalidRowsError",
    "MissingExtraError",
    "MissingProgramError",
    "ModelFileError",
    "PluginError",
    "SettingsError",
    "TargetError",
    "WindowError",
]


class InputError(HoldfastError):
    """What a person or a client handed in is not usable as it is."""


class DataFileError(InputError):
    """A data file is missing, empty or cannot be read."""

    def __init__(self, path: Path | str, found: str, *, remedy: str) -> None:
        super().__init__(f"{path}: {found}. {remedy}")
        self.path, self.found, self.remedy = str(path), found, remedy


class ModelFileError(InputError):
    """A model trained elsewhere cannot be taken in."""

    def __init__(self, name: str, found: str, *, remedy: str) -> None:
        super().__init__(f"{name}: {found}. {remedy}")
        self.name, self.found, self.remedy = name, found, remedy


class TargetError(InputError):
    """The target column is absent, or does not hold exactly two classes."""

    def __init__(self, target: str, found: str, *, remedy: str) -> None:
        super().__init__(f"Target {target!r}: {found}. {remedy}")
        self.target, self.found, self.remedy = target, found, remedy


class ColumnError(InputError):
    """A column cannot be used as it was asked for."""

    def __init__(self, column: str, found: str, *, remedy: str) -> None:
        super().__init__(f"Column {column!r}: {found}. {remedy}")
        self.column, self.found, self.remedy = column, found, remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldIssue:
    """What is wrong with one field of one row; never carries the value itself."""

    row: int
    field: str
    problem: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field!r}: {self.problem}"


class WindowError(InputError):
    """Lengths of rows or of time do not make windows that rows can be counted in."""

    def __init__(self, found: str, *, remedy: str) -> None:
        super().__init__(f"{found}. {remedy}")
        self.found, self.remedy = found, remedy


class InvalidRowsError(InputError):
    """Rows do not fit the contract; names rows and fields, never echoes values."""

    def __init__(self, issues: Sequence[FieldIssue]) -> None:
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        first = f"{issues[0]}{more}"
        stop = "" if first.endswith("?") else "."
        super().__init__(f"{first}{stop} GET /v1/model lists what each feature takes.")
        self.issues = tuple(issues)


class InvalidFieldsError(InputError):
    """Fields beside the features (ids, times, flags) are not usable; never echoes values."""

    def __init__(self, issues: Sequence[FieldIssue]) -> None:
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        super().__init__(f"{issues[0]}{more}.")
        self.issues = tuple(issues)


class InvalidLabelError(InputError):
    """A label is not one of the target's two words."""

    def __init__(self, *, found: str, allowed: Sequence[str], row: int | None = None) -> None:
        where = "" if row is None else f"row {row}: "
        super().__init__(
            f"{where}a label must be one of {', '.join(map(repr, allowed))}; found {found}."
        )
        self.found, self.allowed, self.row = found, tuple(allowed), row


class SettingsError(InputError):
    """holdfast.toml, or a HOLDFAST_* variable, is wrong."""


class MissingExtraError(InputError):
    """A command needs packages of an extra that is not installed."""

    def __init__(self, *, needs: str, extra: str) -> None:
        super().__init__(f'{needs} is not installed. Run: pip install "holdfast[{extra}]"')
        self.needs, self.extra = needs, extra


class MissingProgramError(InputError):
    """A command needs a program that is not on this machine."""

    def __init__(self, program: str, *, remedy: str) -> None:
        super().__init__(f"{program} is not on this machine. {remedy}")
        self.program, self.remedy = program, remedy


class PluginError(InputError):
    """An installed package adds something that cannot be used."""

    def __init__(self, entry_point: str, package: str, found: str, *, remedy: str) -> None:
        super().__init__(f"Entry point {entry_point!r} of {package}: {found}. {remedy}.")
        self.entry_point, self.package, self.found = entry_point, package, found
