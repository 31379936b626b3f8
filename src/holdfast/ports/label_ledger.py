"""Where ground truth is written down as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.predictions import Label, LabelCounts
    from holdfast.domain.treatments import Treatment, TreatmentCounts

__all__ = ["LabelLedger"]


class LabelLedger(Protocol):
    """An append-only ledger of labels; nothing in it is overwritten."""

    def record(
        self, labels: Sequence[Label], *, received_at: datetime, maturity: timedelta
    ) -> LabelCounts:
        """Write the labels in one transaction and say what became of each.

        When it returns, they are durable. The first label of a prediction stands; the
        same again is a duplicate, another is conflicting, each recorded as such. A
        label whose prediction is unknown is an orphan until the prediction appears; but
        if it names an entity that was erased (`Retention.erase`), it is not kept.
        One observed more than `maturity` after its prediction is late, and counts.

        Args:
            labels: The facts, in the order in which they came.
            received_at: Now.
            maturity: The age at which a prediction's label is expected at the latest.

        Raises:
            StoreUnavailableError: If the write could not be made durable.
        """
        ...

    def treat(self, treatments: Sequence[Treatment], *, received_at: datetime) -> TreatmentCounts:
        """Write down who was acted upon, in one transaction, and say what became of each.

        When it returns, they are durable. Once treated, always treated: a later "not
        treated" is conflicting and changes nothing. What names a prediction by an id that
        is not known counts once the prediction appears; what names an entity without an
        earlier prediction is not kept.

        Args:
            treatments: The facts, in the order in which they came.
            received_at: Now.

        Raises:
            StoreUnavailableError: If the write could not be made durable.
        """
        ...

    def totals(self) -> LabelCounts:
        """Return how many labels of each fate the ledger holds (`fates` is empty)."""
        ...
