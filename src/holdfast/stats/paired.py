"""Whether one of two models does better on the same rows: the mean of paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.intervals import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PairedDifference", "paired_difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """The mean of differences taken row by row, with its standard error."""

    mean: float
    standard_error: float
    n: int

    def interval(self, *, level: float = 0.95, one_sided: bool = False) -> Interval:
        """Return the mean with its Student interval.

        Args:
            level: Confidence level.
            one_sided: Each end is then a bound of its own at that level: the mean lies
                above `low` with confidence `level`, and below `high` likewise.
        """
        tail = level if one_sided else (1 + level) / 2
        half = float(special.stdtrit(self.n - 1, tail)) * self.standard_error
        return Interval(
            estimate=self.mean, low=self.mean - half, high=self.mean + half, level=level
        )


def paired_difference(differences: NDArray[np.float64]) -> PairedDifference:
    """Summarise differences between two models on the same rows.

    Args:
        differences: One a row, such as the champion's squared error minus the
            challenger's; shape ``(n,)``.

    Raises:
        TooFewLabelsError: If there are fewer than two rows.

    Source:
        Student (1908), *The probable error of a mean*.

    >>> import numpy as np
    >>> gain = paired_difference(np.array([0.1, 0.3, 0.2, 0.2]))
    >>> str(gain.interval())
    '0.200 [0.070, 0.330]'
    """
    n = int(differences.size)
    if n < 2:
        raise TooFewLabelsError(found=n, required=2, what="paired rows")
    return PairedDifference(
        mean=float(differences.mean()),
        standard_error=float(differences.std(ddof=1)) / math.sqrt(n),
        n=n,
    )
