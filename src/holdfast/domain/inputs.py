"""From a row as clients send it to the row that a model is given: dates become features."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import UNSET

from holdfast.domain.counting import counted
from holdfast.domain.derivation import as_moment, microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.domain.contract import Contract, Feature, Value
    from holdfast.domain.derivation import Derivation

__all__ = ["Inputs", "date_text", "example_of", "is_code"]


def is_code(value: object, feature: Feature) -> bool:
    """Return whether a number stands for a missing value, as the owner said in training."""
    return feature.missing is not UNSET and value in feature.missing


def date_text(value: object) -> str | None:
    """Return the one form of a date that was sent as ISO text; None if it is none.

    >>> date_text("2026-01-31"), date_text("2026-01-31T01:00:00+01:00"), date_text(20260131)
    ('2026-01-31T00:00:00+00:00', '2026-01-31T00:00:00+00:00', None)
    """
    moment = as_moment(value)
    return None if moment is None else moment.isoformat()


def example_of(contract: Contract, values: Sequence[Value]) -> dict[str, Value]:
    """Return a row as a client would send it, of which a model is given about these values.

    Args:
        contract: The model's.
        values: In the order of its features.
    """
    row: dict[str, Value] = {}
    for feature, value in zip(contract.features, values, strict=True):
        if feature.derived is UNSET:
            row[feature.name] = value
        elif feature.derived.source not in row:  # the first of a date's features is its age
            row[feature.derived.source] = _date_of(feature.derived, value)
    return row


def _date_of(derivation: Derivation, age: Value) -> str | None:
    if not isinstance(age, float):
        return None
    date = derivation.origin_at - timedelta(days=age)
    if derivation.timed:
        return date.replace(microsecond=0).isoformat()
    return date.date().isoformat()


class Inputs:
    """What a contract asks clients for; worth keeping, as a request needs it anew each time.

    Args:
        contract: The model's.

    Attributes:
        names: What is sent, in order.
        dates: Which of them are dates, and whether each may be missing.
        is_plain: Whether models are given just what is sent.
    """

    def __init__(self, contract: Contract) -> None:
        self.names = contract.inputs
        self._places = {name: place for place, name in enumerate(self.names)}
        self._features = contract.features
        self.dates = dict.fromkeys(contract.dates, True)
        for feature in contract.features:
            if feature.derived is not UNSET and not feature.nullable:
                self.dates[feature.derived.source] = False
        self._coded = [f for f in contract.features if f.missing is not UNSET]
        self.is_plain = not self.dates and not self._coded

    def cleaned(self, sent: Sequence[Value]) -> tuple[Value, ...] | None:
        """Return a row with dates in their one form, and None for codes of missing values.

        Args:
            sent: Values in the order of `names`, each of its kind; dates as text.

        Returns:
            None if it needs a closer look: a date is none, or is missing and may not be.
        """
        row = list(sent)
        for name, may_miss in self.dates.items():
            value = row[self._places[name]]
            row[self._places[name]] = text = None if value is None else date_text(value)
            if text is None and (value is not None or not may_miss):
                return None
        for feature in self._coded:
            place = self._places[feature.name]
            if is_code(row[place], feature):
                if not feature.nullable:
                    return None
                row[place] = None
        return tuple(row)

    def given(self, sent: Sequence[Value], at: datetime) -> tuple[Value, ...]:
        """Return the values that the model is given, in the order of its features.

        Args:
            sent: A row as `cleaned` returns it.
            at: When it is asked about.
        """
        now = microseconds(at)
        dates = {name: as_moment(sent[self._places[name]]) for name in self.dates}
        return tuple(
            sent[self._places[feature.name]]
            if feature.derived is UNSET
            else _derived(feature.derived, dates[feature.derived.source], now)
            for feature in self._features
        )


def _derived(derivation: Derivation, date: datetime | None, now: int) -> float | None:
    return None if date is None else float(counted(derivation, microseconds(date), now))
