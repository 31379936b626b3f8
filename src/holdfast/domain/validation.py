"""Whether a client's row fits the contract, and if not, what is wrong with which field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from holdfast.domain.contract import FeatureKind, Value
from holdfast.domain.errors import FieldIssue, InvalidRowsError, nearest
from holdfast.domain.inputs import Inputs, date_text, is_code
from holdfast.domain.missing import stands_for_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from holdfast.domain.contract import Contract, Feature

    _Check = Callable[[object], tuple[Value, str | None]]

__all__ = ["ValidRows", "validate_rows"]

FLOAT32_LIMIT = 3.4028234e38  # models take float32; beyond it a number would turn infinite
_LONGEST_NAME_SHOWN = 64
LONGEST_CATEGORY = 1024
_NEVER_MISSING = "must not be missing: training never saw it so"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidRows:
    """Rows that fit.

    Attributes:
        rows: What the model is given, in contract order.
        n_unknown: How many unknown keys were passed over.
        sent: What was sent, in the order of `Contract.inputs`; None for each row where that
            is the same.
    """

    rows: tuple[tuple[Value, ...], ...]
    n_unknown: int = 0
    sent: tuple[tuple[Value, ...] | None, ...] = ()


def validate_rows(
    rows: Sequence[Mapping[str, object]],
    contract: Contract,
    *,
    at: datetime,
    ignore_unknown: bool = False,
) -> ValidRows:
    """Check decoded JSON rows against the contract.

    Args:
        rows: One mapping a row, as JSON decodes it.
        contract: The model's contract.
        at: When the rows are asked about: what the ages of their dates are counted to.
        ignore_unknown: Pass over (and count) keys that no feature bears.

    Raises:
        InvalidRowsError: With one issue for each field that is wrong, over all rows.
    """
    issues: list[FieldIssue] = []
    valid: list[tuple[Value, ...]] = []
    n_unknown = 0
    inputs = Inputs(contract)
    checks = _checks(contract, inputs)
    for index, row in enumerate(rows):
        unknown = [] if row.keys() <= checks.keys() else [k for k in row if k not in checks]
        n_unknown += len(unknown)
        if unknown and not ignore_unknown:
            issues.extend(_unknown(index, key, inputs.names) for key in unknown)
        values: list[Value] = []
        for name, check in checks.items():
            if name not in row:
                issues.append(_issue(index, name, "is absent; send null if it is unknown"))
                continue
            value, problem = check(row[name])
            if problem is not None:
                issues.append(_issue(index, name, problem))
            values.append(value)
        valid.append(tuple(values))
    if issues:
        raise InvalidRowsError(issues)
    if not inputs.dates:
        return ValidRows(rows=tuple(valid), n_unknown=n_unknown, sent=(None,) * len(valid))
    given = tuple(inputs.given(row, at) for row in valid)
    return ValidRows(rows=given, n_unknown=n_unknown, sent=tuple(valid))


def _checks(contract: Contract, inputs: Inputs) -> dict[str, _Check]:
    """Return what each input is put to, in the inputs' order."""
    features = {f.name: partial(_checked, feature=f) for f in contract.features}
    dates = {name: partial(_date, may_miss=may_miss) for name, may_miss in inputs.dates.items()}
    either: dict[str, _Check] = {**features, **dates}
    return {name: either[name] for name in inputs.names}


def _date(value: object, may_miss: bool) -> tuple[Value, str | None]:  # noqa: FBT001  # bound by name
    if value is None or (isinstance(value, str) and stands_for_missing(value)):
        return None, None if may_miss else _NEVER_MISSING
    text = date_text(value)
    return text, None if text else "needs a date or time in ISO form, such as 2026-03-01"


def _checked(value: object, feature: Feature) -> tuple[Value, str | None]:
    if value is None or value == "" or _is_missing(value, feature):
        return None, None if feature.nullable else _NEVER_MISSING
    match feature.kind:
        case FeatureKind.NUMERIC:
            return _number(value)
        case FeatureKind.BOOLEAN:
            if isinstance(value, bool):
                return value, None
            return None, f"needs true or false, found {_kind(value)}"
        case FeatureKind.CATEGORICAL:
            return _category(value)


def _is_missing(value: object, feature: Feature) -> bool:
    """Return whether a value stands for a missing one, as it would in a file."""
    if feature.kind is FeatureKind.CATEGORICAL:
        # A model that was trained elsewhere may know such a word as a category.
        word = isinstance(value, str) and stands_for_missing(value)
        return word and value not in feature.categories
    return not isinstance(value, bool) and is_code(value, feature)


def _number(value: object) -> tuple[Value, str | None]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, f"needs a number, found {_kind(value)}"
    if not abs(value) <= FLOAT32_LIMIT:  # so that NaN fails, and integers of 400 digits
        return None, "needs a finite number of at most 3.4e38"
    return float(value), None


def _category(value: object) -> tuple[Value, str | None]:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # codes such as 415 are often sent as numbers
    if not isinstance(value, str):
        return None, f"needs text, found {_kind(value)}"
    if len(value) > LONGEST_CATEGORY:
        return None, f"text of at most {LONGEST_CATEGORY} characters is taken"
    return value, None


def _kind(value: object) -> str:
    names = {str: "text", bool: "a boolean", dict: "an object", list: "a list"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "another type")


def _issue(row: int, name: str, problem: str) -> FieldIssue:
    return FieldIssue(row=row, field=name, problem=problem)


def _unknown(row: int, key: str, known: Sequence[str]) -> FieldIssue:
    shown = key[:_LONGEST_NAME_SHOWN]
    meant = nearest(shown, known)
    hint = f"; did you mean {meant!r}?" if meant else ""
    return FieldIssue(row=row, field=shown, problem=f"is not a feature of this model{hint}")
