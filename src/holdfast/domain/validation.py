"""Whether a client's row fits the contract, and if not, what is wrong with which field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.contract import FeatureKind, Value
from holdfast.domain.errors import FieldIssue, InvalidRowsError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.contract import Contract, Feature

__all__ = ["ValidRows", "validate_rows"]

FLOAT32_LIMIT = 3.4028234e38  # models take float32; beyond it a number would turn infinite
_LONGEST_NAME_SHOWN = 64
LONGEST_CATEGORY = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidRows:
    """Rows that fit: values in contract order, and how many unknown keys were passed over."""

    rows: tuple[tuple[Value, ...], ...]
    n_unknown: int = 0


def validate_rows(
    rows: Sequence[Mapping[str, object]], contract: Contract, *, ignore_unknown: bool = False
) -> ValidRows:
    """Check decoded JSON rows against the contract.

    Args:
        rows: One mapping a row, as JSON decodes it.
        contract: The model's contract.
        ignore_unknown: Pass over (and count) keys that no feature bears.

    Raises:
        InvalidRowsError: With one issue for each field that is wrong, over all rows.
    """
    issues: list[FieldIssue] = []
    valid: list[tuple[Value, ...]] = []
    n_unknown = 0
    known = frozenset(contract.names)
    for index, row in enumerate(rows):
        unknown = [] if row.keys() <= known else [key for key in row if key not in known]
        n_unknown += len(unknown)
        if unknown and not ignore_unknown:
            issues.extend(_unknown(index, key, contract) for key in unknown)
        values: list[Value] = []
        for feature in contract.features:
            if feature.name not in row:
                issues.append(_issue(index, feature, "is absent; send null if it is unknown"))
                continue
            value, problem = _checked(row[feature.name], feature)
            if problem is not None:
                issues.append(_issue(index, feature, problem))
            values.append(value)
        valid.append(tuple(values))
    if issues:
        raise InvalidRowsError(issues)
    return ValidRows(rows=tuple(valid), n_unknown=n_unknown)


def _checked(value: object, feature: Feature) -> tuple[Value, str | None]:
    if value is None or value == "":
        return None, None if feature.nullable else "must not be missing: training never saw it so"
    match feature.kind:
        case FeatureKind.NUMERIC:
            return _number(value)
        case FeatureKind.BOOLEAN:
            if isinstance(value, bool):
                return value, None
            return None, f"needs true or false, found {_kind(value)}"
        case FeatureKind.CATEGORICAL:
            return _category(value)


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


def _issue(row: int, feature: Feature, problem: str) -> FieldIssue:
    return FieldIssue(row=row, field=feature.name, problem=problem)


def _unknown(row: int, key: str, contract: Contract) -> FieldIssue:
    shown = key[:_LONGEST_NAME_SHOWN]
    meant = nearest(shown, contract.names)
    hint = f"; did you mean {meant!r}?" if meant else ""
    return FieldIssue(row=row, field=shown, problem=f"is not a feature of this model{hint}")
