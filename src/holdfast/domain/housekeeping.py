"""Events of the house, not of a model: keys made and revoked, rows dropped, people erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from holdfast.domain.keys import KeyId, KeyScope

__all__ = ["EntityErased", "KeyCreated", "KeyRevoked", "RowsDropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated:
    """An API key was made; its secret and its name stay out of the log."""

    key_id: KeyId
    scopes: tuple[KeyScope, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked:
    """An API key was made useless for good."""

    key_id: KeyId
    scopes: tuple[KeyScope, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsDropped:
    """Rows of one UTC day left the store; they stand in the archive."""

    schema_digest: str
    day: str  # 2026-03-01
    n_predictions: int  # of this day, altogether
    n_labels: int
    n_request_keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityErased:
    """A person was erased; who it was is not said."""

    erasure_id: str
    n_predictions: int  # by this and earlier erasures of the same entity
    n_labels: int
    n_request_keys: int
    n_archived_rows: int  # by this one
