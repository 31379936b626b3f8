"""What becomes of a retraining that broke off: it goes on, or it is closed with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from holdfast.policy.transitions import Attempt

__all__ = ["MOST_TRIES", "Course", "Resumption", "resumption"]

MOST_TRIES = 3
"""How often an attempt is begun: one that ends its process each time would end every tick."""


class Course(StrEnum):
    """What is done about an attempt that broke off."""

    AGAIN = "again"  # the same rows and the same seed make the same model once more
    RELEASE = "release"  # the model is registered; production is all that it lacks
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """What becomes of an attempt, and why in words.

    Attributes:
        course: What is done.
        reason: Why.
        interrupted: Whether nobody is to blame: a closed attempt then costs no longer pause.
    """

    course: Course
    reason: str
    interrupted: bool = True


def resumption(attempt: Attempt, *, stale_after: timedelta, now: datetime) -> Resumption:
    """Judge an attempt that broke off: total, and the first rule that fits decides.

    1. It was begun `MOST_TRIES` times: closed as failed, for it may be what ends the process.
    2. It began too long ago: closed; the world that it was judged in may be gone.
    3. Its release is registered: it is put forward.
    4. Its rows came from a file, or nobody kept which they were: closed.
    5. Else it is made again from the same rows.

    Args:
        attempt: Without an end; nobody is at work on it.
        stale_after: How long what it was judged on stays current: a window.
        now: The tick's moment.
    """
    where = _where(attempt)
    if attempt.n_tries >= MOST_TRIES:
        reason = f"it was begun {attempt.n_tries} times and never came to its end; {where}"
        return Resumption(course=Course.CLOSE, reason=reason, interrupted=False)
    if now - attempt.at > stale_after:
        began = f"it began {attempt.at:%Y-%m-%d %H:%M} UTC, longer than a window ago"
        return Resumption(course=Course.CLOSE, reason=f"{began}; {where}")
    if attempt.version is not None and attempt.judgement is not None:
        return Resumption(course=Course.RELEASE, reason=f"it broke off; {where}")
    if attempt.started.from_file:
        remedy = "name it again: holdfast retrain --data FILE"
        return Resumption(course=Course.CLOSE, reason=f"its rows came from a file; {remedy}")
    if attempt.started.rows_digest is None:
        return Resumption(course=Course.CLOSE, reason="it was not written down on which rows it is")
    return Resumption(course=Course.AGAIN, reason=f"it broke off; {where}")


def _where(attempt: Attempt) -> str:
    """Say how far it came."""
    if attempt.version is not None:
        return f"{attempt.version} is registered, and was not put into production"
    if attempt.judgement is not None:
        return "the guard had accepted a challenger, which was not registered"
    return "no challenger was judged"
