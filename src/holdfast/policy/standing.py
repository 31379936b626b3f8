"""How far each release has come: candidate, shadow, canary, champion, previous or retired."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.domain.events import (
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    ReleaseRegistered,
    StageEnded,
)
from holdfast.domain.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.events import Event
    from holdfast.domain.ids import ModelVersion

__all__ = ["Standing", "standings"]


class Standing(StrEnum):
    """Where a release stands; any but the champion may be put into production again."""

    CANDIDATE = "candidate"  # registered, and not tried yet
    SHADOW = "shadow"  # scores beside the champion, and answers nobody
    CANARY = "canary"  # answers a share of the requests
    CHAMPION = "champion"
    PREVIOUS = "previous"  # served before the champion; a rollback returns to it
    RETIRED = "retired"  # served, or was tried, and does so no more


_BESIDE = {Stage.SHADOW: Standing.SHADOW, Stage.CANARY: Standing.CANARY}


def standings(events: Iterable[Event]) -> dict[ModelVersion, Standing]:
    """Return where each release stands after the events, in order of registration.

    There is one champion at most, one release before it, and one that is tried beside it. A
    release that served before and is tried again counts as tried.

    Args:
        events: From the first on, in order of their sequence.

    >>> standings([])
    {}
    """
    found: dict[ModelVersion, Standing] = {}
    previous: ModelVersion | None = None
    for event in events:
        match event.body:
            case ReleaseRegistered(version=version):
                found[version] = Standing.CANDIDATE
            case ChampionPromoted(version=version) | ChampionRolledBack(version=version):
                previous = _came_into_production(found, version)
            case ChallengerStaged(version=version, stage=stage) if stage in _BESIDE:
                _clear(found, previous)
                found[version] = _BESIDE[stage]
            case StageEnded():
                _clear(found, previous)
    return found


def _came_into_production(
    found: dict[ModelVersion, Standing], version: ModelVersion
) -> ModelVersion | None:
    """Move the champion on; return the one that it replaced."""
    replaced = next((v for v, standing in found.items() if standing is Standing.CHAMPION), None)
    for known, standing in found.items():
        if standing is not Standing.CANDIDATE:
            found[known] = Standing.RETIRED
    if replaced is not None:
        found[replaced] = Standing.PREVIOUS
    found[version] = Standing.CHAMPION
    return replaced


def _clear(found: dict[ModelVersion, Standing], previous: ModelVersion | None) -> None:
    """End the stage of whoever is tried."""
    for version, standing in found.items():
        if standing in _BESIDE.values():
            found[version] = Standing.PREVIOUS if version == previous else Standing.RETIRED
