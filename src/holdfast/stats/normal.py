"""What a figure with a standard error is worth against zero."""

from __future__ import annotations

from scipy import special

__all__ = ["excess_p_value"]


def excess_p_value(excess: float, *, standard_error: float) -> float:
    """Return the one-sided p-value of an excess above zero, by the normal distribution.

    Args:
        excess: What was measured, less what is put up with.
        standard_error: Of the excess; 0.0 means that it is certain.

    >>> excess_p_value(0.0, standard_error=0.1)
    0.5
    """
    if standard_error == 0.0:
        return 0.0 if excess > 0.0 else 1.0
    return float(special.ndtr(-excess / standard_error))
