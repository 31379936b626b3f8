"""What every `ModelIntake` must do: what comes out serves, or nothing comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import ModelFileError
from holdfast.testing.learnable import learnable

if TYPE_CHECKING:
    from holdfast.ports.model_intake import ModelIntake
    from holdfast.ports.runtime import Runtime

__all__ = ["ModelIntakeSuite"]


class ModelIntakeSuite:
    """Needs the fixtures `intake`, `runtime`, and `foreign`: a model in a form of its own.

    `foreign` is bytes for the features of `learnable().contract`.
    """

    def test_what_comes_out_scores_rows(
        self, intake: ModelIntake, runtime: Runtime, foreign: bytes
    ) -> None:
        """The runtime that serves takes it, and it answers each row with a probability."""
        data = learnable()

        taken = intake.take_in(foreign, data.contract, name="model")

        scores = runtime.load(taken.model, data.contract).score(data.matrix)
        assert ((scores >= 0) & (scores <= 1)).all()
        assert taken.inputs

    def test_the_same_model_comes_out_the_same(self, intake: ModelIntake, foreign: bytes) -> None:
        """A release's id is made of its bytes."""
        contract = learnable().contract

        first, again = (intake.take_in(foreign, contract, name="model") for _ in range(2))

        assert first == again

    def test_what_came_out_is_taken_in_as_it_is(self, intake: ModelIntake, foreign: bytes) -> None:
        """A model of a release can be brought to another project."""
        contract = learnable().contract
        once = intake.take_in(foreign, contract, name="model")

        twice = intake.take_in(once.model, contract, name="model")

        assert twice.model == once.model

    @pytest.mark.parametrize("cut", [0, 1, 100])
    def test_refuses_what_is_no_model(self, intake: ModelIntake, foreign: bytes, cut: int) -> None:
        """Torn files end in our error, which names the file."""
        with pytest.raises(ModelFileError, match=r"^model: "):
            intake.take_in(foreign[:cut], learnable().contract, name="model")

    def test_refuses_a_model_of_another_contract(self, intake: ModelIntake, foreign: bytes) -> None:
        """It would answer nonsense."""
        with pytest.raises(ModelFileError, match=r"^model: "):
            intake.take_in(foreign, learnable(categorical=False).contract, name="model")
