"""How a model that was trained elsewhere is made ready to be released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract

__all__ = ["ModelIntake", "TakenIn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """A model in the form that a `Runtime` takes.

    Attributes:
        model: Its bytes; the given ones where nothing had to be changed.
        inputs: How the features reach the model's own inputs, in words.
    """

    model: bytes
    inputs: str


class ModelIntake(Protocol):
    """Gives a foreign model the inputs and the output that releases have."""

    def take_in(self, model: bytes, contract: Contract, *, name: str) -> TakenIn:
        """Fit a model to a contract and try it on typical, unseen and missing values.

        The same bytes and contract give the same result.

        Args:
            model: The file's bytes.
            contract: What its columns are, in its own order.
            name: The file's name, for errors.

        Raises:
            ModelFileError: If it is no model that the contract's rows can be fed to, or does
                not answer them with probabilities; says what was found and what is needed.
        """
        ...
