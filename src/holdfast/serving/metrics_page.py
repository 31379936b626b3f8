"""The page that Prometheus reads: what this process measured, and how it stands now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anyio import to_thread

from holdfast import __version__
from holdfast.domain.errors import HoldfastError, NoChampionError
from holdfast.loop.hold import LEASE
from holdfast.serving.calls import Reply
from holdfast.serving.exposition import EXPOSITION_TYPE, Family, Sample, exposition

if TYPE_CHECKING:
    from holdfast.serving.calls import Call
    from holdfast.serving.server import Server

__all__ = ["get_metrics"]

_STORE_SECONDS = 2.0  # a scrape ends after ten by default, and must not fail with the store


async def get_metrics(server: Server, _call: Call) -> Reply:
    """Answer in Prometheus's text format; a store that is away leaves its figures out."""
    families = [
        *server.metrics.families(),
        *_of_features(server),
        *_of_queue(server),
        *_of_model(server),
        *await _of_control(server),
        _gauge("holdfast_server_start_time_seconds", "Unix time.", server.metrics.started_at),
        _gauge("holdfast_build_info", "This version of Holdfast.", 1, version=__version__),
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


def _of_queue(server: Server) -> list[Family]:
    depth, limit = server.work.depth, server.work.limit
    return [
        _gauge("holdfast_queue_depth", "Requests that run or wait for a thread.", depth),
        _gauge("holdfast_queue_limit", "Requests beyond which the answer is a 503.", limit),
    ]


def _of_model(server: Server) -> list[Family]:
    champion = server.ports.champion
    refused = _gauge(
        "holdfast_release_refused",
        "1 while a release that should serve could not be loaded.",
        champion.refusal is not None,
    )
    try:
        served = champion.current()
    except NoChampionError:
        return [refused, _gauge("holdfast_model_loaded", "1 once a model answers.", 0)]
    record = served.record
    return [
        refused,
        _gauge("holdfast_model_loaded", "1 once a model answers.", 1),
        _gauge(
            "holdfast_model_info",
            "The release that answers.",
            1,
            version=record.version,
            release_id=record.release_id,
        ),
        _gauge(
            "holdfast_model_since_timestamp_seconds",
            "Unix time at which the release was put into production.",
            served.since.timestamp(),
        ),
    ]


async def _of_control(server: Server) -> list[Family]:
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            at = await to_thread.run_sync(
                server.ports.views.last_held_at, LEASE, abandon_on_cancel=True
            )
    except (HoldfastError, TimeoutError):
        return []
    if at is None:
        return []
    meaning = "Unix time at which a control loop last took or renewed its lease."
    return [_gauge("holdfast_control_last_tick_timestamp_seconds", meaning, at.timestamp())]


def _gauge(name: str, meaning: str, value: float, **labels: str) -> Family:
    return Family(name=name, kind="gauge", meaning=meaning, samples=[Sample(value, labels)])
