"""MLflow: releases as runs and registered versions, for people to look at and compare."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.adapters.registries.mlflow_aliases import read_aliases
from holdfast.adapters.registries.mlflow_model import prepare, write_model
from holdfast.domain.errors import MissingExtraError
from holdfast.domain.ids import ModelVersion

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract
    from holdfast.ports.model_registry import TrainingRun

__all__ = ["MlflowRegistry"]

EVENT_TAG = "holdfast.event_id"
VERSION_TAG = "holdfast.version"
_NOTE_TAG = "mlflow.note.content"  # what MLflow's pages show as the description
_KIND = {"mlflow.experimentKind": "custom_model_development"}  # its pages begin with runs
_FINISHED, _FAILED = _DONE = ("FINISHED", "FAILED")
_SQLITE = "sqlite:///"
_MODEL_FOLDER = "model"
_NOT_IN_NAMES = re.compile(r"[^\w .-]+", re.ASCII)  # MLflow refuses some, its filters others
_NOT_IN_KEYS = re.compile(r"[^\w ./-]+", re.ASCII)
_LONGEST, _LONGEST_KEY = 5000, 250  # of a value and of a key that MLflow takes
_BATCH = 100  # parameters in one call; of figures it takes more


class MlflowRegistry:
    """`ModelRegistry` in MLflow; by default in a SQLite file and a folder of its own.

    MLflow keeps its own schema by its own migrations, hence never in Holdfast's store.
    It is imported at the first use, which costs seconds that a tick without anything new
    need not spend; hence aliases are read from the file.

    Args:
        address: A SQLite file, as in ``sqlite:////srv/churn/mlflow.db``, beside which the
            artefacts go (both are made at the first use); or a tracking server.
        model_name: Under which releases are registered, and the experiment's name.
    """

    def __init__(self, address: str, *, model_name: str) -> None:
        self._address = address
        self._name = _NOT_IN_NAMES.sub("-", model_name)
        file = address.removeprefix(_SQLITE)
        self._file = None if file == address else Path(file).absolute()
        self._folder = None if self._file is None else self._file.parent

    def record_run(self, run: TrainingRun) -> None:
        """See `ModelRegistry.record_run`."""
        found = self._run(run)
        if found.info.status in _DONE:
            return
        self._log(found, run)
        self._end(found, run)

    def record_release(
        self, run: TrainingRun, *, version: ModelVersion, model: bytes, contract: Contract
    ) -> None:
        """See `ModelRegistry.record_release`."""
        found = self._run(run)
        marked = replace(run, tags={**run.tags, VERSION_TAG: version})
        if found.info.status in _DONE:
            self._register(found, marked)  # somebody may have deleted the version alone
            return
        self._log(found, marked)
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / _MODEL_FOLDER
            write_model(written, model=model, contract=contract)
            self._client.log_artifacts(found.info.run_id, str(written), _MODEL_FOLDER)
        self._register(found, marked)
        self._end(found, run)

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

    def aliases(self) -> dict[str, ModelVersion | None]:
        """See `ModelRegistry.aliases`."""
        found = None
        if self._file is not None:
            found = read_aliases(self._file, model_name=self._name, version_tag=VERSION_TAG)
        if found is None:
            by_number = {str(one.version): one.tags.get(VERSION_TAG) for one in self._versions()}
            found = {name: by_number.get(str(at)) for name, at in self._aliases().items()}
        return {
            alias: None if version is None else ModelVersion(version)
            for alias, version in found.items()
        }

    def prepare(self) -> None:
        """Load MLflow and make its database: what the first call would do, in seconds."""
        _ = self._experiment_id
        prepare()

    @cached_property
    def _client(self) -> Any:
        # Read when MLflow is imported; Holdfast phones nobody, and neither does this.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        # MLflow's own patience with a server that is away, minutes, would be the loop's.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
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
        return str(
            self._client.create_experiment(self._name, artifact_location=artefacts, tags=_KIND)
        )

    def _run(self, run: TrainingRun) -> Any:
        """Return the event's run, or a new one that bears its id from the first moment."""
        runs = self._client.search_runs(
            [self._experiment_id], filter_string=f"tags.`{EVENT_TAG}` = '{run.event_id}'"
        )
        if runs:
            return runs[0]
        return self._client.create_run(
            self._experiment_id, run_name=run.name, tags={EVENT_TAG: run.event_id}
        )

    def _log(self, found: Any, run: TrainingRun) -> None:
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - takes seconds

        run_id = found.info.run_id
        params = [Param(_key(key), value[:_LONGEST]) for key, value in run.params.items()]
        # A fixed time and step: the same figure again is the same point.
        metrics = [Metric(_key(key), figure, 0, 0) for key, figure in run.figures.items()]
        tags = [RunTag(key, value[:_LONGEST]) for key, value in run.tags.items()]
        for first in range(0, len(params), _BATCH):
            self._client.log_batch(run_id, params=params[first : first + _BATCH])
        for first in range(0, len(metrics), _BATCH):
            self._client.log_batch(run_id, metrics=metrics[first : first + _BATCH])
        self._client.log_batch(run_id, tags=[*tags, RunTag(_NOTE_TAG, run.note)])
        self._log_files(run_id, run.files)

    def _log_files(self, run_id: str, files: dict[str, bytes]) -> None:
        if not files:
            return
        with tempfile.TemporaryDirectory() as folder:
            for name, data in files.items():
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
            self._client.log_artifacts(run_id, folder)

    def _end(self, found: Any, run: TrainingRun) -> None:
        # Last of all: a run that has not ended is completed by the next call.
        self._client.set_terminated(found.info.run_id, _FAILED if run.failed else _FINISHED)

    def _register(self, found: Any, run: TrainingRun) -> None:
        if not self._client.search_registered_models(f"name = '{self._name}'"):
            self._client.create_registered_model(self._name)
        if not self._client.search_model_versions(f"run_id = '{found.info.run_id}'"):
            self._client.create_model_version(
                self._name,
                source=f"{found.info.artifact_uri}/{_MODEL_FOLDER}",
                run_id=found.info.run_id,
                tags={key: value[:_LONGEST] for key, value in run.tags.items()},
                description=run.note,
            )

    def _versions(self) -> list[Any]:
        return list(self._client.search_model_versions(f"name = '{self._name}'"))

    def _number(self, version: ModelVersion) -> str:
        """Return MLflow's own number of a version; the two may differ."""
        for registered in self._versions():
            if registered.tags.get(VERSION_TAG) == version:
                return str(registered.version)
        raise LookupError(f"{version} is not recorded in MLflow as a version of {self._name!r} yet")

    def _aliases(self) -> dict[str, Any]:
        models = self._client.search_registered_models(f"name = '{self._name}'")
        return dict(models[0].aliases) if models else {}


def _key(name: str) -> str:
    """Return a name that MLflow takes for a parameter or a figure."""
    return _NOT_IN_KEYS.sub("-", name)[:_LONGEST_KEY]
