"""Which things can go wrong: the whole error tree, free of HTTP and of the command line.

HoldfastError
├── InputError                  what a person or a client handed in is not usable
│   ├── DataFileError           a data file is missing, empty or unreadable
│   ├── TargetError             the target column is absent, or not binary
│   ├── ColumnError             a column cannot be used as asked
│   ├── WindowError             lengths of rows or of time that make no windows
│   ├── InvalidRowsError        rows do not fit the model's contract
│   ├── InvalidFieldsError      ids, times or flags beside the features are not usable
│   ├── InvalidLabelError       a label is not one of the target's two words
│   ├── SettingsError           holdfast.toml or the environment is wrong
│   ├── MissingExtraError       a command needs packages that are not installed
│   ├── PluginError             an installed package adds something that cannot be used
│   └── MissingProgramError     a command needs a program that is not on this machine
├── StateError                  the project is not in a state that allows the step
│   ├── NoChampionError         nothing is in production yet
│   ├── NoStoreError            the project has no store yet
│   ├── UnknownReleaseError     no release of that version
│   ├── VersionTakenError       another release was registered under that version
│   ├── UnknownPredictionError  no prediction of that id
│   ├── UnknownEventError       no event of that id
│   ├── RequestConflictError    a client's id was used before, for another row
│   ├── EmptyWindowError        a window holds no value to judge
│   ├── TooFewLabelsError       too little ground truth has arrived
│   └── GridMismatchError       profiles on different grids cannot be compared
├── IntegrityError              what is stored is not what was written
│   ├── CorruptReleaseError     a release's bytes do not match their digest
│   ├── CorruptProfileError     a stored profile's bytes do not parse
│   ├── BrokenChainError        the event log was changed after the fact
│   └── ParityError             the exported model does not repeat the trained one
└── AvailabilityError           something outside did not do its part
    ├── StoreUnavailableError   the store cannot be read or written now
    ├── StoreVersionError       the store was made by another version
    ├── LeaseLostError          another control loop has taken over
    ├── PortInUseError          the address to serve on is taken
    ├── ClusterError            a cluster does not answer, or cannot do the work
    └── TrainingFailedError     a trainer raised, or produced no usable model
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = [
    "AvailabilityError",
    "BrokenChainError",
    "ClusterError",
    "ColumnError",
    "CorruptProfileError",
    "CorruptReleaseError",
    "DataFileError",
    "EmptyWindowError",
    "FieldIssue",
    "GridMismatchError",
    "HoldfastError",
    "InputError",
    "IntegrityError",
    "InvalidFieldsError",
    "InvalidLabelError",
    "InvalidRowsError",
    "LeaseLostError",
    "MissingExtraError",
    "MissingProgramError",
    "NoChampionError",
    "NoStoreError",
    "ParityError",
    "PluginError",
    "PortInUseError",
    "RequestConflictError",
    "SettingsError",
    "StateError",
    "StoreUnavailableError",
    "StoreVersionError",
    "TargetError",
    "TooFewLabelsError",
    "TrainingFailedError",
    "UnknownEventError",
    "UnknownPredictionError",
    "UnknownReleaseError",
    "VersionTakenError",
    "WindowError",
    "nearest",
]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one most likely meant, or None.

    >>> nearest("tenur", ["tenure", "Contract"])
    'tenure'
    >>> nearest("zzz", ["tenure"]) is None
    True
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


class HoldfastError(Exception):
    """The root: everything Holdfast raises on purpose."""


class InputError(HoldfastError):
    """What a person or a client handed in is not usable as it is."""


class DataFileError(InputError):
    """A data file is missing, empty or cannot be read."""

    def __init__(self, path: Path | str, found: str, *, remedy: str) -> None:
        super().__init__(f"{path}: {found}. {remedy}")
        self.path, self.found, self.remedy = str(path), found, remedy


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


class StateError(HoldfastError):
    """The project is not in a state that allows the step."""


class NoChampionError(StateError):
    """No model can answer: nothing is in production yet, or what is was refused."""

    def __init__(self, *, refused: str | None = None) -> None:
        super().__init__(refused or "No model is in production yet. Run: holdfast train")
        self.refused = refused


class NoStoreError(StateError):
    """The project has no store yet: nothing was trained in it."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"There is no store at {path} yet. Make one with: holdfast train")
        self.path = str(path)


class UnknownReleaseError(StateError):
    """No release carries that version."""

    def __init__(self, version: str, *, known: Sequence[str] = ()) -> None:
        have = f"The releases are {', '.join(known)}." if known else "There are no releases yet."
        super().__init__(f"There is no release {version!r}. {have}")
        self.version, self.known = version, tuple(known)


class VersionTakenError(StateError):
    """Another release was registered under that version meanwhile."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Release {version!r} was registered by another process meanwhile. "
            "Nothing was written; run the step again and it gets the next version."
        )
        self.version = version


class UnknownPredictionError(StateError):
    """No prediction carries that id."""

    def __init__(self, prediction_id: str) -> None:
        super().__init__(f"No prediction has the id {prediction_id!r}.")
        self.prediction_id = prediction_id


class UnknownEventError(StateError):
    """No event carries that id."""

    def __init__(self, event_id: str) -> None:
        super().__init__(f"No event has the id {event_id!r}. List them with: holdfast events")
        self.event_id = event_id


class RequestConflictError(StateError):
    """A client's own id was used before, for a row with other content."""

    def __init__(self, request_id: str, *, row: int = 0) -> None:
        super().__init__(
            f"row {row}: this id was used before for a row with other values. "
            "Send the same row to get the logged answer, or use a new id."
        )
        self.request_id, self.row = request_id, row


class EmptyWindowError(StateError):
    """A window holds no value to judge."""

    def __init__(self, which: str) -> None:
        super().__init__(
            f"The {which} holds no rows, so there is nothing to compare. "
            "Wait for traffic, or widen [monitor] window."
        )
        self.which = which


class TooFewLabelsError(StateError):
    """A step needs more ground truth than has arrived."""

    def __init__(
        self,
        *,
        found: int,
        required: int,
        what: str = "labelled rows",
        setting: str | None = None,
    ) -> None:
        lower = "" if setting is None else f", or lower {setting}"
        super().__init__(
            f"Only {found} of the {required} {what} that are needed are there. "
            f"Wait for more ground truth{lower}."
        )
        self.found, self.required, self.what = found, required, what


class GridMismatchError(StateError):
    """Two profiles were counted on different grids; their cells mean different things."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(
            f"Profiles of different grids cannot be added or compared: {left[:12]} and "
            f"{right[:12]}. Profile one of the windows again on the other's grid."
        )
        self.left, self.right = left, right


class IntegrityError(HoldfastError):
    """What is stored is not what was written."""


class CorruptReleaseError(IntegrityError):
    """A release's bytes do not match their digest, or a file of it is gone."""

    def __init__(self, release_id: str, found: str) -> None:
        super().__init__(
            f"Release {release_id[:12]} is refused: {found}. Restore its folder from a backup, "
            "or return to an earlier release with: holdfast rollback. A server that runs "
            "keeps the model that it has in memory."
        )
        self.release_id, self.found = release_id, found


class CorruptProfileError(IntegrityError):
    """Stored counts cannot be read back: damaged, or of another format."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"A stored profile is refused: {found}. Restore the store or the release from a "
            "backup, or profile the window again."
        )
        self.found = found


class BrokenChainError(IntegrityError):
    """The event log's hash chain does not verify."""

    def __init__(self, seq: int, found: str) -> None:
        super().__init__(
            f"Event {seq}: {found}. The audit log was changed after it was written; "
            "restore the store from a backup."
        )
        self.seq, self.found = seq, found


class ParityError(IntegrityError):
    """The exported model does not repeat the trained one's scores."""

    def __init__(self, *, worst: float, tolerance: float, row: str) -> None:
        super().__init__(
            f"The exported model differs from the trained one by {worst:.2g} "
            f"(at most {tolerance:.0e} is allowed), worst at row {row}. It is not released."
        )
        self.worst, self.tolerance, self.row = worst, tolerance, row


class AvailabilityError(HoldfastError):
    """Something outside did not do its part; trying again later may help."""


class StoreUnavailableError(AvailabilityError):
    """The store cannot be read or written now; nothing acknowledged is lost."""

    def __init__(self, found: str, *, remedy: str = "Run: holdfast doctor") -> None:
        super().__init__(f"The store did not answer: {found}. {remedy}")
        self.found, self.remedy = found, remedy


class StoreVersionError(AvailabilityError):
    """The store's schema belongs to another version of Holdfast."""

    def __init__(self, *, found: str, needed: str) -> None:
        newer = found.isdecimal() and found > needed  # schemas are numbered 0001, 0002 …
        remedy = (
            "A newer Holdfast made it; get that one with: pip install --upgrade holdfast"
            if newer
            else "Use the Holdfast version that made it, or upgrade it with: holdfast migrate"
        )
        super().__init__(f"The store has schema {found}, this Holdfast needs {needed}. {remedy}")
        self.found, self.needed = found, needed


class LeaseLostError(AvailabilityError):
    """The lease lapsed or was taken over; the write was refused inside its transaction."""

    def __init__(self, name: str, *, token: int) -> None:
        super().__init__(
            f"The lease {name!r} (token {token}) is no longer held: another control loop "
            "has taken over. Nothing was written."
        )
        self.name, self.token = name, token


class PortInUseError(AvailabilityError):
    """The address to serve on is taken."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"{host}:{port} is in use by another program. Stop it, or choose another port "
            f"with --port {port + 1}"
        )
        self.host, self.port = host, port


class ClusterError(AvailabilityError):
    """A cluster does not answer, or its machines cannot do the work."""

    def __init__(self, cluster: str, found: str, *, remedy: str) -> None:
        super().__init__(f"The cluster at {cluster} {found}. {remedy}")
        self.cluster, self.found, self.remedy = cluster, found, remedy


class TrainingFailedError(AvailabilityError):
    """A trainer raised, or produced no usable model."""

    def __init__(self, trainer: str, found: str) -> None:
        super().__init__(f"Trainer {trainer!r} failed: {found}. The champion is unchanged.")
        self.trainer, self.found = trainer, found
