"""Whether the server lives, whether it may get traffic, and how the project stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from anyio import to_thread
from starlette.concurrency import run_in_threadpool

from holdfast.domain.errors import HoldfastError, NoChampionError, StoreUnavailableError
from holdfast.serving.beside import challenger_state, probation_json, roles_of, staged_json
from holdfast.serving.calls import json_reply

if TYPE_CHECKING:
    from holdfast.domain.events import Event
    from holdfast.ports.views import Status
    from holdfast.serving.calls import Call, Reply
    from holdfast.serving.server import Server

__all__ = ["get_live", "get_ready", "get_status", "serving_state"]


_PROBE_SECONDS = 2.0  # supervisors give up after some seconds; they shall hear why


async def get_live(server: Server, _call: Call) -> Reply:
    """Answer; a process that cannot should be restarted."""
    return json_reply({"status": "live", **_worker(server)})


async def get_ready(server: Server, _call: Call) -> Reply:
    """Say whether requests would be answered, and if not, why not.

    A model must be in memory, the store must take a write, the queue must have room, and
    the server must not have been asked to stop. A request may reach any worker: so each
    answers for the others' models as well.
    """
    checks = {
        "model": _model_check(server),
        "store": await _store_check(server),
        "queue": _queue_check(server),
        **_workers_check(server),
        **_stopping_check(server),
    }
    ready = all(check["ok"] for check in checks.values())
    return json_reply(
        {
            "status": "ready" if ready else "not_ready",
            "durability": server.ports.durability,
            **_worker(server),
            "checks": checks,
        },
        status=200 if ready else 503,
    )


async def get_status(server: Server, _call: Call) -> Reply:
    """Say what is in production, what was logged and labelled, and what the loop found."""
    status = await run_in_threadpool(server.ports.views.status)
    return json_reply({**_status(status), "serving": serving_state(server)})


def serving_state(server: Server) -> dict[str, Any]:
    """Return what this process serves and has counted since it started."""
    refusal = server.ports.champion.refusal
    try:
        served = server.ports.champion.current()
    except NoChampionError:
        version = None
    else:
        version = served.record.version
    return {
        "model_version": version,
        "refused": None
        if refusal is None
        else {
            "model_version": refusal.record.version,
            "problem": refusal.problem,
            "at": refusal.at,
        },
        **challenger_state(server),
        **server.counters.snapshot(),
    }


def _model_check(server: Server) -> dict[str, Any]:
    refusal = server.ports.champion.refusal
    refused = "" if refusal is None else f" {refusal.problem}"
    try:
        version = server.ports.champion.current().record.version
    except NoChampionError as error:
        return {"ok": False, "detail": f"{refused.strip() or error}"}
    if not server.refresher.alive:
        return {"ok": False, "detail": "the refresher has ended; restart this server"}
    return {"ok": True, "detail": f"{version} answers.{refused}"}


async def _store_check(server: Server) -> dict[str, Any]:
    """Commit a write that changes nothing; a store that hangs is as good as none."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await to_thread.run_sync(server.ports.check_store, abandon_on_cancel=True)
    except TimeoutError:
        return {"ok": False, "detail": f"took no write within {_PROBE_SECONDS:g} seconds"}
    except HoldfastError as error:
        trouble = error.trouble if isinstance(error, StoreUnavailableError) else None
        why = f": {trouble}" if trouble else f" ({type(error).__name__})"
        return {"ok": False, "detail": f"takes no writes{why}"}
    return {"ok": True, "detail": "takes writes"}


def _queue_check(server: Server) -> dict[str, Any]:
    depth, limit = server.work.depth, server.work.limit
    if depth >= limit:
        return {"ok": False, "detail": f"is full: {depth} of {limit} requests are under way"}
    return {"ok": True, "detail": "has room"}


def _worker(server: Server) -> dict[str, Any]:
    """Return which worker answers, where there are several."""
    return {} if server.commons is None else {"worker": server.commons.number}


def _workers_check(server: Server) -> dict[str, Any]:
    """Judge the others by their latest report; one that has ended takes no requests."""
    commons = server.commons
    if commons is None:
        return {}
    reports = {n: one for n, one in commons.bulletins().items() if n != commons.number}
    without = [str(n) for n, one in reports.items() if not one.is_ready]
    detail = f"{len(reports) + 1} of {commons.n_workers} are at work"
    if without:
        return {"workers": {"ok": False, "detail": f"{detail}; not ready: {', '.join(without)}"}}
    return {"workers": {"ok": True, "detail": detail}}


def _stopping_check(server: Server) -> dict[str, Any]:
    if not server.stopping.is_set():
        return {}
    return {"stopping": {"ok": False, "detail": "was asked to stop; finishes what has come"}}


def _status(status: Status) -> dict[str, Any]:
    deployment = status.deployment
    return {
        "champion": deployment and deployment.champion.version,
        "previous": deployment and deployment.previous and deployment.previous.version,
        "since": deployment and deployment.since,
        "challenger": deployment and staged_json(deployment.challenger),
        "probation": probation_json(deployment),
        "n_predictions": status.n_predictions,
        "n_predictions_by_version": status.n_predictions_by_version,
        **roles_of(status),
        "last_prediction_at": status.last_prediction_at,
        "labels": {
            name: count
            for name, count in msgspec.to_builtins(status.labels).items()
            if name != "fates"
        },
        "last_tick_at": status.loop.last_tick_at,
        "next_tick_at": status.loop.next_tick_at,
        "last_window": _event(status.last_window),
        "last_decision": _event(status.last_decision),
        "open_alerts": msgspec.to_builtins(status.open_alerts),
        "n_effects_pending": status.n_effects_pending,
    }


def _event(event: Event | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {
        "event_id": event.event_id,
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        **msgspec.to_builtins(event.body),
    }
