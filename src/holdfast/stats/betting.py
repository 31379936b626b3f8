"""How strongly counts speak against a rate, at every look: a bet that cannot win by chance."""

from __future__ import annotations

import math

__all__ = ["wealth_against_rate"]

_STAKES = tuple(2.0**-power for power in range(1, 8))


def wealth_against_rate(n_hits: int, n: int, *, rate: float) -> float:
    """Return what a bet on hits has won that is fair if they come at `rate` or more rarely.

    If they do, the wealth ever exceeds 1 / level with a chance of `level` at most, whenever
    and however often one looks.

    Args:
        n_hits: Rows with a hit.
        n: Rows, hits among them.
        rate: The highest rate that is put up with, in (0, 1).

    Returns:
        The wealth that began as 1, never below 0; infinite where a float ends.

    Raises:
        ValueError: If there are more hits than rows, or the rate is none.

    Source:
        Ville (1939); Waudby-Smith and Ramdas (2024), *Estimating means of bounded random
        variables by betting*, JRSS-B 86(1). The stakes are mixed, each a power of one half.

    >>> wealth_against_rate(1, 1_000, rate=0.01) < 1
    True
    >>> wealth_against_rate(60, 1_000, rate=0.01) > 1e6
    True
    """
    if not 0 <= n_hits <= n or not 0.0 < rate < 1.0:
        raise ValueError(
            f"hits among rows and a rate in (0, 1) are needed; found {n_hits} of {n}, {rate:g}"
        )
    logs = [
        n_hits * math.log1p(stake * (1 - rate) / rate) + (n - n_hits) * math.log1p(-stake)
        for stake in _STAKES
    ]
    most = max(logs)
    total = most + math.log(sum(math.exp(log - most) for log in logs) / len(logs))
    return math.exp(total) if total < math.log(1e300) else math.inf
