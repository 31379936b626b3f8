"""Every rule by its name, and how one is made from a name and its bounds."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from holdfast.domain.errors import nearest
from holdfast.drift.rules.familiar import KolmogorovSmirnovShare, PsiBands
from holdfast.drift.rules.shares import AnyFeature, DriftShare, WeightedShare

if TYPE_CHECKING:
    from holdfast.drift.rules.protocol import Rule

__all__ = ["RULES", "rule_named"]

RULES: dict[
    str,
    type[DriftShare | WeightedShare | AnyFeature | PsiBands | KolmogorovSmirnovShare],
] = {
    "drift_share": DriftShare,
    "weighted_share": WeightedShare,
    "any_feature": AnyFeature,
    "psi": PsiBands,
    "ks_share": KolmogorovSmirnovShare,
}
"""Every rule on the reports of features, by its name."""


def rule_named(name: str, /, **bounds: float) -> Rule:
    """Return a rule by its name, with its bounds as given or as customary.

    Args:
        name: A key of `RULES`.
        **bounds: What the rule takes, as ``at=0.25``.

    Raises:
        ValueError: If there is no such rule, it takes no such bound, or the bound is out
            of range.

    >>> rule_named("psi", at=0.25).words
    'any psi >= 0.25'
    """
    if name not in RULES:
        meant = nearest(name, RULES)
        hint = f"did you mean {meant!r}? " if meant else ""
        raise ValueError(f"there is no rule {name!r}; {hint}it takes one of {', '.join(RULES)}")
    taken = [parameter.name for parameter in fields(RULES[name]) if parameter.init]
    unknown = [bound for bound in bounds if bound not in taken]
    if unknown:
        takes = ", ".join(taken) or "no bounds; leave it out"
        raise ValueError(f"the rule {name} has no bound {unknown[0]!r}; it takes {takes}")
    return RULES[name](**bounds)
