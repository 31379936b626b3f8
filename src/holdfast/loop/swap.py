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
from holdfast.domain.stages import Stage
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from holdfast.domain.contract import Contract, Feature, Value
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.loop.refusals import Refusal
    from holdfast.ports.clock import Clock
    from holdfast.ports.object_store import ObjectStore
    from holdfast.ports.release_store import Deployment, ReleaseStore, StagedRelease
    from holdfast.ports.runtime import LoadedModel, Runtime

__all__ = ["Champion", "Refresher", "ServedChallenger", "ServedModel", "Troubles", "typical_value"]

_log = structlog.get_logger(__name__)


class Troubles:
    """How many rows a model could not score; safe over threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n = 0

    @property
    def n(self) -> int:
        """Rows since it was loaded."""
        return self._n

    def add(self, n: int) -> None:
        """Count rows that another answer, or none, had to do for."""
        with self._lock:
            self._n += n


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A champion in memory, with what every request would otherwise work out anew.

    Who stands beside it comes with it: a request sees one state of production throughout.
    """

    record: ReleaseRecord
    contract: Contract
    model: LoadedModel
    seq: int  # of the event that put it into production
    since: datetime
    challenger: ServedChallenger | None = None
    troubles: Troubles = field(default_factory=Troubles)
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
class ServedChallenger:
    """A challenger in memory beside the champion."""

    served: ServedModel
    stage: Stage
    share: float
    salt: str  # the same while it stands beside the same champion, whatever its share
    required: tuple[int, ...] = ()  # columns that may be missing for the champion only
    troubles: Troubles = field(default_factory=Troubles)

    def takes(self, row: Sequence[Value]) -> bool:
        """Return whether a row that is valid for the champion is valid for it as well."""
        return all(row[column] is not None for column in self.required)


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
        self._one_at_a_time = threading.Lock()
        self._served: ServedModel | None = None
        self._refusals = Refusals(clock, on_refused)
        self._of_challengers = Refusals(clock, on_refused)

    @property
    def refusal(self) -> Refusal | None:
        """The release that should serve but was refused, or None if all is well."""
        return self._refusals.latest

    @property
    def challenger_refusal(self) -> Refusal | None:
        """The challenger that should stand beside it but was refused; the champion answers all."""
        return self._of_challengers.latest

    def now(self) -> ServedModel | None:
        """Return the model that answers now, or None if none was loaded yet."""
        return self._served

    def current(self) -> ServedModel:
        """Return the model that answers now; hold on to it for the whole request.

        Raises:
            NoChampionError: If none was loaded yet; says if one was refused, and why.
        """
        served = self._served
        if served is None:
            refusal = self._refusals.latest
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
            if deployment is None or not self._refusals.let_pass(deployment.seq):
                self._refresh(deployment, polls=True)

    def _refresh(self, deployment: Deployment | None, *, polls: bool = False) -> None:
        if deployment is None:
            return
        before = served = self._served
        if served is None or served.seq != deployment.seq:
            try:
                served = self._load(deployment)
            except (CorruptReleaseError, OSError) as error:
                self._refusals.refuse(deployment.champion, deployment.seq, error)
                return
            self._served = served  # one reference, replaced at once
            self._refusals.clear()
            _log.info("champion_swapped", model_version=served.record.version, seq=served.seq)
        self._refusals.count(served.record, served.seq, served.troubles.n)
        self._accompany(served, deployment.challenger, before=before, polls=polls)

    def _accompany(
        self,
        served: ServedModel,
        staged: StagedRelease | None,
        *,
        before: ServedModel | None,
        polls: bool,
    ) -> None:
        """Put beside the champion whoever the store names: often the one that served until now."""
        beside = served.challenger
        if staged is None:
            self._of_challengers.clear()
            if beside is not None:
                self._served = replace(served, challenger=None)
            return
        if beside is None or beside.served.seq != staged.seq:
            if polls and self._of_challengers.let_pass(staged.seq):
                return
            try:
                beside = self._load_challenger(served, staged, before)
            except (CorruptReleaseError, OSError) as error:
                self._served = replace(served, challenger=None)
                self._of_challengers.refuse(staged.record, staged.seq, error)
                return
            self._served = replace(served, challenger=beside)
            self._of_challengers.clear()
            version = beside.served.record.version
            _log.info("challenger_staged", model_version=version, stage=staged.stage.value)
        # Of the champion before, in a probation, some rows are no reason to let the new one be.
        if beside.stage is not Stage.PROBATION and (n := beside.troubles.n):
            self._of_challengers.complain(
                staged.record,
                staged.seq,
                f"{staged.record.version}, staged as {staged.stage.value}, could not score rows "
                f"({n} so far); every one was answered all the same.",
            )

    def _load(self, deployment: Deployment) -> ServedModel:
        loaded = self._in_memory(deployment.champion)
        # The same bytes may be there under another event: after a rollback of a refused
        # release, or because the champion was the challenger until now.
        loaded = loaded or self._loaded(deployment.champion)
        return replace(
            loaded,
            record=deployment.champion,
            seq=deployment.seq,
            since=deployment.since,
            challenger=None,
            troubles=Troubles(),
        )

    def _load_challenger(
        self, champion: ServedModel, staged: StagedRelease, before: ServedModel | None
    ) -> ServedChallenger:
        record = staged.record
        if record.schema_digest != champion.record.schema_digest:
            found = "it takes other features than the champion beside which it should stand"
            raise CorruptReleaseError(record.release_id, found)
        is_before = before is not None and before.record.release_id == record.release_id
        loaded = (before if is_before else self._in_memory(record)) or self._loaded(record)
        return ServedChallenger(
            served=replace(
                loaded, record=record, seq=staged.seq, since=staged.since, challenger=None
            ),
            stage=staged.stage,
            share=staged.share or 0.0,
            salt=f"{record.release_id}:{champion.seq}",
            required=_required(champion.contract, loaded.contract),
        )

    def _in_memory(self, record: ReleaseRecord) -> ServedModel | None:
        """Return the model of a release if it is loaded already."""
        served = self._served
        beside = None if served is None or served.challenger is None else served.challenger.served
        for model in (served, beside):
            if model is not None and model.record.release_id == record.release_id:
                return model
        return None

    def _loaded(self, record: ReleaseRecord) -> ServedModel:
        """Read a release's files, load its model and let it score once."""
        contract, model = fetch_for_serving(self._objects, record)
        loaded = ServedModel(
            record=record,
            contract=contract,
            model=self._runtime.load(model, contract),
            seq=0,  # of no event yet
            since=self._clock.now(),
        )
        _check(loaded)
        return loaded


def _required(champion: Contract, challenger: Contract) -> tuple[int, ...]:
    pairs = zip(champion.features, challenger.features, strict=True)
    return tuple(i for i, (may, must) in enumerate(pairs) if may.nullable and not must.nullable)


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
