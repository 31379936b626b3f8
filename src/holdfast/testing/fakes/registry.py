"""A registry in memory, which may be out of reach for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.ids import ModelVersion

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import EventId
    from holdfast.ports.model_registry import TrainingRun

__all__ = ["InMemoryModelRegistry"]


class InMemoryModelRegistry:
    """`ModelRegistry` in memory.

    Attributes:
        runs: By event id, in the order in which they were first recorded.
        versions: Holdfast's, in order of recording; None is one that a person registered.
        models: The bytes of each version's model.
        pointed: Where each alias points.
        down: How many of the next calls find nobody; -1: all of them.
        losing: How many of the next calls are done, but their answer is lost.
        n_calls: That were made, answered or not.
    """

    def __init__(self) -> None:
        self.runs: dict[EventId, TrainingRun] = {}
        self.versions: list[ModelVersion | None] = []
        self.models: dict[ModelVersion, bytes] = {}
        self.pointed: dict[str, ModelVersion | None] = {}
        self.down = self.losing = self.n_calls = 0

    def record_run(self, run: TrainingRun) -> None:
        """See `ModelRegistry.record_run`."""
        self._ask()
        self.runs.setdefault(run.event_id, run)
        self._answer()

    def record_release(
        self,
        run: TrainingRun,
        *,
        version: ModelVersion,
        model: bytes,
        contract: Contract,  # noqa: ARG002 - nobody loads a model from here
    ) -> None:
        """See `ModelRegistry.record_release`."""
        self._ask()
        if run.event_id not in self.runs:
            self.runs[run.event_id] = run
            self.versions.append(version)
            self.models[version] = model
        self._answer()

    def set_aliases(self, aliases: dict[str, ModelVersion | None]) -> None:
        """See `ModelRegistry.set_aliases`."""
        self._ask()
        for version in aliases.values():
            if version is not None and version not in self.versions:
                raise LookupError(f"{version} is not recorded")
        for alias, version in aliases.items():
            if version is not None:
                self.pointed[alias] = ModelVersion(version)
            else:
                self.pointed.pop(alias, None)
        self._answer()

    def aliases(self) -> dict[str, ModelVersion | None]:
        """See `ModelRegistry.aliases`."""
        self._ask()
        return dict(self.pointed)

    def _ask(self) -> None:
        self.n_calls += 1
        if self.down:
            self.down -= self.down > 0
            raise ConnectionError("the registry does not answer")

    def _answer(self) -> None:
        if self.losing:
            self.losing -= 1
            raise TimeoutError("the registry's answer was lost")
