"""How better hyperparameters are looked for: what a trainer lets vary, and who proposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from holdfast.ports.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Setting", "Span", "Study", "TunableTrainer", "Tuner"]

Setting = dict[str, float | int]
"""One value for each hyperparameter that may vary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The values that one hyperparameter may take.

    Attributes:
        low: The least.
        high: The greatest.
        ratio: Whether a doubling counts alike everywhere, as it does for a learning rate.
        whole: Whether it is a whole number.
    """

    low: float
    high: float
    ratio: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a span needs low < high; found {self.low} and {self.high}")
        if self.ratio and self.low <= 0:
            raise ValueError(f"a span of ratios begins above 0; found {self.low}")


@runtime_checkable
class TunableTrainer(Trainer, Protocol):
    """A trainer some of whose hyperparameters may vary."""

    @property
    def spans(self) -> Mapping[str, Span]:
        """What may vary, and how far; empty if nothing may."""
        ...

    @property
    def setting(self) -> Setting:
        """The values that are in force now, one for each of `spans`."""
        ...

    def with_setting(self, setting: Setting) -> Self:
        """Return the same trainer with other values; those not named stay."""
        ...


class Study(Protocol):
    """One search: it proposes a setting, hears what it was worth, and proposes the next."""

    def ask(self) -> Setting:
        """Return the next setting to try: the one that the search began with, first."""
        ...

    def tell(self, loss: float | None) -> None:
        """Say what the setting that was asked for last came to; None says that it failed."""
        ...


class Tuner(Protocol):
    """Begins searches; the same seed and the same losses give the same proposals."""

    def study(self, spans: Mapping[str, Span], *, first: Setting, seed: int) -> Study:
        """Begin a search for the least loss.

        Args:
            spans: What may vary, and how far.
            first: The setting to try first, within the spans.
            seed: Fixes every random choice.
        """
        ...
