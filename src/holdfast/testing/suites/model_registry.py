"""What every `ModelRegistry` must do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.releases import Manifest, ModelMetrics, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.model_registry import ModelRegistry

__all__ = ["Mirrored", "ModelRegistrySuite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What a person would see in the registry."""

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

        assert mirrored() == Mirrored(versions=["v1", "v2"])

    def test_records_an_event_once(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
        """The outbox delivers at least once: the same event again adds nothing."""
        _record(registry, "v1")
        _record(registry, "v1")

        assert mirrored() == Mirrored(versions=["v1"])

    def test_moves_and_removes_aliases(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
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

        assert mirrored().aliases == {"champion": "v2", "previous": "v1"}

    def test_says_that_a_version_is_not_there(
        self, registry: ModelRegistry, mirrored: Callable[[], Mirrored]
    ) -> None:
        """The outbox then tries again later; no alias has moved meanwhile."""
        _record(registry, "v1")

        with pytest.raises(LookupError, match="v9"):
            registry.set_aliases({"previous": ModelVersion("v1"), "champion": ModelVersion("v9")})

        assert mirrored().aliases == {}


def _record(registry: ModelRegistry, version: str) -> None:
    recipe = Recipe(
        trainer="logistic_regression",
        parameters={"inverse_penalty": 1.0, "converged": True},
        seed=0,
        training_window="all",
        n_train=60,
        n_validation=20,
        n_test=20,
        split="stratified",
    )
    registry.record_release(
        event_id=EventId(f"event-of-{version}"),
        version=ModelVersion(version),
        manifest=Manifest(model_name="churn", files={}, recipe=recipe, software="0"),
        metrics=ModelMetrics(
            n=20, n_positive=5, figures={"roc_auc": 0.8}, confidence=0.3, confidence_sd=0.1
        ),
        model=b"model",
        model_card=b"# Card",
        tags={"origin": "train"},
    )
