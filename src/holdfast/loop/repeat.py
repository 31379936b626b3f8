"""Tick at the moments of a schedule until asked to stop: late once, never twice at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from holdfast.domain.errors import HoldfastError
from holdfast.loop.cycle import tick

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.loop.cycle import Tick
    from holdfast.ports.schedule import Schedule

__all__ = ["Stop", "Turn", "repeat", "take_turn"]

_FIRST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(minutes=10)
_LOOK = timedelta(seconds=30)  # a wait does not count a suspend; looked at the clock, it is seen
_MOST_JITTER = 0.1  # of the time between two moments
_SET_BACK = timedelta(minutes=1)  # a clock is put right by less than that while it runs

_log = structlog.get_logger(__name__)


class Stop(Protocol):
    """Whether the loop was asked to stop, and how to wait for that."""

    def is_set(self) -> bool:
        """Return whether it was asked."""
        ...

    def wait(self, seconds: float) -> None:
        """Return once it was asked, or after so many seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of one turn.

    Attributes:
        ticked: What its tick saw and did; None if there was none.
        is_done: Nothing is left to do for the moment that it was for: it ticked, or another
            copy of the loop had. Otherwise another one is at work, which may yet fail.
    """

    ticked: Tick | None
    is_done: bool


def take_turn(
    ports: ControlPorts,
    plan: ControlPlan,
    schedule: Schedule | None,
    *,
    slot: datetime | None,
    holder: str,
    now: Callable[[], datetime],
) -> Turn:
    """Run the tick of a scheduled moment, unless a copy of this loop did, or is at it.

    Args:
        ports: The control plane's ports.
        plan: What the project wants of the loop.
        schedule: When the next tick is to begin, for those who ask; None: there is no next.
        slot: The scheduled moment; None ticks whatever others did.
        holder: Names this process to others.
        now: The machine's own time, by which the schedule goes; a time-lapse changes nothing.
    """
    if slot is not None and ports.ticks.times().answered == slot:
        turn = Turn(ticked=None, is_done=True)
    else:
        ticked = tick(ports, plan, actor="control", holder=holder, slot=slot)
        turn = Turn(ticked=ticked, is_done=ticked is not None)
    if schedule is not None:
        ports.ticks.announce(schedule.next_after(now()), holder=holder)
    return turn


def repeat(
    turn: Callable[[datetime | None], bool],
    schedule: Schedule,
    *,
    stop: Stop,
    now: Callable[[], datetime],
    jitter: timedelta,
    rng: Random,
) -> None:
    """Take a turn now, and one at each moment of a schedule, until asked to stop.

    Turns follow each other in one thread: one that takes longer than the schedule's step lets
    moments pass, and they are caught up with by one turn, at once; so it is after a suspend, or
    where the clock was set forth. A turn that fails, or finds another loop at work, is tried
    again after growing pauses until the next moment comes. Where the clock was set back, a
    turn is taken at once, and what follows goes by the clock as it is then.

    Args:
        turn: Takes a turn for a scheduled moment, or for none, and returns whether nothing is
            left to do for it. What it raises is logged.
        schedule: When to take the others.
        stop: Ends a wait at once; a turn under way is finished first.
        now: The machine's own time.
        jitter: A turn begins up to so much later than its moment, so that many copies do not
            all ask the store at once.
        rng: Draws by how much.
    """
    slot: datetime | None = None
    n_tries = 0
    while True:
        is_done = _taken(turn, slot)
        n_tries = 0 if is_done else n_tries + 1
        moment = now()
        following = schedule.next_after(moment)
        step = schedule.next_after(following) - following
        due = following + rng.random() * min(jitter, step * _MOST_JITTER)
        retry = moment + _pause(n_tries)
        is_retried = not is_done and retry < due
        _wait(retry if is_retried else due, since=moment, stop=stop, now=now)
        if stop.is_set():
            return
        if not is_retried:
            # None where the clock went back: what comes then is counted anew.
            slot, n_tries = (following if now() >= following else None), 0


def _taken(turn: Callable[[datetime | None], bool], slot: datetime | None) -> bool:
    try:
        return turn(slot)
    except HoldfastError as error:
        _log.error("tick_failed", problem=str(error))
    except Exception:  # noqa: BLE001 - a plug-in's, or ours: who watches must not end by it
        _log.exception("tick_failed")
    return False


def _pause(n_tries: int) -> timedelta:
    return min(_FIRST_RETRY * (1 << min(max(n_tries - 1, 0), 20)), _LONGEST_RETRY)


def _wait(due: datetime, *, since: datetime, stop: Stop, now: Callable[[], datetime]) -> None:
    """Return when it is due, was asked to stop, or the clock was set back behind its start."""
    while not stop.is_set():
        moment = now()
        if moment >= due or moment < since - _SET_BACK:
            return
        stop.wait(min(due - moment, _LOOK).total_seconds())
