"""The online plane's wiring: a server that cannot train, with nothing heavy in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.loop.online import OnlinePorts
from holdfast.loop.swap import Champion
from holdfast.wiring.logs import log_to_stderr
from holdfast.wiring.project import clock_of, open_objects, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.settings import Settings

__all__ = ["open_online"]


@contextmanager
def open_online(settings: Settings) -> Iterator[OnlinePorts]:
    """Open what a server needs, and close it afterwards.

    Raises:
        StoreUnavailableError: If the project has no store yet.
        StoreVersionError: If another version of Holdfast made it.
    """
    log_to_stderr()
    with open_store(settings, create=False) as store:
        objects, clock = open_objects(settings), clock_of(settings)
        champion = Champion(
            releases=store.releases, objects=objects, runtime=OnnxRuntime(), clock=clock
        )
        yield OnlinePorts(
            champion=champion,
            predictions=store.predictions,
            labels=store.labels,
            views=store.views,
            releases=store.releases,
            objects=objects,
            clock=clock,
            label_maturity=settings.monitor.label_maturity,
            check_store=store.check_writable,
        )
