"""Score by a release that MLflow keeps: what `mlflow.pyfunc.load_model` calls."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.canonical import from_json
from holdfast.domain.contract import Contract
from holdfast.domain.dated import repeated
from holdfast.domain.releases import CONTRACT, MODEL
from holdfast.domain.tables import conform, encode_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.runtime import LoadedModel

__all__ = ["Scorer"]


class Scorer:
    """A model that takes tables of features by name; columns beside them are passed over.

    Args:
        model: In memory.
        contract: What it takes and what its answers mean.
        now: Tells the moment of the question, from which ages of dates count.
    """

    def __init__(
        self,
        model: LoadedModel,
        contract: Contract,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._model, self._contract, self._now = model, contract, now

    def predict(
        self,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow passes it if it is there
    ) -> pd.DataFrame:
        """Return each row's score and the decision at the release's threshold.

        Raises:
            ColumnError: If a feature is absent or of another type.
            InvalidRowsError: If the model has no probability for a row.
        """
        table = pa.Table.from_pandas(model_input, preserve_index=False)
        asked = repeated(self._now(), table.num_rows) if self._contract.dates else None
        rows = conform(table, self._contract, moments=asked)
        scores = self._model.score(encode_table(rows, self._contract))
        target, threshold = self._contract.target, self._contract.threshold
        decisions = [target.word(positive=bool(score >= threshold)) for score in scores]
        return pd.DataFrame({"score": scores, "decision": decisions}, index=model_input.index)


def _load_pyfunc(path: str) -> Scorer:
    """Load a model; MLflow finds this function by its name."""
    folder = Path(path)
    contract = from_json((folder / CONTRACT).read_bytes(), Contract)
    return Scorer(OnnxRuntime().load((folder / MODEL).read_bytes(), contract), contract)
