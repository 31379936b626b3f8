"""How one record of another service's log becomes a row of ours, or what is wrong with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import (
    ColumnError,
    InvalidFieldsError,
    InvalidLabelError,
    InvalidRowsError,
)
from holdfast.domain.fields import FieldReader
from holdfast.domain.missing import DASHES, stands_for_missing
from holdfast.domain.predictions import PredictionRequest
from holdfast.domain.validation import validate_rows
from holdfast.loop.label import decode_label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from holdfast.domain.contract import Contract, Feature
    from holdfast.domain.ids import ModelVersion

__all__ = ["ImportColumns", "ImportedRow", "problem_in", "read_record"]

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # the ids' count of milliseconds begins here
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_FEATURES = "features"  # an object of this name may hold them, as in a request to /v1/predict


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportColumns:
    """Under which names a log says what stands beside the features.

    None where it says nothing of the kind. A column of `named` must have a value in each
    record; the others may lack it, but for score and time.
    """

    score: str = "score"
    time: str = "predicted_at"
    entity: str | None = "entity"
    id: str | None = "id"
    label: str | None = "label"
    observed_at: str | None = "observed_at"
    version: str | None = "model_version"
    named: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        contract: Contract,
        *,
        score: str | None = None,
        time: str | None = None,
        entity: str | None = None,
        id: str | None = None,  # noqa: A002 - the option's name
        label: str | None = None,
    ) -> ImportColumns:
        """Return the names that a person gave, and the usual ones for the rest.

        A usual name that a feature bears means the feature.

        Raises:
            ColumnError: If score or time would be a feature.
        """
        given = {"score": score, "time": time, "entity": entity, "id": id, "label": label}
        chosen = {key: name for key, name in given.items() if name is not None}
        columns = replace(cls(), **chosen, named=frozenset(chosen.values()))
        for key in ("score", "time"):
            name = getattr(columns, key)
            if name in contract.inputs:
                raise ColumnError(
                    name, "is a feature of the model", remedy=f"Name another with --{key}."
                )
        free: dict[str, Any] = {
            key: None
            for key in ("entity", "id", "label", "observed_at", "version")
            if key not in chosen and getattr(columns, key) in contract.inputs
        }
        return replace(columns, **free)

    def texts(self, contract: Contract) -> frozenset[str]:
        """Return the columns that are wanted as text, in the file's own words."""
        words = [feature.name for feature in contract.categorical]
        beside = [self.entity, self.id, self.label, self.version, contract.target.name]
        return frozenset([*words, *filter(None, beside)])

    def beside(self, contract: Contract) -> Iterator[str]:
        """Yield the columns that say something beside the features."""
        given = self.entity, self.id, self.label, self.observed_at, self.version
        yield from (self.score, self.time, *filter(None, given), contract.target.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """What one record says."""

    request: PredictionRequest
    score: float
    at: datetime  # when the service answered, UTC
    version: ModelVersion | None  # None: it does not say
    label: bool | None
    observed_at: datetime | None


def read_record(
    fields: Mapping[str, object],
    contract: Contract,
    columns: ImportColumns,
    *,
    versions: Collection[ModelVersion],
    now: datetime,
    kept_since: datetime | None = None,
) -> ImportedRow:
    """Read a record as a row of a contract.

    Args:
        fields: As JSON or a table gave them. Numbers and booleans may be written as text.
        contract: What the features are.
        columns: Where the rest stands.
        versions: Which releases there are with these features.
        now: Nothing was answered later.
        kept_since: Rows of earlier days leave the log; None if they stay for ever.

    Raises:
        InvalidRowsError: If a feature is absent, or of another type.
        InvalidFieldsError: If score, time, an id or the version is unusable.
        InvalidLabelError: If the label is not one of the target's words.
    """
    beside = {name: _present(fields.get(name)) for name in columns.beside(contract)}
    reader = FieldReader(0, beside)
    score, at = _score(reader, columns.score), _moment(reader, columns.time, now, kept_since)
    entity = None if columns.entity is None else reader.identifier(columns.entity)
    own_id = None if columns.id is None else reader.identifier(columns.id)
    observed = columns.observed_at and reader.moment(columns.observed_at)
    version = _version(reader, columns.version, versions)
    for name in columns.named:
        if name != columns.label and reader.value(name) is None:
            reader.complain(name, "is absent")
    if reader.issues or score is None or at is None:
        raise InvalidFieldsError(reader.issues)
    return ImportedRow(
        request=replace(_request(fields, contract, at), request_id=own_id, entity=entity),
        score=score,
        at=at,
        version=version,
        label=_label(reader, contract, columns),
        observed_at=observed or None,
    )


def problem_in(error: InvalidRowsError | InvalidFieldsError | InvalidLabelError) -> str:
    """Return what is wrong with a record in words that many records can share."""
    if isinstance(error, InvalidLabelError):
        return f"its label is {error.found}, not one of the target's words"
    return "; ".join(dict.fromkeys(f"{i.field!r} {i.problem}" for i in error.issues))


def _request(fields: Mapping[str, object], contract: Contract, at: datetime) -> PredictionRequest:
    nested = fields.get(_FEATURES)
    row = nested if isinstance(nested, dict) and _FEATURES not in contract.inputs else fields
    derived = contract.derivations
    if derived and all(derivation.name in row for derivation in derived):
        contract = contract.counted  # our own log, exported: its dates were counted then
    plain: dict[str, object] = {
        f.name: _plain(row[f.name], f) for f in contract.features if f.name in row
    }
    plain |= {name: _moment_text(row[name]) for name in contract.dates if name in row}
    valid = validate_rows([plain], contract, at=at)
    return PredictionRequest(values=valid.rows[0], sent=valid.sent[0])


def _moment_text(value: object) -> object:
    value = _present(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _plain(value: object, feature: Feature) -> object:
    """Return a cell as JSON would have it; what is of another type stays, to be complained of."""
    value = _present(value)
    if feature.kind is FeatureKind.NUMERIC and isinstance(value, str):
        return None if value in DASHES else _number(value)
    if feature.kind is FeatureKind.BOOLEAN:
        word = _words(value).casefold()
        return True if word in _TRUE else False if word in _FALSE else value
    if feature.kind is FeatureKind.CATEGORICAL and isinstance(value, bool | float):
        return _words(value)
    return value


def _present(value: object) -> object:
    """Return None for what sources call missing: blanks, codes for it, NaN."""
    if isinstance(value, str):
        text = value.strip()
        return None if stands_for_missing(text) else text
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _score(reader: FieldReader, name: str) -> float | None:
    value = reader.value(name)
    if value is None:
        reader.complain(name, "is absent; it holds the probability of the positive outcome")
        return None
    number = _number(value) if isinstance(value, str) else value
    usable = isinstance(number, int | float) and not isinstance(number, bool)
    if not usable or not 0.0 <= number <= 1.0:  # type: ignore[operator]  # a number, if usable
        reader.complain(name, "needs a probability between 0 and 1")
        return None
    return float(number)  # type: ignore[arg-type]  # as above


def _moment(
    reader: FieldReader, name: str, now: datetime, kept_since: datetime | None
) -> datetime | None:
    if reader.value(name) is None:
        reader.complain(name, "is absent; it says when the service answered")
        return None
    moment = reader.moment(name)
    if moment is not None and moment > now:
        reader.complain(name, "lies in the future")
    if moment is not None and moment < _EARLIEST:
        reader.complain(name, "lies before 1970")
    elif moment is not None and kept_since is not None and moment.date() < kept_since.date():
        reader.complain(name, "lies before what [store] retention keeps")
    return moment


def _version(
    reader: FieldReader, name: str | None, versions: Collection[ModelVersion]
) -> ModelVersion | None:
    said = None if name is None else reader.identifier(name)
    if said is None or name is None:
        return None
    found = next((version for version in versions if version == said), None)
    if found is None:
        reader.complain(name, "is no release with these features; see: holdfast status")
    return found


def _label(reader: FieldReader, contract: Contract, columns: ImportColumns) -> bool | None:
    """Read the label, which may stand under the target's own name."""
    name = columns.label
    value = None if name is None else reader.value(name)
    if value is None and name not in columns.named:
        value = reader.value(contract.target.name)
    return None if value is None else decode_label(value, contract.target)
