"""Hold the control lease while something is done, and keep it from lapsing meanwhile."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.errors import LeaseLostError, StateError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.ports.lease import Fence, Lease

__all__ = ["LEASE", "held", "held_by_hand"]

LEASE = "control"  # whoever holds it acts; all others wait
_PATIENCE = timedelta(seconds=10)  # of a person, while a tick is at work
_PAUSE = 0.1  # seconds between two tries
_TTL = timedelta(seconds=60)  # after a kill -9 the next loop waits this long, not longer

_log = structlog.get_logger(__name__)


@contextmanager
def held(lease: Lease, *, holder: str, ttl: timedelta = _TTL) -> Iterator[Fence | None]:
    """Give the body the lease's fence, or None if another holds it.

    A thread renews the lease three times a ttl, so that a long retraining keeps it and a
    dead process does not. Losing it stops nothing by itself: the writes carry the fence
    and are refused.

    Args:
        lease: Where leases are kept.
        holder: Names this process to others.
        ttl: How long the lease outlives its last renewal.
    """
    fence = lease.acquire(LEASE, holder=holder, ttl=ttl)
    if fence is None:
        yield None
        return
    done = threading.Event()
    renewing = threading.Thread(
        target=_renew, args=(lease, fence, ttl, done), name="lease", daemon=True
    )
    renewing.start()
    try:
        yield fence
    finally:
        done.set()
        renewing.join()
        lease.release(fence)


@contextmanager
def held_by_hand(
    lease: Lease, *, holder: str, patience: timedelta | None = None
) -> Iterator[Fence]:
    """Give the body the lease's fence, for a step that a person asks for.

    Args:
        lease: Where leases are kept.
        holder: Names this process to others.
        patience: How long a tick that is at work is waited for; ten seconds by default.

    Raises:
        StateError: If it is at work all that time; nothing was done.
    """
    until = time.monotonic() + (patience or _PATIENCE).total_seconds()
    while True:
        with held(lease, holder=holder) as fence:
            if fence is not None:
                yield fence
                return
        if time.monotonic() >= until:
            raise StateError(
                "A control loop is at work now, and may be about to change what is in production. "
                "Try again when its tick, or its retraining, is done; see: holdfast events"
            )
        time.sleep(_PAUSE)


def _renew(lease: Lease, fence: Fence, ttl: timedelta, done: threading.Event) -> None:
    while not done.wait(ttl.total_seconds() / 3):
        try:
            lease.renew(fence, ttl=ttl)
        except LeaseLostError:
            _log.warning("lease_lost", name=fence.name, token=fence.token)
            return
        except StoreUnavailableError as error:
            # It may be back before the lease lapses; if not, the fence refuses what is written.
            _log.warning("lease_not_renewed", problem=type(error).__name__)
