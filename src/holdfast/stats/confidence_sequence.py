"""How far an estimate may lie from the truth at every look, however often one looks."""

from __future__ import annotations

import math

from scipy import special

__all__ = ["looked_at_always"]


def looked_at_always(n: int, *, level: float, tuned_at: int) -> float:
    """Return how many standard errors a one-sided bound lies off, valid at all looks together.

    An interval of a fixed level that is looked at day after day is wrong on some day far more
    often than it says. This one is wrong on any day, of as many as there will ever be, with
    probability `level` at most, as rows become many: the looks need not be planned.

    Args:
        n: Rows behind the estimate, whose influences on it are alike and independent.
        level: Chance that the bound is ever on the wrong side, in (0, 0.5).
        tuned_at: Rows at which the bound is tightest; to be chosen before any are looked at.

    Returns:
        The factor by which the estimate's present standard error is to be multiplied.

    Raises:
        ValueError: If the level or a number of rows is out of its range.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), *Time-uniform central limit
        theory and asymptotic confidence sequences*, Annals of Statistics 52(6), its one-sided
        form; the mixture is Robbins' (1970). The tuning is that of Howard, Ramdas, McAuliffe
        and Sekhon (2021), *Time-uniform, nonparametric, nonasymptotic confidence sequences*,
        proposition 3.

    >>> round(looked_at_always(2_000, level=0.0125, tuned_at=2_000), 2)  # 2.24 for one look
    3.28
    """
    if not 0.0 < level < 0.5 or n < 1 or tuned_at < 1:
        raise ValueError(
            "a level in (0, 0.5) and at least one row are needed; "
            f"found level {level:g}, {n} rows, tuned at {tuned_at}"
        )
    # A one-sided bound at `level` is nearly a two-sided one at twice that.
    ratio = -float(special.lambertw(-((2 * level) ** 2) / math.e, k=-1).real) - 1.0
    mixed = tuned_at / ratio
    spread = math.sqrt((n + mixed) / mixed)
    return math.sqrt(2 * (n + mixed) / n * math.log1p(spread / (2 * level)))
