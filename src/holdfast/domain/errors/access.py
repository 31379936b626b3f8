"""Who asks may not: no usable key, or one that does not open this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors.root import HoldfastError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AccessError", "KeyNeededError", "MissingScopeError"]


class AccessError(HoldfastError):
    """Who asks may not; never carries what was presented as a secret."""

    def __init__(self, message: str, *, scope: str) -> None:
        super().__init__(message)
        self.scope = scope


class KeyNeededError(AccessError):
    """No usable API key came with a request."""

    def __init__(self, found: str, *, scope: str) -> None:
        super().__init__(
            f"{found} This needs one with the scope '{scope}', sent as "
            f"'Authorization: Bearer …' or 'X-API-Key: …'. "
            f"Make one with: holdfast keys create --scope {scope}",
            scope=scope,
        )
        self.found = found


class MissingScopeError(AccessError):
    """A usable key does not open what was asked for."""

    def __init__(self, *, scope: str, has: Sequence[str]) -> None:
        super().__init__(
            f"This needs an API key with the scope '{scope}'; the one that was sent has "
            f"{', '.join(has)}. Make one with: holdfast keys create --scope {scope}",
            scope=scope,
        )
        self.has = tuple(has)
