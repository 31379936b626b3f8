"""A registry that gets ready while something else is done: MLflow takes seconds to begin."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Protocol

from holdfast.ports.model_registry import ModelRegistry

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion
    from holdfast.ports.model_registry import TrainingRun

__all__ = ["MeanwhileRegistry", "Preparable"]


class Preparable(ModelRegistry, Protocol):
    """A registry that can do beforehand what its first call would do."""

    def prepare(self) -> None:
        """Get ready; what fails here fails at the first call, too."""
        ...


class MeanwhileRegistry:
    """Prepares another registry in a thread, for which every call waits first.

    While models are fitted in a child process this one has nothing to do.

    Args:
        registry: The other one.
    """

    def __init__(self, registry: Preparable) -> None:
        self._registry = registry
        self._preparing = threading.Thread(target=self._prepare, name="registry")
        self._preparing.start()

    def record_run(self, run: TrainingRun) -> None:
        """See `ModelRegistry.record_run`."""
        self._ready().record_run(run)

    def record_release(
        self, run: TrainingRun, *, version: ModelVersion, model: bytes, contract: Contract
    ) -> None:
        """See `ModelRegistry.record_release`."""
        self._ready().record_release(run, version=version, model=model, contract=contract)

    def set_aliases(self, aliases: dict[str, ModelVersion | None]) -> None:
        """See `ModelRegistry.set_aliases`."""
        self._ready().set_aliases(aliases)

    def aliases(self) -> dict[str, ModelVersion | None]:
        """See `ModelRegistry.aliases`."""
        return self._ready().aliases()

    def _ready(self) -> ModelRegistry:
        self._preparing.join()
        return self._registry

    def _prepare(self) -> None:
        # Whatever goes wrong here, the first call meets again, where it is told and tried anew.
        with contextlib.suppress(Exception):
            self._registry.prepare()
