"""How people hear of an alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from holdfast.domain.evidence import Severity

if TYPE_CHECKING:
    from holdfast.domain.notices import Notice

__all__ = ["Channel", "Notifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to people; what is owed to it waits in its own queue.

    Attributes:
        name: The same in every process of the project; holds no secret.
        least: What is less loud is not sent.
    """

    name: str
    least: Severity = Severity.INFO


class Notifier(Protocol):
    """Delivers notices; may repeat one after a crash, always under the same ids."""

    @property
    def channel(self) -> Channel:
        """Whose queue it empties."""
        ...

    def notify(self, notice: Notice) -> None:
        """Deliver one notice; raise an exception if it was not taken.

        What the exception says is kept in the store and logged: it holds no secret.
        """
        ...
