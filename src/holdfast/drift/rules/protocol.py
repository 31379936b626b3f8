"""What a rule is given, and what it says of a whole window."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.drift.verdicts import FeatureReport

__all__ = [
    "BANDS",
    "CANNOT_BE_JUDGED",
    "Rule",
    "RuleOutcome",
    "check_share",
    "counted",
    "reaches",
    "unjudged",
]

CANNOT_BE_JUDGED = "cannot be judged"
BANDS: dict[bool | None, str] = {True: "drifted", False: "stable", None: CANNOT_BE_JUDGED}
"""The word for a rule that fired, was quiet, or could not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """What a rule says of a window.

    Attributes:
        name: The rule's name in snake_case.
        rule: The rule with its bounds, in words.
        fired: Whether the window counts as drifted; None if that cannot be judged.
        band: Where the window lies, in a word or two: ``stable``, ``drifted``,
            ``moderate``, ``major``, or `CANNOT_BE_JUDGED`.
        why: One sentence for people.
        figures: What it rests on, by name.
        features: Those that speak for drift, in the report's order.
    """

    name: str
    rule: str
    fired: bool | None
    band: str
    why: str
    figures: Mapping[str, float] = field(default_factory=dict)
    features: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "name": self.name,
            "rule": self.rule,
            "fired": self.fired,
            "band": self.band,
            "why": self.why,
            "figures": dict(self.figures),
            "features": list(self.features),
        }


class Rule(Protocol):
    """Makes one verdict on a window of the reports on its features; pure.

    A frozen dataclass whose fields say all, its name included: policies are told apart by
    a digest over them.
    """

    @property
    def name(self) -> str:
        """The rule's name in snake_case."""
        ...

    @property
    def words(self) -> str:
        """The rule with its bounds, in words."""
        ...

    def judge(
        self, features: Sequence[FeatureReport], weights: Mapping[str, float] | None = None
    ) -> RuleOutcome:
        """Judge a window.

        Args:
            features: The report on each of its features.
            weights: Importance of each feature by name; one that is not named weighs
                nothing. None if it is not known.
        """
        ...


def unjudged(rule: Rule, why: str) -> RuleOutcome:
    """Return the outcome of a rule that lacks what it judges by.

    Args:
        rule: Any.
        why: What is missing, as a sentence.
    """
    return RuleOutcome(name=rule.name, rule=rule.words, fired=None, band=CANNOT_BE_JUDGED, why=why)


def check_share(name: str, value: float) -> None:
    """Refuse a bound that is no share.

    Raises:
        ValueError: If it is not above 0 and at most 1.
    """
    if not 0 < value <= 1:
        raise ValueError(f"{name} must be a share above 0 and at most 1; found {value}")


def reaches(share: float, at: float) -> bool:
    """Return whether a share is at least a bound, but for the rounding of a sum.

    >>> reaches(0.1 + 0.7, 0.8)  # the sum is 0.7999999999999999
    True
    """
    return share >= at or math.isclose(share, at)


def counted(n: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "feature"), counted(3, "numeric feature")
    ('1 feature', '3 numeric features')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
