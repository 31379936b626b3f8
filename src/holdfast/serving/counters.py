"""What one server process has seen since it started: rows, unknown keys, unseen categories."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.predictions import PredictionRequest
    from holdfast.loop.swap import ServedModel

__all__ = ["Counters"]


class Counters:
    """Counts of this process, for its status; what is durable is counted in the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_rows = 0
        self._n_unknown = 0
        self._unseen: Counter[str] = Counter()

    def saw(
        self, served: ServedModel, requests: Sequence[PredictionRequest], *, n_unknown: int
    ) -> None:
        """Count a batch that was answered."""
        names = served.contract.names
        unseen = [
            names[index]
            for request in requests
            for index, known in served.known.items()
            if (value := request.values[index]) is not None and value not in known
        ]
        with self._lock:
            self._n_rows += len(requests)
            self._n_unknown += n_unknown
            self._unseen.update(unseen)

    def of_features(self) -> tuple[int, dict[str, int]]:
        """Return how many unknown keys were ignored, and unseen categories by feature."""
        with self._lock:
            return self._n_unknown, dict(sorted(self._unseen.items()))

    def snapshot(self) -> dict[str, object]:
        """Return the counts as JSON-like values."""
        with self._lock:
            return {
                "n_rows": self._n_rows,
                "n_unknown_features_ignored": self._n_unknown,
                "n_unseen_categories": dict(sorted(self._unseen.items())),
            }
