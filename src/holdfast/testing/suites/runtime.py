"""What every `Runtime` must do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from holdfast.domain.errors import CorruptReleaseError
from holdfast.testing.learnable import learnable

if TYPE_CHECKING:
    from holdfast.ports.runtime import Runtime

__all__ = ["RuntimeSuite"]


class RuntimeSuite:
    """Needs the fixtures `runtime`, and `model`: bytes for `learnable().contract`."""

    def test_scores_rows_with_probabilities(self, runtime: Runtime, model: bytes) -> None:
        """One double in [0, 1] for each row."""
        data = learnable()

        scores = runtime.load(model, data.contract).score(data.matrix)

        assert scores.shape == (len(data.labels),)
        assert scores.dtype == np.float64
        assert ((scores >= 0) & (scores <= 1)).all()

    def test_scores_a_row_alone_as_among_others(self, runtime: Runtime, model: bytes) -> None:
        """Batches are a matter of speed only: the same score, to its last digit."""
        data = learnable()
        loaded = runtime.load(model, data.contract)
        together = loaded.score(data.matrix)

        alone = [loaded.score(data.matrix.take(slice(i, i + 1)))[0] for i in range(100)]
        threes = [loaded.score(data.matrix.take(slice(i, i + 3))) for i in range(0, 99, 3)]

        assert alone == together[:100].tolist()
        assert np.concatenate(threes).tolist() == together[:99].tolist()

    def test_scores_no_rows_with_nothing(self, runtime: Runtime, model: bytes) -> None:
        """An empty batch is not an error."""
        data = learnable()

        scores = runtime.load(model, data.contract).score(data.matrix.take(slice(0, 0)))

        assert scores.shape == (0,)

    def test_serves_several_threads(self, runtime: Runtime, model: bytes) -> None:
        """Each gets the answers to its own rows."""
        data = learnable()
        loaded = runtime.load(model, data.contract)
        expected = loaded.score(data.matrix)
        parts = [slice(i, i + 30) for i in range(0, 600, 30)] * 5

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda part: loaded.score(data.matrix.take(part)), parts))

        gaps = [np.abs(a - expected[p]).max() for a, p in zip(answers, parts, strict=True)]
        assert max(gaps) < 1e-7

    @pytest.mark.parametrize("cut", [0, 1, 100])
    def test_refuses_what_is_no_model(self, runtime: Runtime, model: bytes, cut: int) -> None:
        """Torn files end in our error, not in a crash."""
        with pytest.raises(CorruptReleaseError, match="refused"):
            runtime.load(model[:cut], learnable().contract)

    def test_refuses_a_model_of_another_contract(self, runtime: Runtime, model: bytes) -> None:
        """A model that takes other columns would answer nonsense."""
        with pytest.raises(CorruptReleaseError, match="contract"):
            runtime.load(model, learnable(categorical=False).contract)
