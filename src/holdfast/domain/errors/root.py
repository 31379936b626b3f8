"""What every error of Holdfast is, and the nearest word to a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HoldfastError", "nearest"]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one most likely meant, or None.

    >>> nearest("tenur", ["tenure", "Contract"])
    'tenure'
    >>> nearest("zzz", ["tenure"]) is None
    True
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


class HoldfastError(Exception):
    """The root: everything Holdfast raises on purpose."""
