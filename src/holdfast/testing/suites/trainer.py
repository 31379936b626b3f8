"""What every `Trainer` must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from holdfast.domain.errors import TrainingFailedError
from holdfast.loop.parity import TOLERANCE, edge_rows, made_up_rows
from holdfast.ports.trainer import Calibration
from holdfast.stats.auc import roc_auc
from holdfast.testing.learnable import learnable

if TYPE_CHECKING:
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

__all__ = ["TrainerSuite"]

_PLAIN = Calibration()
_BENT = Calibration(slope=0.7, intercept=-0.4)
_PIECES = Calibration(
    slope=0.7, intercept=-0.4, bends=((-1.5, 4.3), (-1.2, -4.95), (0.0, 1.5), (0.8, -0.85))
)


class TrainerSuite:
    """Needs the fixtures `trainer`, and `runtime`: what executes its exports."""

    def test_learns_what_can_be_learnt(self, trainer: Trainer) -> None:
        """On rows it has not seen it ranks far better than chance."""
        known, fresh = learnable(seed=1), learnable(seed=2)

        model = trainer.fit(known.matrix, known.labels, contract=known.contract, seed=0)

        assert roc_auc(fresh.labels, model.predict(fresh.matrix, _PLAIN)) > 0.7

    @pytest.mark.parametrize("calibration", [_PLAIN, _BENT, _PIECES])
    @pytest.mark.parametrize(
        ("numeric", "categorical"), [(True, True), (True, False), (False, True)]
    )
    def test_exports_what_it_trained(
        self,
        trainer: Trainer,
        runtime: Runtime,
        calibration: Calibration,
        numeric: bool,  # noqa: FBT001 - pytest passes parameters by name
        categorical: bool,  # noqa: FBT001 - the same
    ) -> None:
        """With either kind of column alone, and with a calibration inside."""
        data = learnable(numeric=numeric, categorical=categorical)
        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)

        exported = runtime.load(model.to_onnx(calibration), data.contract)

        expected = model.predict(data.matrix, calibration)
        assert np.abs(exported.score(data.matrix) - expected).max() <= TOLERANCE

    @pytest.mark.parametrize("calibration", [_PLAIN, _PIECES])
    def test_exports_what_it_says_at_the_edges(
        self, trainer: Trainer, runtime: Runtime, calibration: Calibration
    ) -> None:
        """Missing values, unseen categories and the largest numbers all have an answer."""
        data = learnable()
        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)
        exported = runtime.load(model.to_onnx(calibration), data.contract)

        gaps = {
            name: abs(exported.score(row)[0] - model.predict(row, calibration)[0])
            for name, row in edge_rows(data.contract).items()
        }

        assert max(gaps.values()) <= TOLERANCE, gaps

    @pytest.mark.parametrize("calibration", [_BENT, _PIECES])
    def test_exports_what_it_says_beside_what_it_saw(
        self, trainer: Trainer, runtime: Runtime, calibration: Calibration
    ) -> None:
        """On 10,000 rows of values next to those of training, where trees split."""
        data = learnable()
        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)
        rows = made_up_rows(data.matrix, seed=1)

        exported = runtime.load(model.to_onnx(calibration), data.contract)

        gap = np.abs(exported.score(rows) - model.predict(rows, calibration))
        assert gap.max() <= TOLERANCE

    def test_has_a_score_for_no_rows(self, trainer: Trainer) -> None:
        """None, rather than a complaint of the library's."""
        data = learnable()
        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)

        assert model.predict(data.matrix.take(slice(0, 0)), _PLAIN).shape == (0,)

    def test_makes_the_same_model_twice(self, trainer: Trainer) -> None:
        """The same rows, labels and seed give the same bytes: a release can be made again."""
        data = learnable()

        first, second = (
            trainer.fit(data.matrix, data.labels, contract=data.contract, seed=3).to_onnx(_BENT)
            for _ in range(2)
        )

        assert first == second

    def test_keeps_log_odds_and_probabilities_in_step(self, trainer: Trainer) -> None:
        """`predict` is the sigmoid of the calibrated `log_odds`, in one piece or in several."""
        data = learnable()
        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)

        log_odds = model.log_odds(data.matrix)

        expected = 1 / (1 + np.exp(-(0.7 * log_odds - 0.4)))
        assert np.allclose(model.predict(data.matrix, _BENT), expected, atol=1e-6)
        in_pieces = _PIECES.probabilities(log_odds)
        assert np.allclose(model.predict(data.matrix, _PIECES), in_pieces, atol=1e-6)

    def test_heeds_weights(self, trainer: Trainer) -> None:
        """Rows of weight zero teach nothing."""
        data = learnable()
        turned = np.concatenate([data.labels, ~data.labels])
        twice = data.matrix.take(np.tile(np.arange(len(data.labels)), 2))
        weights = np.repeat([1.0, 0.0], len(data.labels))

        model = trainer.fit(twice, turned, contract=data.contract, seed=0, weights=weights)

        assert roc_auc(data.labels, model.predict(data.matrix, _PLAIN)) > 0.7

    def test_fails_by_name_on_a_single_class(self, trainer: Trainer) -> None:
        """Nothing can be told apart: an error of ours, not of the library's."""
        data = learnable()

        with pytest.raises(TrainingFailedError, match=trainer.name):
            trainer.fit(data.matrix, np.zeros_like(data.labels), contract=data.contract, seed=0)

    def test_says_how_it_was_set(self, trainer: Trainer) -> None:
        """The recipe needs the settings as plain values."""
        data = learnable()

        model = trainer.fit(data.matrix, data.labels, contract=data.contract, seed=0)

        assert model.parameters
        assert all(isinstance(v, float | int | str | bool) for v in model.parameters.values())
