"""Keep the champion's figures in a file beside the releases, for whoever reads no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import CorruptReleaseError
from holdfast.loop.fetch_reference import fetch_metrics

if TYPE_CHECKING:
    from holdfast.loop.control import ControlPorts
    from holdfast.ports.release_store import Deployment

__all__ = ["PRODUCTION_METRICS", "publish"]

PRODUCTION_METRICS = "production_metrics.json"

_log = structlog.get_logger(__name__)


def publish(ports: ControlPorts) -> None:
    """Bring the file up to date: it says what serves, since when, and what that reached.

    Who stopped between a promotion and this is helped by the next tick. What cannot be read
    or written is logged, and stops nothing.
    """
    deployment = ports.releases.deployment()
    if deployment is None:
        return
    try:
        wanted = _figures(ports, deployment)
        if _present(ports) != wanted:
            ports.objects.publish(PRODUCTION_METRICS, wanted)
    except (CorruptReleaseError, OSError) as error:
        _log.warning("production_metrics_not_written", problem=str(error))


def _figures(ports: ControlPorts, deployment: Deployment) -> bytes:
    record, previous = deployment.champion, deployment.previous
    return canonical_json(
        {
            "schema_version": 1,
            "version": record.version,
            "release_id": record.release_id,
            "since": deployment.since,
            "previous": None if previous is None else previous.version,
            "metrics": fetch_metrics(ports.objects, record.release_id),
        }
    )


def _present(ports: ControlPorts) -> bytes | None:
    try:
        return ports.objects.published(PRODUCTION_METRICS)
    except FileNotFoundError:
        return None
