"""What was stored is not what it should be."""

from __future__ import annotations

from holdfast.domain.errors.root import HoldfastError

__all__ = [
    "BrokenChainError",
    "CorruptMonitorStateError",
    "CorruptProfileError",
    "CorruptReleaseError",
    "IntegrityError",
    "ParityError",
]


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


class CorruptMonitorStateError(IntegrityError):
    """What the monitors have gathered cannot be read back: damaged, or of another format."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The stored state of the monitors is refused: {found}. Restore the store from a "
            "backup, or remove that state: the monitors then begin anew."
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
