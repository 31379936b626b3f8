"""By which named rule a whole window counts as drifted, and why in one sentence.

It loads no more than the domain, so that settings can name the rules in a slim server.
"""

from holdfast.drift.rules.familiar import KolmogorovSmirnovShare, PsiBands
from holdfast.drift.rules.protocol import CANNOT_BE_JUDGED, Rule, RuleOutcome
from holdfast.drift.rules.registry import RULES, rule_named
from holdfast.drift.rules.shares import AnyFeature, DriftShare, WeightedShare, drifted_share

__all__ = [
    "CANNOT_BE_JUDGED",
    "RULES",
    "AnyFeature",
    "DriftShare",
    "KolmogorovSmirnovShare",
    "PsiBands",
    "Rule",
    "RuleOutcome",
    "WeightedShare",
    "drifted_share",
    "rule_named",
]
