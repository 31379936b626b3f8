"""Examine a project: store, audit chain, releases, disk; what a doctor looks at."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING, Any

from holdfast.adapters.stores.sql.sqlite import database_path
from holdfast.domain.errors import HoldfastError
from holdfast.domain.events import ReleaseRegistered, verify_chain
from holdfast.domain.ids import ReleaseId
from holdfast.domain.releases import MANIFEST
from holdfast.loop.fetch import fetch_file, fetch_manifest
from holdfast.policy.transitions import fold
from holdfast.wiring.alerts import notifiers_of
from holdfast.wiring.project import clock_of, open_objects, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from holdfast.adapters.stores.sql import SqlStore
    from holdfast.policy.transitions import ControlState
    from holdfast.ports.clock import Clock
    from holdfast.ports.release_store import Deployment
    from holdfast.settings import Settings

__all__ = ["Finding", "examine"]

_LEAST_FREE = 1 << 30  # bytes; a full disk refuses predictions
_SLOW_FSYNC = 0.01  # seconds: the budget for all of a single prediction
_CLOCKS_DIFFER = timedelta(minutes=1)  # from here on it is no matter of rounding, or of load
_DAY = timedelta(days=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    healthy: bool
    words: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def examine(settings: Settings, *, clock: Clock | None = None) -> list[Finding]:
    """Look at everything that a project stands on; finds, and mends nothing.

    Args:
        settings: The project's.
        clock: Examined in place of the one that the project goes by.
    """
    clock = clock or clock_of(settings)
    started_at = None
    found = [_tried("settings", lambda: _settings(settings))]
    try:
        with open_store(settings, create=False) as store:
            found.append(
                Finding(what="store", healthy=True, words="opens, schema is this version's")
            )
            found.append(_tried("database", store.describe))
            found.append(_tried("store writes", lambda: _writes(store)))
            found.append(_tried("store pages", store.check_whole))
            if found[-1].healthy:  # else what is read next may be anything
                found.append(_tried("audit chain", lambda: _chain(store)))
                found.append(_tried("production", lambda: _production(store)))
                found.append(_tried("clock", lambda: _clock(store, settings, clock)))
                with suppress(HoldfastError):  # of a broken chain, which was told above
                    started_at = next((event.at for event in store.events.events()), None)
                found.extend(_releases(settings, store))
    except HoldfastError as error:
        # Whoever reads this runs the doctor already.
        words = str(error).removesuffix(" Run: holdfast doctor")
        found.append(Finding(what="store", healthy=False, words=words))
    if not settings.store.url.startswith("sqlite"):  # the log is on another machine's disk
        return [*found, _disk(settings.project)]
    grown = _grown(settings, started_at, clock.now())
    return [*found, _disk(settings.project, grown), _fsync(settings.project)]


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, healthy=True, words=look())
    except HoldfastError as error:
        return Finding(what=what, healthy=False, words=str(error))


def _settings(settings: Settings) -> str:
    notifiers_of(settings)  # refuses addresses that nothing here can deliver to
    return "holdfast.toml is right"


def _writes(store: SqlStore) -> str:
    store.check_writable()
    return "a write commits"


def _chain(store: SqlStore) -> str:
    return f"{verify_chain(store.events.events())} events, every link verifies"


def _production(store: SqlStore) -> str:
    """Fold the events and compare with the projections that servers read."""
    state = fold(store.events.events())
    deployment = store.releases.deployment()
    served = None if deployment is None else deployment.champion.version
    before = None if deployment is None else deployment.previous
    _require_same("is in production", state.champion, served)
    _require_same("served before", state.previous, None if before is None else before.version)
    _require_same("stands beside it", *_beside(state, deployment))
    registered = {
        event.body.version: (event.body.release_id, event.body.schema_digest)
        for event in store.events.events()
        if isinstance(event.body, ReleaseRegistered)
    }
    known = {r.version: (r.release_id, r.schema_digest) for r in store.releases.releases()}
    for version in sorted(registered.keys() | known.keys()):
        said, read = registered.get(version, (None,)), known.get(version, (None,))
        _require_same(f"is release {version}", said[0], read[0])
        _require_same(f"are the features of {version}", said[-1], read[-1])
    return f"{served or 'nothing'} is in production, events and projections agree"


def _beside(state: ControlState, deployment: Deployment | None) -> tuple[str | None, str | None]:
    """Return in words who stands beside the champion by the events, and by the projections."""
    said, read = state.staged, None if deployment is None else deployment.challenger
    return (
        None if said is None else f"{said.version} as {said.stage} ({said.share})",
        None if read is None else f"{read.record.version} as {read.stage} ({read.share})",
    )


def _require_same(what: str, said: str | None, read: str | None) -> None:
    if said != read:
        raise HoldfastError(
            f"the events say that {said or 'nothing'} {what}, servers read {read or 'nothing'}. "
            "Restore the store from a backup."
        )


def _releases(settings: Settings, store: SqlStore) -> Iterator[Finding]:
    objects = open_objects(settings)
    for record in store.releases.releases():

        def intact(release_id: str = record.release_id) -> str:
            manifest = fetch_manifest(objects, ReleaseId(release_id))
            for name in manifest.files:
                fetch_file(objects, ReleaseId(release_id), manifest, name)
            return f"{len(manifest.files)} files and {MANIFEST} have their digests"

        yield _tried(f"release {record.version}", intact)


def _clock(store: SqlStore, settings: Settings, clock: Clock) -> str:
    """Compare the clock with what was logged by it, and with that of the disk."""
    now = clock.now()
    if settings.clock.file is None:  # else it is no clock that a disk could have
        stamped = _stamped(settings.project)
        if abs(now - stamped) > _CLOCKS_DIFFER:
            raise HoldfastError(
                f"it says {_told(now)}, but a file written now bears {_told(stamped)}. "
                "Set the clocks of this machine and of the one that has its disk by NTP "
                "(timedatectl set-ntp true)."
            )
    what, at = _newest(store)
    if now < at - _CLOCKS_DIFFER:
        raise HoldfastError(
            f"it says {_told(now)}, but the newest {what} is of {_told(at)}: either it was set "
            "back, or it was ahead then. Windows and the age of labels go by it. Set it by NTP "
            "(timedatectl set-ntp true); if it is right now, wait until that moment has passed "
            "before you judge a window."
        )
    return f"says {_told(now)}, not before the newest {what}"


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _stamped(folder: Path) -> datetime:
    """Return what time it is for the disk."""
    path = folder / f".holdfast-clock-{os.getpid()}"
    try:
        path.touch()
        stamp = path.stat().st_mtime
        path.unlink()
    except OSError as error:
        raise HoldfastError(
            f"no file can be written into {folder} to compare it with: {error.strerror}"
        ) from error
    return datetime.fromtimestamp(stamp, UTC)


def _newest(store: SqlStore) -> tuple[str, datetime]:
    """Return what was written last by the clock, and when."""
    found = [("event", event.at) for event in store.views.recent_events(limit=1)]
    predicted_at = store.views.status().last_prediction_at
    if predicted_at is not None:
        found.append(("prediction", predicted_at))
    nothing = ("thing logged, of which there is none", _BEGINNING)
    return max(found, key=itemgetter(1), default=nothing)


def _disk(folder: Path, grown: float | None = None) -> Finding:
    """Tell how much is free, and for how long if the store grows on by `grown` bytes a day."""
    free = shutil.disk_usage(folder).free
    words = f"{free / (1 << 30):.1f} GiB are free"
    if grown:
        words += f", enough for {free / grown:,.0f} days as the store has grown so far"
        words += f" ({grown / (1 << 20):,.1f} MiB a day)"
    return Finding(what="disk", healthy=free >= _LEAST_FREE, words=words)


def _grown(settings: Settings, since: datetime | None, now: datetime) -> float | None:
    """Return how many bytes a day a SQLite store has grown by; None if it is too young."""
    path = database_path(settings.store.url)
    if since is None or now - since < _DAY or not path.exists():
        return None
    return path.stat().st_size / ((now - since) / _DAY)


def _fsync(folder: Path) -> Finding:
    """Time what every acknowledged prediction waits for."""
    path = folder / f".holdfast-fsync-{os.getpid()}"
    times = []
    try:
        with path.open("wb") as file:
            for _ in range(5):
                file.write(b"x" * 4096)
                file.flush()
                begin = time.perf_counter()
                os.fsync(file.fileno())
                times.append(time.perf_counter() - begin)
    except OSError as error:
        return Finding(what="fsync", healthy=False, words=f"fails here: {error.strerror}")
    finally:
        path.unlink(missing_ok=True)
    took = median(times)
    words = f"median {took * 1000:.1f} ms"
    if took >= _SLOW_FSYNC:
        words += (
            f": slow, so that one client gets at most {1 / took:,.0f} answers a second. "
            "Put the store on a local SSD"
        )
    return Finding(what="fsync", healthy=True, words=words)
