"""Which release was not let in, when it is tried again, and whether people were told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from holdfast.domain.releases import ReleaseRecord
    from holdfast.ports.clock import Clock

__all__ = ["Refusal", "Refusals"]

_LONGEST_PAUSE = 64  # polls between two tries of a refused release: 16 s at four a second

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A release that should serve but was not let in; the one before it serves on."""

    record: ReleaseRecord
    seq: int
    problem: str
    at: datetime
    n_failed: int | None = None  # rows that it could not score since this was last told
    is_first: bool = True  # of this process on this event


class Refusals:
    """Remembers the latest refusal; not safe over threads.

    Args:
        clock: Dates refusals.
        on_refused: Told once of each event whose release was refused; if it raises a
            HoldfastError, it is told again at the next try.
    """

    def __init__(self, clock: Clock, on_refused: Callable[[Refusal], None] | None) -> None:
        self._clock, self._on_refused = clock, on_refused
        self._latest: Refusal | None = None
        self._told_seq = 0
        self._counted = (0, 0)  # an event, and the rows that were told of it
        self._pause = 0  # polls to let pass after the last try
        self._polls_left = 0

    @property
    def latest(self) -> Refusal | None:
        """The refusal in force, if there is one."""
        return self._latest

    def let_pass(self, seq: int) -> bool:
        """Return whether a poll shall not try this event's release again, and count the poll."""
        refused = self._latest
        if refused is None or refused.seq != seq or not self._polls_left:
            return False
        self._polls_left -= 1
        return True

    def clear(self) -> None:
        """Forget the refusal: all is well."""
        self._latest = None
        self._pause = self._polls_left = 0

    def refuse(self, record: ReleaseRecord, seq: int, error: Exception) -> None:
        """Remember a release that was not let in, and let the next tries wait longer."""
        problem = (
            f"Release {record.version}: a file of it cannot be read ({type(error).__name__})."
            if isinstance(error, OSError)
            else str(error)
        )
        first = self._latest is None or self._latest.seq != seq
        self._pause = 1 if first else min(2 * self._pause, _LONGEST_PAUSE)
        self._polls_left = self._pause
        self._latest = Refusal(record=record, seq=seq, problem=problem, at=self._clock.now())
        if first:
            _log.error("release_refused", model_version=record.version, problem=problem)
        self._tell(self._latest)

    def complain(self, record: ReleaseRecord, seq: int, problem: str) -> None:
        """Tell people once of a release that was let in and does not do its work."""
        self._tell(Refusal(record=record, seq=seq, problem=problem, at=self._clock.now()))

    def count(self, record: ReleaseRecord, seq: int, n_failed: int) -> None:
        """Tell of rows that the model in production could not score.

        At the first, and then whenever they have doubled: so the control plane knows how many
        there are, and a model that fails on all rows does not fill the log with it.
        """
        of_seq, told = self._counted
        told = told if of_seq == seq else 0
        if self._on_refused is None or n_failed < max(1, 2 * told):
            return
        problem = f"{record.version} could not score rows ({n_failed:,} so far in one process)."
        self._on_refused(
            Refusal(
                record=record,
                seq=seq,
                problem=problem,
                at=self._clock.now(),
                n_failed=n_failed - told,
                is_first=told == 0,
            )
        )
        self._counted = (seq, n_failed)

    def _tell(self, refusal: Refusal) -> None:
        if self._on_refused is not None and self._told_seq != refusal.seq:
            self._on_refused(refusal)
            self._told_seq = refusal.seq  # only once it was taken
