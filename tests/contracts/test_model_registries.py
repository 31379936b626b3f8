"""Every model registry passes its port's suite."""

from __future__ import annotations

import shutil

import pytest

from holdfast.adapters.registries.meanwhile import MeanwhileRegistry
from holdfast.adapters.registries.mlflow import VERSION_TAG, MlflowRegistry
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.ports.model_registry import TrainingRun
from holdfast.testing.fakes import InMemoryModelRegistry
from holdfast.testing.suites.model_registry import (
    REGISTRY_CONTRACT,
    Mirrored,
    ModelRegistrySuite,
)


class TestInMemoryModelRegistry(ModelRegistrySuite):
    @pytest.fixture
    def registry(self):
        return InMemoryModelRegistry()

    @pytest.fixture
    def mirrored(self, registry):
        def look() -> Mirrored:
            return Mirrored(
                runs=[run.name for run in registry.runs.values()],
                versions=list(registry.versions),
                aliases=dict(registry.pointed),
            )

        return look


class PreparedInMemory(InMemoryModelRegistry):
    def prepare(self):
        """Nothing takes long here."""


class TestMeanwhileRegistry(ModelRegistrySuite):
    """One that is made ready in a thread answers as it does without."""

    @pytest.fixture
    def inside(self):
        return PreparedInMemory()

    @pytest.fixture
    def registry(self, inside):
        return MeanwhileRegistry(inside)

    @pytest.fixture
    def mirrored(self, inside):
        def look() -> Mirrored:
            return Mirrored(
                runs=[run.name for run in inside.runs.values()],
                versions=list(inside.versions),
                aliases=dict(inside.pointed),
            )

        return look


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A database that MLflow has migrated once: it takes seconds."""
    folder = tmp_path_factory.mktemp("migrated")
    registry = MlflowRegistry(f"sqlite:///{folder / 'mlflow.db'}", model_name="none")
    assert registry._client.search_registered_models() == []
    return folder / "mlflow.db"


@pytest.mark.slow
class TestMlflowRegistry(ModelRegistrySuite):
    @pytest.fixture
    def registry(self, tmp_path, migrated):
        folder = tmp_path / "ml flow"
        folder.mkdir()
        shutil.copy(migrated, folder)
        return MlflowRegistry(
            f"sqlite:///{folder / 'mlflow.db'}", model_name="churn: Böhme/Söhne's"
        )

    @pytest.fixture
    def mirrored(self, registry):
        def look() -> Mirrored:
            client, name = registry._client, registry._name
            found = client.search_model_versions(f"name = '{name}'")
            by_number = {v.version: v.tags[VERSION_TAG] for v in found}
            models = client.search_registered_models(f"name = '{name}'")
            aliases = models[0].aliases if models else {}
            runs = client.search_runs([registry._experiment_id], order_by=["start_time ASC"])
            return Mirrored(
                runs=[run.info.run_name for run in runs],
                versions=[by_number[number] for number in sorted(by_number)],
                aliases={alias: by_number[int(n)] for alias, n in aliases.items()},
            )

        return look

    def test_registers_a_version_again_that_somebody_deleted(self, registry, mirrored):
        """Else an alias that is owed to it would wait for ever; the run is not made twice."""
        release = {
            "run": TrainingRun(event_id=EventId("e1"), name="v1"),
            "version": ModelVersion("v1"),
            "model": b"model",
            "contract": REGISTRY_CONTRACT,
        }
        registry.record_release(**release)
        registry._client.delete_model_version(registry._name, "1")

        registry.record_release(**release)

        assert mirrored() == Mirrored(runs=["v1"], versions=["v1"])
        registry.set_aliases({"champion": ModelVersion("v1")})
        assert registry.aliases() == {"champion": "v1"}
