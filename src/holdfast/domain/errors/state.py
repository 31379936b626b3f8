"""The project is not in a state that allows the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors.root import HoldfastError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "EmptyWindowError",
    "GridMismatchError",
    "NoChampionError",
    "NoStoreError",
    "RequestConflictError",
    "StateError",
    "TooFewLabelsError",
    "UnknownEventError",
    "UnknownIncidentError",
    "UnknownKeyError",
    "UnknownPredictionError",
    "UnknownReleaseError",
    "VersionTakenError",
]


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


class UnknownIncidentError(StateError):
    """No open incident, or more than one, is called so."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"No open incident is called {wanted!r}. See those that are open with: holdfast alerts"
        )
        self.wanted = wanted


class UnknownKeyError(StateError):
    """No API key carries that id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"No API key has the id {key_id!r}. List them with: holdfast keys list")
        self.key_id = key_id


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
