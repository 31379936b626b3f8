"""How one worker stands at this moment: its queue, its model, its memory."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.domain.errors import NoChampionError
from holdfast.serving.beside import shadow_families
from holdfast.serving.commons import Bulletin
from holdfast.serving.exposition import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from holdfast.serving.server import Server

__all__ = ["gauge", "gauges_of", "of_all_workers", "report_of", "resident_bytes"]

_STATM = Path("/proc/self/statm")


def gauge(name: str, meaning: str, value: float, **labels: str) -> Family:
    """Return a family of one figure that goes up and down."""
    return Family(name=name, kind="gauge", meaning=meaning, samples=[Sample(value, labels)])


def gauges_of(server: Server) -> list[Family]:
    """Return the figures of this process of which a sum over workers would mean nothing."""
    depth, limit = server.work.depth, server.work.limit
    return [
        gauge("holdfast_queue_depth", "Requests that run or wait for a thread.", depth),
        gauge("holdfast_queue_limit", "Requests beyond which the answer is a 503.", limit),
        *_of_model(server),
        *shadow_families(server),
        gauge("holdfast_resident_memory_bytes", "Memory in use.", resident_bytes()),
        gauge("holdfast_server_start_time_seconds", "Unix time.", server.metrics.started_at),
    ]


def report_of(server: Server) -> Bulletin:
    """Return what this process tells the other workers of itself."""
    return Bulletin(
        pid=os.getpid(),
        at=time.monotonic(),
        is_ready=_has_model(server) and not server.stopping.is_set(),
        gauges=[replace(one, samples=_as_floats(one.samples)) for one in gauges_of(server)],
    )


def of_all_workers(reports: Mapping[int, Bulletin]) -> list[Family]:
    """Return every worker's figures, told apart by the label ``worker``."""
    together: dict[str, Family] = {}
    for number, report in sorted(reports.items()):
        for family in report.gauges:
            samples = list(_labelled(family.samples, number))
            known = together.get(family.name)
            if known is not None:
                samples = [*known.samples, *samples]
            together[family.name] = replace(family, samples=samples)
    return list(together.values())


def resident_bytes() -> int:
    """Return the memory that this process has in use; where that is not told, its peak."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _as_floats(samples: Iterable[Sample]) -> list[Sample]:
    """Return samples whose values JSON does not take for truth values."""
    return [replace(sample, value=float(sample.value)) for sample in samples]


def _has_model(server: Server) -> bool:
    try:
        server.ports.champion.current()
    except NoChampionError:
        return False
    return True


def _labelled(samples: Iterable[Sample], number: int) -> Iterable[Sample]:
    for sample in samples:
        yield Sample(sample.value, {**sample.labels, "worker": str(number)}, sample.suffix)


def _of_model(server: Server) -> list[Family]:
    champion = server.ports.champion
    refused = gauge(
        "holdfast_release_refused",
        "1 while a release that should serve could not be loaded.",
        champion.refusal is not None,
    )
    try:
        served = champion.current()
    except NoChampionError:
        return [refused, gauge("holdfast_model_loaded", "1 once a model answers.", 0)]
    record = served.record
    return [
        refused,
        gauge("holdfast_model_loaded", "1 once a model answers.", 1),
        gauge(
            "holdfast_model_info",
            "The release that answers.",
            1,
            version=record.version,
            release_id=record.release_id,
        ),
        gauge(
            "holdfast_model_since_timestamp_seconds",
            "Unix time at which the release was put into production.",
            served.since.timestamp(),
        ),
    ]
