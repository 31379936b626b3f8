"""What every `ModelRegistry` must do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.ports.model_registry import TrainingRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.model_registry import ModelRegistry

__all__ = ["REGISTRY_CONTRACT", "Mirrored", "ModelRegistrySuite"]

REGISTRY_CONTRACT = Contract(
    features=(
        Feature(name="tenure", kind=FeatureKind.NUMERIC, nullable=True, typical=36.0),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True, typical="monthly"),
    ),
    target=Target(name="left", positive="yes", negative="no"),
    threshold=0.3,
    data_digest="d" * 64,
)
"""Of the releases that the suite records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What a person would see in the registry."""

    runs: list[str] = field(default_factory=list)  # names, in order of recording
    versions: list[str] = field(default_factory=list)  # Holdfast's, in order of recording
    aliases: dict[str, str] = field(default_factory=dict)  # alias -> Holdfast's version


class ModelRegistrySuite:
    """Needs the fixtures `registry`, empty, and `mirrored`: a function that looks into it."""

    def test_records_releases(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
        """Each stands there under Holdfast's version."""
        _record(registry, "v1")
        _record(registry, "v2")

        assert mirrored() == Mirrored(runs=["v1", "v2"], versions=["v1", "v2"])

    def test_records_an_event_once(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
        """The outbox delivers at least once: the same event again adds nothing."""
        _record(registry, "v1")
        registry.record_run(_run("refused"))

        _record(registry, "v1")
        registry.record_run(_run("refused"))

        assert mirrored() == Mirrored(runs=["v1", "refused"], versions=["v1"])

    def test_records_what_came_to_no_release(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
        """A run is there, a version is not."""
        registry.record_run(_run("refused"))
        registry.record_run(_run("broken", failed=True))

        assert mirrored() == Mirrored(runs=["refused", "broken"])

    def test_moves_and_removes_aliases(self, registry: ModelRegistry) -> None:
        """An alias is on one version, and None takes it away, also where it never was."""
        _record(registry, "v1")
        _record(registry, "v2")
        registry.set_aliases({"champion": ModelVersion("v1"), "challenger": ModelVersion("v2")})

        registry.set_aliases(
            {
                "champion": ModelVersion("v2"),
                "previous": ModelVersion("v1"),
                "challenger": None,
                "never": None,
            }
        )

        assert registry.aliases() == {"champion": "v2", "previous": "v1"}

    def test_has_no_alias_before_the_first_release(self, registry: ModelRegistry) -> None:
        """Nor does asking make anything."""
        assert registry.aliases() == {}

    def test_says_that_a_version_is_not_there(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
        """The outbox then tries again later; no alias has moved meanwhile."""
        _record(registry, "v1")

        with pytest.raises(LookupError, match="v9"):
            registry.set_aliases({"previous": ModelVersion("v1"), "champion": ModelVersion("v9")})

        assert mirrored().aliases == registry.aliases() == {}


def _run(name: str, *, failed: bool = False) -> TrainingRun:
    return TrainingRun(
        event_id=EventId(f"event-of-{name}"),
        name=name,
        note="a *test*",
        params={"trainer": "logistic_regression", "odd: name?": "x" * 9000},
        figures={"roc_auc": 0.8, "guard.gain.low": -0.1},
        tags={"holdfast.origin": "train"},
        files={"release/model_card.md": b"# Card", "guard.md": b"# Guard"},
        failed=failed,
    )


def _record(registry: ModelRegistry, version: str) -> None:
    registry.record_release(
        _run(version),
        version=ModelVersion(version),
        model=_MODEL,
        contract=REGISTRY_CONTRACT,
    )


_MODEL = b"model"
