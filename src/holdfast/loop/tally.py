"""What a policy costs: how often its trainers fitted, and how long processors worked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import FittedModel, Trainer

__all__ = ["Cost", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a policy took.

    Attributes:
        fits: Models that were fitted, those for out-of-fold scores among them; not those of
            the warm-up, which all policies share.
        cpu_seconds: Of all processes; None if nobody looked at a clock.
    """

    fits: int = 0
    cpu_seconds: float | None = None


class Tally:
    """Counts what passes through its trainers.

    Args:
        cpu: Returns the CPU seconds used so far; None if nobody wants to know.
    """

    def __init__(self, cpu: Callable[[], float] | None = None) -> None:
        self._cpu, self._fits, self._began = cpu, 0, 0.0

    def begin(self) -> None:
        """Count from here on."""
        self._fits, self._began = 0, self._cpu() if self._cpu else 0.0

    @property
    def cost(self) -> Cost:
        """What was used since the beginning."""
        seconds = self._cpu() - self._began if self._cpu else None
        return Cost(fits=self._fits, cpu_seconds=seconds)

    def watched(self, trainers: Sequence[Trainer]) -> list[Trainer]:
        """Return the trainers, whose fits are counted."""
        return [_Counted(trainer, self) for trainer in trainers]

    def fitted(self) -> None:
        """Count one fit."""
        self._fits += 1


class _Counted:
    """A trainer whose fits are counted."""

    def __init__(self, trainer: Trainer, tally: Tally) -> None:
        self._trainer, self._tally = trainer, tally

    @property
    def name(self) -> str:
        """See `Trainer.name`."""
        return self._trainer.name

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: NDArray[np.float64] | None = None,
    ) -> FittedModel:
        """See `Trainer.fit`."""
        self._tally.fitted()
        return self._trainer.fit(rows, labels, contract=contract, seed=seed, weights=weights)
