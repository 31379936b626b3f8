"""From the section [drift] to the bounds of a feature's verdict and the rule of a window's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import SettingsError, nearest
from holdfast.domain.tables import ARROW_TYPES
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.protocol import Comparison
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.power import Sensitivity
from holdfast.drift.profile import profile
from holdfast.drift.rules import rule_named
from holdfast.drift.verdicts import DriftPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.rules import Rule
    from holdfast.settings import Settings

__all__ = ["decisive_tests", "drift_policy_of", "rule_of"]

_ALWAYS = ("missingness", "unseen_categories")  # they decide beside the test of the values
_PROBES = {FeatureKind.NUMERIC: (0.0, 1.0, 2.0), FeatureKind.CATEGORICAL: ("a", "b", "b")}


def drift_policy_of(settings: Settings) -> DriftPolicy:
    """Return the bounds from which a feature counts as drifted.

    Raises:
        SettingsError: If a test is not known, or does not compare such values.
    """
    drift = settings.drift
    return replace(
        DriftPolicy(),
        alpha=drift.alpha,
        min_effect=drift.min_effect,
        decisive=(
            _test("numeric_test", drift.numeric_test, FeatureKind.NUMERIC),
            _test("categorical_test", drift.categorical_test, FeatureKind.CATEGORICAL),
            *_ALWAYS,
        ),
    )


def rule_of(settings: Settings) -> Rule:
    """Return the rule by which a window as a whole counts as drifted."""
    drift = settings.drift
    bounds = {} if drift.rule_at is None else {"at": drift.rule_at}
    if drift.rule == "ks_share":
        bounds["alpha"] = drift.alpha
    return rule_named(drift.rule, **bounds)


def decisive_tests(kind: FeatureKind, methods: Mapping[str, Method] = METHODS) -> tuple[str, ...]:
    """Return the methods with a p-value that compare values of a kind.

    A method says itself what it applies to, so it is asked about three rows of that kind.

    Args:
        kind: Numeric or categorical.
        methods: Every method that may be asked, by name.
    """
    column = pa.array(_PROBES[kind], ARROW_TYPES[kind])
    contract = Contract(
        features=(Feature(name="x", kind=kind, nullable=True),),
        target=Target(name="", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )
    rows = pa.table({"x": column})
    grid = cut_grid(rows, contract)
    (counts,) = profile(rows, grid).features
    pair = Comparison(
        reference=counts,
        current=counts,
        cells=grid.features[0],
        sensitivity=Sensitivity(level=0.05, power=0.8),
    )
    return tuple(name for name, one in methods.items() if one.is_test and one.applies(pair))


def _test(key: str, name: str, kind: FeatureKind) -> str:
    known = decisive_tests(kind)
    if name in known:
        return name
    meant = nearest(name, known)
    hint = f"Did you mean {meant!r}? " if meant else ""
    raise SettingsError(
        f"[drift] {key}: {name!r} is no test of {kind.value} features. "
        f"{hint}It takes one of {', '.join(known)}."
    )
