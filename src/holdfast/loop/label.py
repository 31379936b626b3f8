"""How ground truth in the target's own words, and who was treated, come into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from holdfast.domain.errors import FieldIssue, InvalidFieldsError, InvalidLabelError
from holdfast.domain.fields import FieldReader
from holdfast.domain.ids import PredictionId
from holdfast.domain.predictions import Label, LabelCounts
from holdfast.domain.treatments import Treatment, TreatmentCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.contract import Target
    from holdfast.ports.clock import Clock
    from holdfast.ports.label_ledger import LabelLedger

__all__ = [
    "LABEL_FIELDS",
    "Facts",
    "Recorded",
    "decode_facts",
    "decode_label",
    "decode_labels",
    "record_labels",
]

LABEL_FIELDS = ("prediction_id", "entity", "at", "label", "observed_at", "treated")
"""What a label may say: of which prediction, or of whom and when; what came true, and since;
and whether somebody was acted upon, with a label or without."""

_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rows say: what came true, and who was treated."""

    labels: tuple[Label, ...]
    treatments: tuple[Treatment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of the facts of a batch."""

    labels: LabelCounts
    treatments: TreatmentCounts

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            labels=self.labels + other.labels, treatments=self.treatments + other.treatments
        )


def record_labels(
    ledger: LabelLedger,
    clock: Clock,
    rows: Sequence[Mapping[str, object]],
    *,
    target: Target,
    maturity: timedelta,
) -> Recorded:
    """Decode labels and treatments and write them down, and say what became of each.

    All or none; if a crash comes between the two, whoever sends them again adds the rest.

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
    facts = decode_facts(rows, target, now=now)
    # First who was treated: a label must not count for a moment as if nobody had been.
    treatments = ledger.treat(facts.treatments, received_at=now)
    labels = ledger.record(facts.labels, received_at=now, maturity=maturity)
    return Recorded(labels=labels, treatments=treatments)


def decode_labels(
    rows: Sequence[Mapping[str, object]], target: Target, *, now: datetime
) -> tuple[Label, ...]:
    """Turn rows into labels, as `decode_facts` does."""
    return decode_facts(rows, target, now=now).labels


def decode_facts(rows: Sequence[Mapping[str, object]], target: Target, *, now: datetime) -> Facts:
    """Turn rows into labels and treatments; `now` dates those without `observed_at`.

    Raises:
        InvalidLabelError: If a label is not one of the target's words.
        InvalidFieldsError: If an id or a time is unusable, over all rows.
    """
    issues: list[FieldIssue] = []
    labels: list[Label] = []
    treatments: list[Treatment] = []
    for index, row in enumerate(rows):
        reader = FieldReader(index, row)
        named = _named(reader, row, now)
        treated = _treated(reader, row)
        issues.extend(reader.issues)
        if reader.issues:
            continue
        if row.get("label") is not None:
            positive = decode_label(row["label"], target, row=index)
            labels.append(Label(positive=positive, **named))
        if treated is not None:
            treatments.append(Treatment(treated=treated, **named))
    if issues:
        raise InvalidFieldsError(issues)
    return Facts(labels=tuple(labels), treatments=tuple(treatments))


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


class _Named(TypedDict):
    """Of which prediction a fact is, as `Label` and `Treatment` take it."""

    observed_at: datetime
    prediction_id: PredictionId | None
    entity: str | None
    at: datetime | None


def _named(reader: FieldReader, row: Mapping[str, object], now: datetime) -> _Named:
    reader.only(LABEL_FIELDS)
    prediction_id = reader.identifier("prediction_id")
    entity = reader.identifier("entity")
    at, observed_at = reader.moment("at"), reader.moment("observed_at")
    if row.get("label") is None and row.get("treated") is None:
        reader.complain("label", "is absent; it takes one of the target's words")
    if row.get("prediction_id") is None and row.get("entity") is None:
        reader.complain("prediction_id", "is absent; name a prediction_id or an entity")
    if row.get("prediction_id") is not None and row.get("entity") is not None:
        reader.complain("entity", "stands beside a prediction_id; name one of the two")
    if at is not None and row.get("entity") is None:
        reader.complain("at", "goes with an entity; a prediction_id needs no time")
    return {
        "observed_at": observed_at or now,
        "prediction_id": None if prediction_id is None else PredictionId(prediction_id),
        "entity": entity,
        "at": at,
    }


def _treated(reader: FieldReader, row: Mapping[str, object]) -> bool | None:
    value = row.get("treated")
    if value is None or isinstance(value, bool):
        return value
    said = _YES_NO.get(value.strip().casefold()) if isinstance(value, str) else None
    if said is None:
        reader.complain("treated", "needs true or false")
    return said


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
