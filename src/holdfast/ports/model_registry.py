"""A mirror for people: runs, versions and aliases in a tracking server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import EventId, ModelVersion

__all__ = ["ModelRegistry", "TrainingRun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """One training, whatever came of it, as people should find it.

    Attributes:
        event_id: The event that it mirrors: by it a repetition is recognised.
        name: What people call it: a version, or an attempt.
        note: In a few words, as Markdown, what it is.
        params: How it was made.
        figures: What it reached.
        tags: Where it comes from and what became of it.
        files: What belongs to it, by path: at most one folder deep.
        failed: Whether it broke off without a model.
    """

    event_id: EventId
    name: str
    note: str = ""
    params: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    failed: bool = False


class ModelRegistry(Protocol):
    """Mirrors trainings, releases and aliases; every call is idempotent.

    What a person does to aliases can be read back; nothing else is.
    """

    def record_run(self, run: TrainingRun) -> None:
        """Record a training that came to no release.

        A second call with the same event id finds the first one's run and adds nothing,
        or completes it if the first call broke off.
        """
        ...

    def record_release(
        self, run: TrainingRun, *, version: ModelVersion, model: bytes, contract: Contract
    ) -> None:
        """Record the training of a release, with its model, and register it as a version.

        A second call with the same event id finds the first one's run and adds nothing,
        or completes it if the first call broke off.

        Args:
            run: The training.
            version: Holdfast's name of the release.
            model: Its ONNX bytes.
            contract: What it takes and what its answers mean.
        """
        ...

    def set_aliases(self, aliases: dict[str, ModelVersion | None]) -> None:
        """Point `champion`, `challenger`, `previous` at versions; None removes one.

        Raises:
            LookupError: If a version is not recorded here (yet).
        """
        ...

    def aliases(self) -> dict[str, ModelVersion | None]:
        """Return where each alias points now; None: at something that is no release.

        It is asked at every tick, and has to be cheap where that can be.
        """
        ...
