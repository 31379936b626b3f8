"""What the online plane is given: the champion it serves and the ports it writes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from holdfast.domain.treatments import HoldOut

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from holdfast.loop.swap import Champion
    from holdfast.ports.clock import Clock
    from holdfast.ports.key_store import KeyStore
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.object_store import ObjectStore
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.release_store import ReleaseStore
    from holdfast.ports.views import Views

__all__ = ["OnlinePorts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlinePorts:
    """Everything a server needs; wiring makes it, serving only calls it.

    Attributes:
        champion: Holds the model in memory.
        predictions: Where each answer is written before it is given.
        labels: Where ground truth is written.
        views: Read-only questions for the status page.
        releases: Which releases exist.
        objects: Where releases' files are.
        clock: The present moment.
        keys: Who may ask.
        label_maturity: The age at which a prediction's label is expected at the latest.
        check_store: Commits a write that changes nothing; raises StoreUnavailableError if
            the store cannot take writes now. Readiness calls it.
        durability: What an acknowledged write has survived: `full`, the machine's end;
            `relaxed`, this process's.
        holdout: Whom nobody is to act upon, which answers say.
    """

    champion: Champion
    predictions: PredictionLog
    labels: LabelLedger
    views: Views
    releases: ReleaseStore
    objects: ObjectStore
    clock: Clock
    keys: KeyStore
    label_maturity: timedelta
    check_store: Callable[[], None]
    durability: Literal["full", "relaxed"] = "full"
    holdout: HoldOut = field(default_factory=HoldOut)
