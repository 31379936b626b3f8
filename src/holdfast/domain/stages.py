"""The stages of a challenger in production, and whom a share of the traffic takes in."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import lru_cache

__all__ = ["Ending", "Stage", "in_share"]

_RANGE = 1 << 64  # values that a hash of eight bytes has


class Stage(StrEnum):
    """What a release does beside the champion."""

    SHADOW = "shadow"  # scores the same rows; nobody is given its answers
    CANARY = "canary"  # answers a share of the requests
    PROBATION = "probation"  # the champion before this one scores on, as a shadow does

    @property
    def answers(self) -> bool:
        """Whether somebody is given what it says."""
        return self is Stage.CANARY


class Ending(StrEnum):
    """How a release's stage beside the champion ended."""

    PROMOTED = "promoted"  # it is the champion now
    WITHDRAWN = "withdrawn"  # it serves nobody any more
    PASSED = "passed"  # the champion stood its probation beside it


def in_share(whom: str, *, salt: str, share: float) -> bool:
    """Return whether an entity belongs to a share of all.

    The answer is the same in every process and at every time, and whoever belongs to a
    share belongs to every greater one under the same salt. Another salt takes in others.

    Args:
        whom: An entity, or the id of a prediction that names none.
        salt: Sets one drawing of the share apart from another.
        share: Of all, in (0, 1).

    >>> in_share("customer-4711", salt="v2", share=0.9)
    True
    >>> in_share("customer-4711", salt="v2", share=0.01)
    False
    """
    drawn = hashlib.blake2b(whom.encode(), digest_size=8, key=_key(salt)).digest()
    return int.from_bytes(drawn) < share * _RANGE


@lru_cache(maxsize=16)
def _key(salt: str) -> bytes:
    """Return the salt as a key: no choice of entity and salt runs into another's."""
    return hashlib.blake2b(salt.encode(), digest_size=32).digest()
