"""Which champion a server has in memory, and how another takes its place unnoticed."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import CorruptReleaseError, HoldfastError, NoChampionError
from holdfast.domain.matrix import encode_rows
from holdfast.loop.fetch import fetch_for_serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from holdfast.domain.contract import Contract, Feature, Value
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.ports.clock import Clock
    from holdfast.ports.object_store import ObjectStore
    from holdfast.ports.release_store import Deployment, ReleaseStore
    from holdfast.ports.runtime import LoadedModel, Runtime

__all__ = ["Champion", "Refresher", "Refusal", "ServedModel", "typical_value"]

_LONGEST_PAUSE = 64  # polls between two tries of a refused release: 32 s at two a second

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A champion in memory, with what every request would otherwise work out anew."""

    record: ReleaseRecord
    contract: Contract
    model: LoadedModel
    seq: int  # of the event that put it into production
    since: datetime
    typical: tuple[Value, ...] = field(init=False)  # a whole valid row, in contract order
    known: dict[int, frozenset[str]] = field(init=False)  # categories by column

    def __post_init__(self) -> None:
        features = self.contract.features
        known = {
            index: frozenset(feature.categories)
            for index, feature in enumerate(features)
            if feature.kind is FeatureKind.CATEGORICAL
        }
        object.__setattr__(self, "typical", tuple(map(typical_value, features)))
        object.__setattr__(self, "known", known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A release that should serve but was not let in; the one before it serves on."""

    record: ReleaseRecord
    seq: int
    problem: str
    at: datetime


def typical_value(feature: Feature) -> Value:
    """Return a value that the feature takes: the training data's median or mode.

    A feature whose training values were all missing has none; then missing is typical
    if it may be missing, else any value of its kind.
    """
    if feature.typical is not None or feature.nullable:
        return feature.typical
    if feature.kind is FeatureKind.BOOLEAN:
        return False
    if feature.kind is FeatureKind.NUMERIC:
        return feature.minimum or 0.0
    return feature.categories[0] if feature.categories else "unknown"


class Champion:
    """Holds the model that answers, and swaps it when the store names another.

    Reading (`current`) never waits: a swap replaces one reference. Loading happens in
    whoever calls `refresh` or `poll`, one at a time.

    Args:
        releases: Says what is in production.
        objects: Holds the releases' files.
        runtime: Loads models.
        clock: Dates refusals.
        on_refused: Told once of each deployment whose release was refused; if it raises
            a HoldfastError, it is told again at the next try.
    """

    def __init__(
        self,
        *,
        releases: ReleaseStore,
        objects: ObjectStore,
        runtime: Runtime,
        clock: Clock,
        on_refused: Callable[[Refusal], None] | None = None,
    ) -> None:
        self._releases = releases
        self._objects = objects
        self._runtime = runtime
        self._clock = clock
        self._on_refused = on_refused
        self._one_at_a_time = threading.Lock()
        self._served: ServedModel | None = None
        self._refusal: Refusal | None = None
        self._told_seq = 0
        self._pause = 0  # polls to let pass after the last try
        self._polls_left = 0

    @property
    def refusal(self) -> Refusal | None:
        """The release that should serve but was refused, or None if all is well."""
        return self._refusal

    def current(self) -> ServedModel:
        """Return the model that answers now; hold on to it for the whole request.

        Raises:
            NoChampionError: If none was loaded yet; says if one was refused, and why.
        """
        served = self._served
        if served is None:
            refusal = self._refusal
            raise NoChampionError(refused=None if refusal is None else refusal.problem)
        return served

    def refresh(self) -> None:
        """Serve what the store says is in production, if it is not served already.

        A release that is corrupt, absent or unreadable is refused: the model in memory
        serves on, and `refusal` says why.

        Raises:
            StoreUnavailableError: If the store does not say what is in production.
        """
        with self._one_at_a_time:
            self._refresh(self._releases.deployment())

    def poll(self) -> None:
        """Do as `refresh`, but try a refused release again only after growing pauses.

        A deployment that is new is always tried at once.

        Raises:
            StoreUnavailableError: If the store does not say what is in production.
        """
        with self._one_at_a_time:
            deployment = self._releases.deployment()
            refused = self._refusal
            if refused and deployment and refused.seq == deployment.seq and self._polls_left:
                self._polls_left -= 1
                return
            self._refresh(deployment)

    def _refresh(self, deployment: Deployment | None) -> None:
        served = self._served
        if deployment is None or (served is not None and served.seq == deployment.seq):
            return
        try:
            loaded = self._load(deployment)
        except (CorruptReleaseError, OSError) as error:
            self._refuse(deployment, error)
            return
        self._served = loaded  # one reference, replaced at once
        self._refusal = None
        self._pause = self._polls_left = 0
        _log.info("champion_swapped", model_version=loaded.record.version, seq=loaded.seq)

    def _load(self, deployment: Deployment) -> ServedModel:
        record = deployment.champion
        served = self._served
        if served is not None and served.record.release_id == record.release_id:
            # The same bytes under a later event, as after a rollback of a refused release.
            return replace(served, record=record, seq=deployment.seq, since=deployment.since)
        contract, model = fetch_for_serving(self._objects, record)
        loaded = ServedModel(
            record=record,
            contract=contract,
            model=self._runtime.load(model, contract),
            seq=deployment.seq,
            since=deployment.since,
        )
        _check(loaded)
        return loaded

    def _refuse(self, deployment: Deployment, error: Exception) -> None:
        record = deployment.champion
        problem = (
            f"Release {record.version}: a file of it cannot be read ({type(error).__name__})."
            if isinstance(error, OSError)
            else str(error)
        )
        refusal = Refusal(record=record, seq=deployment.seq, problem=problem, at=self._clock.now())
        first = self._refusal is None or self._refusal.seq != refusal.seq
        self._pause = 1 if first else min(2 * self._pause, _LONGEST_PAUSE)
        self._polls_left = self._pause
        self._refusal = refusal
        if first:
            _log.error("release_refused", model_version=record.version, problem=problem)
        if self._on_refused is not None and self._told_seq != refusal.seq:
            self._on_refused(refusal)
            self._told_seq = refusal.seq  # only once it was taken


def _check(loaded: ServedModel) -> None:
    """Score a typical row before the first client does; this also warms the model up."""
    score = float(loaded.model.score(encode_rows([loaded.typical], loaded.contract))[0])
    if not (math.isfinite(score) and 0.0 <= score <= 1.0):
        found = f"its model scores a typical row {score}, which is no probability"
        raise CorruptReleaseError(loaded.record.release_id, found)


class Refresher:
    """A thread that polls the store for another champion until it is stopped.

    Args:
        champion: What to keep up to date.
        every: Seconds between two polls; a promotion takes effect within this time.
    """

    def __init__(self, champion: Champion, *, every: float = 0.5) -> None:
        self._champion = champion
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="champion-refresher", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs; readiness asks, for without it no swap would happen."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start polling; a refresher starts once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling and wait until a load under way is done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self._champion.poll()
            except HoldfastError as error:
                # The store is away for a while; the champion in memory answers, and
                # readiness reports the store by itself.
                _log.warning("champion_poll_failed", problem=type(error).__name__)
