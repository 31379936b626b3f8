"""The same server with nothing behind it that is durable: what a log costs is the difference.

Run with ``python benchmarks/serving_without_log.py PROJECT``. It prints its address.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.serving import create_app
from holdfast.serving.runner import run
from holdfast.settings import load_settings
from holdfast.wiring.online import open_online

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.contract import Contract
    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.ports.prediction_log import LogBatch

__all__ = ["Forgetful"]


class Forgetful:
    """Takes what a server writes to a `PredictionLog`, and keeps nothing."""

    def append(
        self,
        contract: Contract,  # noqa: ARG002 - the port's signature
        requests: Sequence[PredictionRequest],  # noqa: ARG002 - the same
        predictions: Sequence[Prediction],
    ) -> tuple[Prediction, ...]:
        return tuple(predictions)

    def append_each(self, batches: Sequence[LogBatch]) -> list[tuple[Prediction, ...] | Exception]:
        return [tuple(batch.predictions) for batch in batches]


def main() -> None:
    """Serve the champion of a project."""
    settings = load_settings(Path(sys.argv[1]))
    with open_online(settings) as ports:
        forgetful = replace(ports, predictions=Forgetful())  # type: ignore[arg-type]  # reading is not asked of it
        run(create_app(forgetful), port=0, announce=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
