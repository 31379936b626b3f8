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
    from collections.abc import Callable, Mapping, Sequence

    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.rules import Rule
    from holdfast.settings import DriftSettings, Settings

__all__ = ["decisive_tests", "drift_policy_of", "policy_from", "rule_from", "rule_of"]

_TESTS = (
    ("numeric_test", FeatureKind.NUMERIC),
    ("categorical_test", FeatureKind.CATEGORICAL),
)
_ALWAYS = ("missingness", "unseen_categories")  # they decide beside the test of the values
_PROBES = {FeatureKind.NUMERIC: (0.0, 1.0, 2.0), FeatureKind.CATEGORICAL: ("a", "b", "b")}


def drift_policy_of(settings: Settings, methods: Mapping[str, Method] = METHODS) -> DriftPolicy:
    """Return the bounds from which a feature of a project counts as drifted.

    Args:
        settings: The project's.
        methods: Every method that may be asked, by name.

    Raises:
        SettingsError: If a test is not known, or does not compare such values.
    """
    return policy_from(settings.drift, methods, spelling="[drift] {}".format)


def rule_of(settings: Settings) -> Rule:
    """Return the rule by which a project's window as a whole counts as drifted."""
    return rule_from(settings.drift)


def policy_from(
    section: DriftSettings, methods: Mapping[str, Method], *, spelling: Callable[[str], str]
) -> DriftPolicy:
    """Return the bounds from which a feature counts as drifted.

    Args:
        section: Of holdfast.toml, or what the command line says in its place.
        methods: Every method that may be asked, by name.
        spelling: How a key of the section is spelt there.

    Raises:
        SettingsError: If a test is not known, or does not compare such values.
    """
    tests = (
        _test(spelling(key), getattr(section, key), decisive_tests(kind, methods), kind)
        for key, kind in _TESTS
    )
    return replace(
        DriftPolicy(),
        alpha=section.alpha,
        min_effect=section.min_effect,
        decisive=(*tests, *_ALWAYS),
    )


def rule_from(section: DriftSettings) -> Rule:
    """Return the rule by which a window as a whole counts as drifted."""
    bounds = {} if section.rule_at is None else {"at": section.rule_at}
    if section.rule == "ks_share":
        bounds["alpha"] = section.alpha
    return rule_named(section.rule, **bounds)


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


def _test(key: str, name: str, known: Sequence[str], kind: FeatureKind) -> str:
    if name in known:
        return name
    meant = nearest(name, known)
    hint = f"Did you mean {meant!r}? " if meant else ""
    raise SettingsError(
        f"{key}: {name!r} is no test of {kind.value} features. "
        f"{hint}It takes one of {', '.join(known)}."
    )
