"""The online plane's wiring: a server that cannot train, with nothing heavy in it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.events import AlertRaised
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.loop.online import OnlinePorts
from holdfast.loop.swap import Champion
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect
from holdfast.wiring.logs import log_to_stderr
from holdfast.wiring.project import clock_of, open_objects, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.loop.refusals import Refusal
    from holdfast.ports.event_log import EventLog
    from holdfast.settings import Settings

__all__ = ["open_online"]


@contextmanager
def open_online(settings: Settings) -> Iterator[OnlinePorts]:
    """Open what a server needs, and close it afterwards.

    Raises:
        NoStoreError: If the project has no store yet.
        StoreVersionError: If another version of Holdfast made it.
    """
    log_to_stderr(least=logging.CRITICAL)  # a command's own error line says what was refused
    with open_store(settings, create=False) as store:
        objects, clock = open_objects(settings), clock_of(settings)
        champion = Champion(
            releases=store.releases,
            objects=objects,
            runtime=OnnxRuntime(),
            clock=clock,
            on_refused=partial(_alert, store.events),
        )
        yield OnlinePorts(
            champion=champion,
            predictions=store.predictions,
            labels=store.labels,
            views=store.views,
            releases=store.releases,
            objects=objects,
            clock=clock,
            keys=store.keys,
            label_maturity=settings.monitor.label_maturity,
            check_store=store.check_writable,
            durability=settings.store.durability,
        )


def _alert(events: EventLog, refusal: Refusal) -> None:
    """Write down that a release was refused, or failed on rows; the control plane tells people."""
    alert = Alert(
        trigger=Trigger.SERVING,
        severity=Severity.CRITICAL,
        subject=refusal.record.version,
        message=refusal.problem,
        statistic=None if refusal.n_failed is None else float(refusal.n_failed),
    )
    # Once for a deployment, however many servers refuse it; rows that failed add up instead.
    key = f"{refusal.seq}/refused" if refusal.n_failed is None else None
    effects = (Effect(channel="notifier", payload={"alert": alert}),) if refusal.is_first else ()
    draft = Draft(
        body=AlertRaised(alert=alert, model_version=refusal.record.version),
        actor="server",
        key=key,
        effects=effects,
    )
    events.append([draft], at=refusal.at)
