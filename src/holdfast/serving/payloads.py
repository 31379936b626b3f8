"""What a decoded request asks for: rows to score, or labels to record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from holdfast.domain.errors import FieldIssue, InvalidFieldsError
from holdfast.domain.fields import FieldReader
from holdfast.domain.predictions import PredictionRequest
from holdfast.domain.validation import validate_rows
from holdfast.serving.problems import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from holdfast.domain.contract import Contract
    from holdfast.serving.limits import ServingLimits

__all__ = ["PredictPayload", "read_labels", "read_predict"]

_ROW_FIELDS = ("features", "id", "entity")
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictPayload:
    """Validated rows, and how they were asked for."""

    requests: tuple[PredictionRequest, ...]
    explain: bool
    single: bool  # answered as one object, not as a list
    n_unknown: int  # keys passed over


def read_predict(
    body: Mapping[str, object],
    contract: Contract,
    limits: ServingLimits,
    *,
    at: datetime,
    explain: bool = False,
) -> PredictPayload:
    """Read the body of a predict request: one row, or `rows`.

    Args:
        body: The decoded body.
        contract: What the rows must fit.
        limits: How many rows are taken, and what to do about unknown features.
        at: When it was asked: the moment of its rows.
        explain: Whether the query string asked for explanations; the body may as well.

    Raises:
        InvalidFieldsError: If the body has another form, or an id is unusable.
        InvalidRowsError: If features do not fit the contract.
        RefusedError: 413 for more rows than are taken at once.
    """
    top = FieldReader(0, body)
    single = "rows" not in body
    top.only((*_ROW_FIELDS, "explain") if single else ("rows", "explain"))
    explain = top.flag("explain") or explain
    rows = [dict(body)] if single else _objects(top, "rows")
    _raise(top.issues)
    _bound(len(rows), limits.max_rows, "rows")
    if explain:
        _bound(len(rows), limits.max_explained_rows, "explained rows")
    named = _identities(rows, nested=not single)
    valid = validate_rows(
        [cast("Row", row["features"]) for row in rows],
        contract,
        at=at,
        ignore_unknown=limits.unknown_features == "ignore",
    )
    return PredictPayload(
        requests=tuple(
            PredictionRequest(values=values, request_id=request_id, entity=entity, sent=sent)
            for values, sent, (request_id, entity) in zip(
                valid.rows, valid.sent, named, strict=True
            )
        ),
        explain=explain,
        single=single,
        n_unknown=valid.n_unknown,
    )


def read_labels(body: Mapping[str, object], limits: ServingLimits) -> list[Row]:
    """Read the body of a label request: one label, or `labels`; their fields are not judged.

    Raises:
        InvalidFieldsError: If the body has another form.
        RefusedError: 413 for more labels than are taken at once.
    """
    if "labels" not in body:
        return [dict(body)]
    top = FieldReader(0, body)
    top.only(("labels",))
    rows = _objects(top, "labels")
    _raise(top.issues)
    _bound(len(rows), limits.max_rows, "labels")
    return rows


def _objects(top: FieldReader, name: str) -> list[Row]:
    """Read a list of objects, complaining of each element that is none."""
    listed = top.value(name)
    if not isinstance(listed, list):
        top.complain(name, "needs a list of objects")
        return []
    if not listed:
        top.complain(name, "is empty; send at least one")
    for index, item in enumerate(listed):
        if not isinstance(item, dict):
            top.issues.append(FieldIssue(row=index, field=name, problem="needs an object"))
    return listed


def _identities(rows: Sequence[Row], *, nested: bool) -> list[tuple[str | None, str | None]]:
    """Read each row's own id and entity, and see that it has features at all."""
    issues: list[FieldIssue] = []
    named: list[tuple[str | None, str | None]] = []
    for index, row in enumerate(rows):
        reader = FieldReader(index, row)
        if nested:
            reader.only(_ROW_FIELDS)
        if not isinstance(row.get("features"), dict):
            found = "needs an object" if "features" in row else "is absent"
            reader.complain("features", f'{found}: send {{"features": {{name: value, …}}}}')
        named.append((reader.identifier("id"), reader.identifier("entity")))
        issues.extend(reader.issues)
    _raise(issues)
    return named


def _bound(found: int, limit: int, what: str) -> None:
    if found > limit:
        raise RefusedError(413, f"At most {limit:,} {what} are taken at once; found {found:,}.")


def _raise(issues: Sequence[FieldIssue]) -> None:
    if issues:
        raise InvalidFieldsError(issues)
