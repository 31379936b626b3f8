"""The online plane's wiring: a server that cannot train, with nothing heavy in it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.events import AlertRaised
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.loop.announce import owed_of
from holdfast.loop.online import OnlinePorts
from holdfast.loop.swap import Champion
from holdfast.policy.incidents import incident_called
from holdfast.ports.event_log import Draft
from holdfast.wiring.alerts import channels_of
from holdfast.wiring.logs import log_to_stderr
from holdfast.wiring.project import clock_of, holdout_of, open_objects, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.loop.refusals import Refusal
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.notifier import Channel
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
            on_refused=partial(_alert, store.events, channels_of(settings)),
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
            holdout=holdout_of(settings),
        )


def _alert(events: EventLog, channels: Sequence[Channel], refusal: Refusal) -> None:
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
    version, fails = refusal.record.version, refusal.n_failed is not None
    incident_id = incident_called(version, alert, since=refusal.at)
    effects = (
        owed_of(events, alert, channels, at=refusal.at, incident_id=incident_id)
        if refusal.is_first
        else ()
    )
    draft = Draft(
        body=AlertRaised(
            alert=alert,
            model_version=version,
            incident_id=incident_id,
            raised_at=refusal.at if fails else None,
            edge=fails,  # what could not be loaded stays so; rows fail when they come
        ),
        actor="server",
        key=key,
        effects=effects,
    )
    events.append([draft], at=refusal.at)
