"""The page that Prometheus reads: what was measured, and how each worker stands now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anyio import to_thread

from holdfast import __version__
from holdfast.domain.errors import HoldfastError
from holdfast.loop.hold import LEASE
from holdfast.serving.calls import Reply
from holdfast.serving.exposition import EXPOSITION_TYPE, Family, Sample, exposition
from holdfast.serving.gauges import gauge, gauges_of, of_all_workers, report_of

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.ports.tick_log import LoopTimes
    from holdfast.serving.calls import Call
    from holdfast.serving.server import Server

__all__ = ["get_metrics"]

_STORE_SECONDS = 2.0  # a scrape ends after ten by default, and must not fail with the store


async def get_metrics(server: Server, _call: Call) -> Reply:
    """Answer in Prometheus's text format; a store that is away leaves its figures out.

    Counts are sums over all workers, whichever of them is asked.
    """
    families = [
        *server.metrics.families(),
        *_of_features(server),
        *_of_workers(server),
        *await _of_control(server),
        gauge("holdfast_build_info", "This version of Holdfast.", 1, version=__version__),
    ]
    return Reply(body=exposition(families), media_type=EXPOSITION_TYPE)


def _of_features(server: Server) -> list[Family]:
    n_unknown, unseen = server.counters.of_features()
    return [
        Family(
            name="holdfast_unknown_features_ignored_total",
            kind="counter",
            meaning="Keys of rows that the model does not take.",
            samples=[Sample(n_unknown, {})],
        ),
        Family(
            name="holdfast_unseen_categories_total",
            kind="counter",
            meaning="Values that training never saw, by feature.",
            samples=[Sample(n, {"feature": name}) for name, n in unseen.items()],
        ),
    ]


def _of_workers(server: Server) -> list[Family]:
    """Return how each worker stands; this one, which answers, as of now."""
    if server.commons is None:
        return gauges_of(server)
    commons = server.commons
    commons.publish(report_of(server))
    reports = commons.bulletins()
    return [
        gauge("holdfast_workers", "Workers that this server is meant to have.", commons.n_workers),
        gauge("holdfast_workers_up", "Workers that are at work.", len(reports)),
        *of_all_workers(reports),
    ]


async def _of_control(server: Server) -> list[Family]:
    views = server.ports.views

    def asked() -> tuple[LoopTimes, datetime | None]:
        return views.loop_times(), views.last_held_at(LEASE)

    try:
        async with asyncio.timeout(_STORE_SECONDS):
            times, held_at = await to_thread.run_sync(asked, abandon_on_cancel=True)
    except (HoldfastError, TimeoutError):
        return []
    known = {
        ("last_tick", "a control tick last came to its end"): times.last_tick_at,
        ("next_tick", "a control loop that runs is to begin its next tick"): times.next_tick_at,
        ("lease", "somebody last took or renewed the control lease"): held_at,
    }
    return [
        gauge(f"holdfast_control_{name}_timestamp_seconds", f"Unix time at which {what}.", unix)
        for (name, what), at in known.items()
        if at is not None
        for unix in [at.timestamp()]
    ]
