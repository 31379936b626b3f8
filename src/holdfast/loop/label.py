"""How ground truth in the target's own words becomes labels in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import FieldIssue, InvalidFieldsError, InvalidLabelError
from holdfast.domain.fields import FieldReader
from holdfast.domain.ids import PredictionId
from holdfast.domain.predictions import Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.contract import Target
    from holdfast.domain.predictions import LabelCounts
    from holdfast.ports.clock import Clock
    from holdfast.ports.label_ledger import LabelLedger

__all__ = ["LABEL_FIELDS", "decode_label", "decode_labels", "record_labels"]

LABEL_FIELDS = ("prediction_id", "entity", "at", "label", "observed_at")
"""What a label may say: of which prediction, or of whom and when; what came true, and since."""


def record_labels(
    ledger: LabelLedger,
    clock: Clock,
    rows: Sequence[Mapping[str, object]],
    *,
    target: Target,
    maturity: timedelta,
) -> LabelCounts:
    """Decode labels and write them down, all or none, and say what became of each.

    Args:
        ledger: Where labels are kept.
        clock: Dates those that do not say when they were observed.
        rows: Mappings with the keys of `LABEL_FIELDS`, as JSON or a file gave them.
        target: Whose two words the labels use.
        maturity: The age at which a prediction's label is expected at the latest.

    Raises:
        InvalidLabelError: If a label is not one of the target's words.
        InvalidFieldsError: If an id or a time is unusable, over all rows.
        StoreUnavailableError: If the labels could not be made durable.
    """
    now = clock.now()
    labels = decode_labels(rows, target, now=now)
    return ledger.record(labels, received_at=now, maturity=maturity)


def decode_labels(
    rows: Sequence[Mapping[str, object]], target: Target, *, now: datetime
) -> tuple[Label, ...]:
    """Turn rows into labels; `now` dates those without `observed_at`.

    Raises:
        InvalidLabelError: If a label is not one of the target's words.
        InvalidFieldsError: If an id or a time is unusable, over all rows.
    """
    issues: list[FieldIssue] = []
    labels: list[Label] = []
    for index, row in enumerate(rows):
        reader = FieldReader(index, row)
        label = _label(reader, row, target, now)
        issues.extend(reader.issues)
        if label is not None:
            labels.append(label)
    if issues:
        raise InvalidFieldsError(issues)
    return tuple(labels)


def decode_label(value: object, target: Target, *, row: int | None = None) -> bool:
    """Return whether a label names the target's positive outcome.

    Text must be one of the target's words. Booleans and numbers are taken where the
    words themselves say true and false, or are numbers.

    Raises:
        InvalidLabelError: For anything else.

    >>> from holdfast.domain.contract import Target
    >>> decode_label("Yes", Target(name="Churn", positive="Yes", negative="No"))
    True
    >>> decode_label(0, Target(name="default", positive="1", negative="0"))
    False
    """
    for word, positive in ((target.positive, True), (target.negative, False)):
        if _says(value, word):
            return positive
    found = "other text" if isinstance(value, str) else f"a JSON {_kind(value)}"
    raise InvalidLabelError(found=found, allowed=(target.positive, target.negative), row=row)


def _label(
    reader: FieldReader, row: Mapping[str, object], target: Target, now: datetime
) -> Label | None:
    reader.only(LABEL_FIELDS)
    prediction_id = reader.identifier("prediction_id")
    entity = reader.identifier("entity")
    at, observed_at = reader.moment("at"), reader.moment("observed_at")
    if row.get("label") is None:
        reader.complain("label", "is absent; it takes one of the target's words")
    if row.get("prediction_id") is None and row.get("entity") is None:
        reader.complain("prediction_id", "is absent; name a prediction_id or an entity")
    if row.get("prediction_id") is not None and row.get("entity") is not None:
        reader.complain("entity", "stands beside a prediction_id; name one of the two")
    if at is not None and row.get("entity") is None:
        reader.complain("at", "goes with an entity; a prediction_id needs no time")
    if reader.issues:
        return None
    return Label(
        positive=decode_label(row["label"], target, row=reader.row),
        observed_at=observed_at or now,
        prediction_id=None if prediction_id is None else PredictionId(prediction_id),
        entity=entity,
        at=at,
    )


def _says(value: object, word: str) -> bool:
    if isinstance(value, str):
        return value.strip() == word
    if isinstance(value, bool):
        return word.casefold() == str(value).casefold()
    if isinstance(value, int | float):
        try:
            return float(word) == value
        except ValueError:
            return False
    return False


def _kind(value: object) -> str:
    names: dict[type, str] = {bool: "boolean", int: "number", float: "number", list: "list"}
    return names.get(type(value), "object")
