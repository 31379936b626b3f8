"""A mirror for people: runs, versions and aliases in a tracking server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.domain.ids import EventId, ModelVersion
    from holdfast.domain.releases import Manifest, ModelMetrics

__all__ = ["ModelRegistry"]


class ModelRegistry(Protocol):
    """Mirrors releases and aliases; every call is idempotent by its event id."""

    def record_release(
        self,
        *,
        event_id: EventId,
        version: ModelVersion,
        manifest: Manifest,
        metrics: ModelMetrics,
        model: bytes,
        model_card: bytes,
        tags: dict[str, str],
    ) -> None:
        """Record a training run with parameters, metrics, model and card, and register it.

        A second call with the same event id finds the first one's run and adds nothing,
        or completes it if the first call broke off.
        """
        ...

    def set_aliases(self, aliases: dict[str, ModelVersion | None]) -> None:
        """Point `champion`, `challenger`, `previous` at versions; None removes one.

        Raises:
            LookupError: If a version is not recorded here (yet).
        """
        ...
