"""MLflow: releases as runs and registered versions, for people to look at and compare."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import MissingExtraError
from holdfast.domain.releases import MODEL, MODEL_CARD

if TYPE_CHECKING:
    from holdfast.domain.ids import EventId, ModelVersion
    from holdfast.domain.releases import Manifest, ModelMetrics

__all__ = ["MlflowRegistry"]

EVENT_TAG = "holdfast.event_id"
VERSION_TAG = "holdfast.version"
RELEASE_TAG = "holdfast.release_id"
_DONE = "FINISHED"
_SQLITE = "sqlite:///"
_MODEL_FOLDER = "model"
_NOT_IN_NAMES = re.compile(r"[^\w .-]+", re.ASCII)  # MLflow refuses some, its filters others


class MlflowRegistry:
    """`ModelRegistry` in MLflow; by default in a SQLite file and a folder of its own.

    MLflow keeps its own schema by its own migrations, hence never in Holdfast's store.
    It is imported at the first use, which costs seconds that a project without a new
    release need not spend.

    Args:
        address: A SQLite file, as in ``sqlite:////srv/churn/mlflow.db``, beside which the
            artefacts go (both are made at the first use); or a tracking server.
        model_name: Under which releases are registered, and the experiment's name.
    """

    def __init__(self, address: str, *, model_name: str) -> None:
        self._address = address
        self._name = _NOT_IN_NAMES.sub("-", model_name)
        file = address.removeprefix(_SQLITE)
        self._folder = None if file == address else Path(file).absolute().parent

    def record_release(
        self,
        *,
        event_id: EventId,
        version: ModelVersion,
        manifest: Manifest,
        metrics: ModelMetrics,
        model: bytes,
        model_card: bytes,
        tags: dict[str, str],
    ) -> None:
        """See `ModelRegistry.record_release`."""
        run = self._run(event_id, version)
        if run.info.status == _DONE:
            return
        marks = {VERSION_TAG: version, RELEASE_TAG: manifest.release_id, **tags}
        self._log_figures(run.info.run_id, manifest, metrics, marks)
        self._log_files(run.info.run_id, {MODEL: model, MODEL_CARD: model_card})
        self._register(run, marks)
        # Last of all: a run that is not finished is completed by the next call.
        self._client.set_terminated(run.info.run_id, _DONE)

    def set_aliases(self, aliases: dict[str, ModelVersion | None]) -> None:
        """See `ModelRegistry.set_aliases`."""
        numbers = {
            alias: None if version is None else self._number(version)
            for alias, version in aliases.items()
        }
        present = self._aliases()
        for alias, number in numbers.items():
            if number is not None:
                self._client.set_registered_model_alias(self._name, alias, number)
            elif alias in present:
                self._client.delete_registered_model_alias(self._name, alias)

    @cached_property
    def _client(self) -> Any:
        # Read when MLflow is imported; Holdfast phones nobody, and neither does this.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # MLflow 3.17 uses what SQLAlchemy 2.1 calls deprecated; the reader can do nothing.
            warnings.simplefilter("ignore")
            try:
                from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds, and is an extra
            except ImportError as error:
                raise MissingExtraError(needs="MLflow", extra="train") from error
            logging.getLogger("mlflow").setLevel(logging.WARNING)
            return MlflowClient(tracking_uri=self._address, registry_uri=self._address)

    @cached_property
    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self._name)
        if found is not None:
            return str(found.experiment_id)
        artefacts = None if self._folder is None else (self._folder / "mlflow-artifacts").as_uri()
        return str(self._client.create_experiment(self._name, artifact_location=artefacts))

    def _run(self, event_id: EventId, version: ModelVersion) -> Any:
        """Return the event's run, or a new one that bears its id from the first moment."""
        runs = self._client.search_runs(
            [self._experiment_id], filter_string=f"tags.`{EVENT_TAG}` = '{event_id}'"
        )
        if runs:
            return runs[0]
        return self._client.create_run(
            self._experiment_id, run_name=version, tags={EVENT_TAG: event_id}
        )

    def _log_figures(
        self, run_id: str, manifest: Manifest, metrics: ModelMetrics, tags: dict[str, str]
    ) -> None:
        recipe = manifest.recipe
        params = {
            "trainer": recipe.trainer,
            "seed": recipe.seed,
            "training_window": recipe.training_window,
            "split": recipe.split,
            "n_train": recipe.n_train,
            "n_validation": recipe.n_validation,
            "n_test": recipe.n_test,
            **recipe.parameters,
        }
        for key, value in params.items():
            self._client.log_param(run_id, key, value)
        competed = {f"validation_brier.{name}": at for name, at in recipe.competition.items()}
        figures = {**metrics.figures, "confidence": metrics.confidence, **competed}
        for key, figure in figures.items():
            # A fixed time and step: the same figure again is the same point.
            self._client.log_metric(run_id, key, figure, timestamp=0, step=0)
        for key, value in tags.items():
            self._client.set_tag(run_id, key, value)

    def _log_files(self, run_id: str, files: dict[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            self._client.log_artifacts(run_id, folder, _MODEL_FOLDER)

    def _register(self, run: Any, tags: dict[str, str]) -> None:
        if not self._client.search_registered_models(f"name = '{self._name}'"):
            self._client.create_registered_model(self._name)
        if not self._client.search_model_versions(f"run_id = '{run.info.run_id}'"):
            self._client.create_model_version(
                self._name,
                source=f"{run.info.artifact_uri}/{_MODEL_FOLDER}",
                run_id=run.info.run_id,
                tags=tags,
            )

    def _number(self, version: ModelVersion) -> str:
        """Return MLflow's own number of a version; the two may differ."""
        for registered in self._client.search_model_versions(f"name = '{self._name}'"):
            if registered.tags.get(VERSION_TAG) == version:
                return str(registered.version)
        raise LookupError(f"{version} is not recorded in MLflow as a version of {self._name!r} yet")

    def _aliases(self) -> set[str]:
        models = self._client.search_registered_models(f"name = '{self._name}'")
        return set(models[0].aliases) if models else set()
