"""What built-in trainers have in common that may be tuned: spans by the names of their fields."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.ports.tuner import Setting, Span

__all__ = ["TunableByFields"]


class TunableByFields:
    """Half of `TunableTrainer`, for a dataclass whose `spans` are named as its fields."""

    __slots__ = ()
    spans: ClassVar[Mapping[str, Span]]

    @property
    def setting(self) -> Setting:
        """The values that are in force; see `TunableTrainer.setting`."""
        return {name: getattr(self, name) for name in self.spans}

    def with_setting(self, setting: Setting) -> Self:
        """Return the trainer with other values; see `TunableTrainer.with_setting`."""
        changed: dict[str, Any] = setting  # whole numbers where the spans say so
        return replace(self, **changed)  # type: ignore[type-var] # its heirs are dataclasses
