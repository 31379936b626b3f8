"""A tuner that draws settings blindly: what a search does with them can be read off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.ports.tuner import Setting, Span

__all__ = ["RandomStudy", "RandomTuner"]


class RandomTuner:
    """Begins searches that learn nothing from what they are told.

    It remembers them in `studies`.
    """

    def __init__(self) -> None:
        self.studies: list[RandomStudy] = []

    def study(self, spans: Mapping[str, Span], *, first: Setting, seed: int) -> RandomStudy:
        """See `Tuner.study`."""
        self.studies.append(RandomStudy(spans, first, seed))
        return self.studies[-1]


class RandomStudy:
    """One search.

    Args:
        spans: What may vary.
        first: What is proposed first.
        seed: Fixes the rest.
    """

    def __init__(self, spans: Mapping[str, Span], first: Setting, seed: int) -> None:
        self._spans, self._first = spans, first
        self._rng = np.random.default_rng(seed)
        self.asked: list[Setting] = []
        self.told: list[float | None] = []

    def ask(self) -> Setting:
        """See `Study.ask`."""
        drawn = {
            name: _drawn(span, float(self._rng.random())) for name, span in self._spans.items()
        }
        self.asked.append(drawn if self.asked else dict(self._first))
        return self.asked[-1]

    def tell(self, loss: float | None) -> None:
        """See `Study.tell`."""
        self.told.append(loss)


def _drawn(span: Span, share: float) -> float | int:
    low, high = (math.log(end) if span.ratio else end for end in (span.low, span.high))
    drawn = low + share * (high - low)
    value = min(max(math.exp(drawn) if span.ratio else drawn, span.low), span.high)
    return round(value) if span.whole else value
