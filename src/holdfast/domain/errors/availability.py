"""What is needed does not answer, or belongs to somebody else now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors.root import HoldfastError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ArchiveError",
    "AvailabilityError",
    "ClusterError",
    "LeaseLostError",
    "PortInUseError",
    "StoreUnavailableError",
    "StoreVersionError",
    "TrainingFailedError",
    "TrainingTooLongError",
    "UndeliveredError",
]


class AvailabilityError(HoldfastError):
    """Something outside did not do its part; trying again later may help."""


class StoreUnavailableError(AvailabilityError):
    """The store cannot be read or written now; nothing acknowledged is lost.

    Args:
        found: In the store's own words, which may hold its paths and addresses.
        remedy: What to do.
        trouble: What it is, in words of ours that anybody may read.
    """

    def __init__(
        self, found: str, *, remedy: str = "Run: holdfast doctor", trouble: str | None = None
    ) -> None:
        super().__init__(f"The store did not answer: {found}. {remedy}")
        self.found, self.remedy, self.trouble = found, remedy, trouble


class ArchiveError(AvailabilityError):
    """A file of the archive cannot be read or written; nothing was dropped for it."""

    def __init__(self, path: Path | str, found: str) -> None:
        super().__init__(
            f"{path}: the archive's file cannot be read or written ({found}). Nothing was "
            "dropped that is not in the archive. Look at the disk, and run the command again."
        )
        self.path, self.found = str(path), found


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


class UndeliveredError(AvailabilityError):
    """A channel to people did not take an alert; the address itself is never named."""

    def __init__(self, channel: str, *, reason: str) -> None:
        super().__init__(f"{channel}: {reason}")
        self.channel, self.reason = channel, reason


class TrainingFailedError(AvailabilityError):
    """A trainer raised, or produced no usable model."""

    def __init__(self, trainer: str, found: str) -> None:
        super().__init__(f"Trainer {trainer!r} failed: {found}. The champion is unchanged.")
        self.trainer, self.found = trainer, found


class TrainingTooLongError(TrainingFailedError):
    """A trainer was stopped because it took too long; asked again, it will again."""
