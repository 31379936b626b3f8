"""Text for a database that cannot hold the character NUL: written so that it comes back."""

from __future__ import annotations

__all__ = ["from_stored", "to_stored"]

_NUL, _ESCAPE = "\x00", "\x1a"  # SUBSTITUTE, which hardly any text has


def to_stored(text: str) -> str:
    r"""Return text without NUL, the same for the same text and for no other.

    >>> to_stored("a\x00b")
    'a\x1a0b'
    """
    if _NUL in text or _ESCAPE in text:
        return text.replace(_ESCAPE, _ESCAPE + "1").replace(_NUL, _ESCAPE + "0")
    return text


def from_stored(text: str) -> str:
    """Return the text that `to_stored` was given."""
    if _ESCAPE in text:
        return text.replace(_ESCAPE + "0", _NUL).replace(_ESCAPE + "1", _ESCAPE)
    return text
