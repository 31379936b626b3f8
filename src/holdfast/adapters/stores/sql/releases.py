"""Which releases exist and what was in production when: written with each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from holdfast.adapters.stores.sql.schema import deployments, events, releases, stages
from holdfast.domain.errors import UnknownReleaseError, VersionTakenError
from holdfast.domain.events import (
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    ReleaseRegistered,
    StageEnded,
    decode_body,
)
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.releases import ReleaseRecord
from holdfast.domain.stages import Stage
from holdfast.ports.release_store import Deployment, StagedRelease

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.domain.events import Event

__all__ = ["SqlReleaseStore", "current_deployment", "project"]


class SqlReleaseStore:
    """`ReleaseStore` in SQL: reads of what `project` wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deployment(self) -> Deployment | None:
        """See `ReleaseStore.deployment`."""
        with self._database.read() as connection:
            return current_deployment(connection)

    def deployment_at(self, moment: datetime) -> Deployment | None:
        """See `ReleaseStore.deployment_at`."""
        with self._database.read() as connection:
            return current_deployment(connection, at=moment)

    def release(self, version: ModelVersion) -> ReleaseRecord:
        """See `ReleaseStore.release`."""
        with self._database.read() as connection:
            return _release(connection, version)

    def releases(self) -> tuple[ReleaseRecord, ...]:
        """See `ReleaseStore.releases`."""
        with self._database.read() as connection:
            return _releases(connection)


def current_deployment(connection: Connection, *, at: datetime | None = None) -> Deployment | None:
    """Return what was in production at a moment, or is now."""
    query = select(deployments).order_by(deployments.c.seq.desc()).limit(1)
    row = connection.execute(query if at is None else query.where(deployments.c.at <= at)).first()
    if row is None:
        return None
    return Deployment(
        champion=_release(connection, row.version),
        previous=None if row.previous is None else _release(connection, row.previous),
        since=row.at,
        seq=row.seq,
        challenger=_challenger(connection, after=row.seq, at=at),
    )


def _challenger(connection: Connection, *, after: int, at: datetime | None) -> StagedRelease | None:
    """Return who stands beside the champion that an event put there."""
    query = (
        select(stages, events.c.kind, events.c.body)
        .outerjoin(events, events.c.seq == stages.c.seq)  # a row without one is found by doctor
        .where(stages.c.seq > after)
        .order_by(stages.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query if at is None else query.where(stages.c.at <= at)).first()
    if row is None or row.version is None:
        return None
    return StagedRelease(
        record=_release(connection, row.version),
        stage=Stage(row.stage),
        share=row.share,
        since=row.at,
        seq=row.seq,
        until=_ends_at(row),
    )


def _ends_at(row: Row[Any]) -> datetime | None:
    """Return when a probation ends, which the event that began it says."""
    if row.stage != Stage.PROBATION.value or row.kind is None:
        return None
    body = decode_body(row.kind, row.body.encode())
    return body.until if isinstance(body, ChallengerStaged) else None


def project(connection: Connection, event: Event) -> None:
    """Write what an event means for releases and deployments, in the event's transaction.

    Raises:
        UnknownReleaseError: If it puts a release into production that was never registered.
        VersionTakenError: If it registers a version that another release bears.
    """
    match event.body:
        case ReleaseRegistered() as body:
            _register(connection, event.seq, body)
        case ChampionPromoted() as body:
            _deploy(connection, event, body.version, body.previous)
        case ChampionRolledBack() as body:
            _deploy(connection, event, body.version, body.replaced)
        case ChallengerStaged() as body:
            _release(connection, body.version)
            who = {"version": body.version, "stage": body.stage.value, "share": body.share}
            connection.execute(insert(stages).values(seq=event.seq, at=event.at, **who))
        case StageEnded():
            connection.execute(insert(stages).values(seq=event.seq, at=event.at))
        case _:
            pass


def _register(connection: Connection, seq: int, body: ReleaseRegistered) -> None:
    taken = select(releases.c.version).where(releases.c.version == body.version)
    if connection.execute(taken).first() is not None:
        raise VersionTakenError(body.version)
    connection.execute(
        insert(releases).values(
            version=body.version,
            release_id=body.release_id,
            schema_digest=body.schema_digest,
            seq=seq,
        )
    )


def _deploy(
    connection: Connection, event: Event, version: ModelVersion, previous: ModelVersion | None
) -> None:
    _release(connection, version)
    connection.execute(
        insert(deployments).values(seq=event.seq, at=event.at, version=version, previous=previous)
    )


def _release(connection: Connection, version: ModelVersion) -> ReleaseRecord:
    row = connection.execute(select(releases).where(releases.c.version == version)).first()
    if row is None:
        known = [release.version for release in _releases(connection)]
        raise UnknownReleaseError(version, known=known)
    return _record(row)


def _releases(connection: Connection) -> tuple[ReleaseRecord, ...]:
    rows = connection.execute(select(releases).order_by(releases.c.seq))
    return tuple(_record(row) for row in rows)


def _record(row: Row[Any]) -> ReleaseRecord:
    return ReleaseRecord(
        version=ModelVersion(row.version),
        release_id=ReleaseId(row.release_id),
        schema_digest=row.schema_digest,
    )
