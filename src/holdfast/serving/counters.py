"""What a server has seen in the rows since it started: rows, unknown keys, unseen categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.serving.cells import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.predictions import PredictionRequest
    from holdfast.loop.swap import ServedModel

__all__ = ["Counters"]


class Counters:
    """Counts for the server's status; what is durable is counted in the store.

    Args:
        tally: Where counts are kept; a memory of this process's own if absent.
    """

    def __init__(self, tally: Tally | None = None) -> None:
        self._tally = tally or Tally()

    def saw(
        self, served: ServedModel, requests: Sequence[PredictionRequest], *, n_unknown: int
    ) -> None:
        """Count a batch that was answered."""
        self._tally.add("seen", by=len(requests))
        if n_unknown:
            self._tally.add("unknown", by=n_unknown)
        for request in requests:
            for index, known in served.known.items():
                value = request.values[index]
                if value is not None and value not in known:
                    self._tally.add("unseen", served.contract.features[index].name)

    def of_features(self) -> tuple[int, dict[str, int]]:
        """Return how many unknown keys were ignored, and unseen categories by feature."""
        sums = self._tally.sums()
        unseen = {key[1]: int(vector[0]) for key, vector in sums.items() if key[0] == "unseen"}
        return int(sums.get(("unknown",), [0])[0]), unseen

    def snapshot(self) -> dict[str, object]:
        """Return the counts as JSON-like values."""
        n_unknown, unseen = self.of_features()
        return {
            "n_rows": int(self._tally.sum("seen")),
            "n_unknown_features_ignored": n_unknown,
            "n_unseen_categories": unseen,
        }
