"""How a released model is executed: in serving and in the control plane alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

__all__ = ["LoadedModel", "Runtime"]


class LoadedModel(Protocol):
    """A model in memory, ready to score; safe to call from several threads."""

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """Return P(y = 1) for each row, shape ``(n,)``, each in [0, 1]."""
        ...


class Runtime(Protocol):
    """Turns a release's model bytes into something that scores."""

    def load(self, model: bytes, contract: Contract) -> LoadedModel:
        """Load and warm up a model; nothing in the bytes is ever unpickled.

        Raises:
            CorruptReleaseError: If the bytes are no model of this contract.
        """
        ...
