"""Every model registry passes its port's suite."""

from __future__ import annotations

import shutil

import pytest

from holdfast.adapters.registries.mlflow import VERSION_TAG, MlflowRegistry
from holdfast.testing.suites.model_registry import Mirrored, ModelRegistrySuite


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
            found = registry._client.search_model_versions(f"name = '{registry._name}'")
            by_number = {v.version: v.tags[VERSION_TAG] for v in found}
            model = registry._client.get_registered_model(registry._name)
            return Mirrored(
                versions=[by_number[number] for number in sorted(by_number)],
                aliases={alias: by_number[int(n)] for alias, n in model.aliases.items()},
            )

        return look
