"""Tests of holdfast.loop.register."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.trainers.estimator import EstimatorTrainer
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.domain.canonical import from_json
from holdfast.domain.errors import ParityError, VersionTakenError
from holdfast.domain.events import ReleaseRegistered
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import DISPERSION, MANIFEST, MODEL, MODEL_CARD, Dispersed, verified
from holdfast.loop import register as registering
from holdfast.loop.develop import develop
from holdfast.loop.disperse import dated_rows
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.fetch_reference import fetch_importances, fetch_reference, fetch_reference_rows
from holdfast.loop.register import build_release, register
from holdfast.policy.thresholds import RecallAtLeast
from holdfast.ports.trainer import Calibration
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore, InMemoryStore
from holdfast.testing.learnable import learnable
from holdfast.testing.project import PLAN

AIM = RecallAtLeast(recall=0.8)
DATA = learnable(1000)


@pytest.fixture(scope="module")
def candidate():
    return trained(LogisticRegressionTrainer())


def trained(trainer, *, seed=0):
    return develop(
        DATA.table,
        DATA.labels,
        feature_specs=DATA.contract.features,
        target=DATA.contract.target,
        data_digest="d" * 64,
        trainers=[trainer],
        aim=AIM,
        seed=seed,
        ordered=False,
    )


def build(candidate, **overrides):
    asked: dict[str, Any] = {
        "features": DATA.table,
        "labels": DATA.labels,
        "model_name": "churn",
        "runtime": OnnxRuntime(),
        "aim": AIM,
    }
    return build_release(candidate, **(asked | overrides))


class Project:
    """A store and a folder of releases, in memory."""

    def __init__(self, store=None, objects=None):
        self.store: Any = store or InMemoryStore()
        self.objects = objects or InMemoryObjectStore()

    @property
    def owed(self):
        return self.store.outbox.pending(due_at=datetime.max.replace(tzinfo=UTC))

    def register(self, bundle, **overrides):
        asked: dict[str, Any] = {
            "objects": self.objects,
            "events": self.store.events,
            "predictions": self.store.predictions,
            "releases": self.store.releases,
            "clock": FakeClock(),
            "actor": "cli",
            "origin": "train",
        }
        return register(bundle, **(asked | overrides))


class Overtaken:
    """Releases as they were before another process registered one, the first time it is asked."""

    def __init__(self, project, *, by):
        self._releases, self._by = project.store.releases, [by]

    def releases(self):
        known = self._releases.releases()
        while self._by:
            self._by.pop()()
        return known

    def deployment(self):
        return self._releases.deployment()


def called(bundle, name):
    """Return the same release under another model's name: another release."""
    manifest = replace(bundle.manifest, model_name=name)
    return replace(bundle, files=bundle.files | {MANIFEST: manifest.to_bytes()}, manifest=manifest)


class TestBuildRelease:
    def test_makes_the_same_release_from_the_same_model(self, candidate):
        """No clock and no chance inside: the id tells what a release is."""
        first, second = build(candidate), build(candidate)

        assert first.manifest.release_id == second.manifest.release_id
        assert first.files == second.files

    def test_keeps_how_much_rows_of_a_day_go_together(self, candidate):
        """The same bytes each time, under the manifest's digest as every file."""
        times = np.datetime64("2026-01-01", "us") + np.arange(1000) * np.timedelta64(1, "h")

        first, second = (build(candidate, dated=dated_rows(PLAN, times)) for _ in range(2))

        assert first.files == second.files
        kept = from_json(first.files[DISPERSION], dict[str, Dispersed])
        assert {one.n_buckets for one in kept.values()} == {42}
        assert DISPERSION in first.manifest.files

    def test_keeps_no_such_file_where_nothing_tells(self, candidate):
        """No times, or of too few days."""
        times = np.datetime64("2026-01-01", "us") + np.arange(1000) * np.timedelta64(1, "m")

        assert DISPERSION not in build(candidate).files
        assert DISPERSION not in build(candidate, dated=dated_rows(PLAN, times)).files

    @pytest.mark.parametrize(
        "trainer",
        [
            LogisticRegressionTrainer(),
            XGBoostTrainer(n_trees=10),
            HistGradientBoostingTrainer(n_trees=10),
            EstimatorTrainer(name="own", estimator=RandomForestClassifier(5, max_depth=3)),
        ],
        ids=lambda one: one.name,
    )
    def test_trained_anew_it_is_the_same_release(self, trainer):
        """The same rows, seed and version give the same id, whoever trained."""
        first, second, other = (
            build(trained(trainer, seed=seed)).manifest.release_id for seed in (3, 3, 4)
        )

        assert first == second
        assert first != other

    def test_lists_every_file_by_its_digest(self, candidate):
        """Each one verifies, and the manifest itself is the one that the id names."""
        bundle = build(candidate)

        names = set(bundle.files) - {MANIFEST}
        assert names == set(bundle.manifest.files)
        for name in names:
            verified(bundle.manifest.release_id, bundle.manifest, name, bundle.files[name])
        assert bundle.files[MANIFEST] == bundle.manifest.to_bytes()

    def test_refuses_an_export_that_says_something_else(self, candidate):
        """Here the export forgets the calibration, as a faulty converter might."""

        class Forgetful:
            def __init__(self, fitted):
                self.predict = fitted.predict
                self.to_onnx = lambda _: fitted.to_onnx(Calibration())

        faulty = replace(candidate.model, fitted=Forgetful(candidate.model.fitted))

        with pytest.raises(ParityError, match="It is not released"):
            build(replace(candidate, model=faulty))

    def test_keeps_a_draw_of_many_rows_in_their_order(self, candidate, monkeypatch):
        """Parquet of a large set is bounded; order may be time."""
        monkeypatch.setattr(registering, "_MOST_REFERENCE_ROWS", 300)
        project = Project()
        ordered = DATA.table.set_column(
            DATA.table.column_names.index("tenure"), "tenure", [np.arange(1000.0)]
        )

        record = project.register(build(candidate, features=ordered))

        rows, labels = fetch_reference_rows(project.objects, record.release_id)
        kept = rows.column("tenure").to_numpy()
        assert kept.size == 300
        assert (np.diff(kept) > 0).all()
        assert (labels == DATA.labels[kept.astype(int)]).all()

    def test_counts_on_the_grid_it_is_given(self, candidate):
        """The project's grid outlives releases: profiles of two of them must compare."""
        project = Project()
        first = project.register(build(candidate))
        grid = fetch_reference(project.objects, first.release_id)[0].grid
        half = {"features": DATA.table.slice(500), "labels": DATA.labels[500:]}

        second = project.register(build(candidate, grid=grid, **half))

        reference, metrics = fetch_reference(project.objects, second.release_id)
        assert reference.grid == grid
        assert reference.profile.n_rows == 500
        assert reference.profile.scores is not None
        assert reference.profile.scores.n == candidate.out_of_fold.metrics.n
        assert metrics == candidate.out_of_fold.metrics

    def test_says_on_the_card_what_was_reached(self, candidate):
        """Figures, aim and data stand there in words."""
        card = build(candidate).files[MODEL_CARD].decode()

        assert f"{candidate.metrics.figures['roc_auc']:.3f}" in card
        assert "a recall of at least 0.8" in card
        assert "d" * 64 in card
        drop = candidate.importances.drops["tenure"]
        assert f"| tenure | numeric | 0 to 72 | allowed | {drop:.4f} |" in card

    def test_keeps_what_the_model_rests_on(self, candidate):
        """For the shares that drift reports weigh by it."""
        project = Project()

        record = project.register(build(candidate))

        kept = fetch_importances(project.objects, record.release_id)
        assert kept is not None
        assert kept == candidate.importances
        assert set(kept.drops) == set(candidate.contract.names)


class TestRegister:
    def test_makes_a_release_that_serves(self, candidate):
        """What comes back scores as the candidate does."""
        project = Project()

        record = project.register(build(candidate))

        contract, model = fetch_for_serving(project.objects, record)
        assert contract == candidate.contract
        scores = OnnxRuntime().load(model, contract).score(DATA.matrix)
        assert scores == pytest.approx(candidate.model.predict(DATA.matrix), abs=1e-6)

    def test_writes_the_event_and_what_it_owes(self, candidate):
        """One event with the figures, one effect that mirrors it to people."""
        project = Project()

        record = project.register(build(candidate), origin="retrain", attempt_id="a1")

        (event,) = project.store.events.events()
        assert event.body == ReleaseRegistered(
            version=ModelVersion("v1"),
            release_id=record.release_id,
            schema_digest=candidate.contract.schema_digest,
            origin="retrain",
            trainer="logistic_regression",
            metrics=candidate.metrics.figures,
            attempt_id="a1",
            competition=candidate.recipe.competition,
            failures=candidate.recipe.failures,
        )
        (owed,) = project.store.outbox.pending(due_at=event.at)
        assert owed.effect.payload == {
            "do": "record_release",
            "version": "v1",
            "release_id": record.release_id,
        }

    def test_numbers_releases_in_their_order(self, candidate):
        """v1, v2, v3."""
        project = Project()

        records = [project.register(build(candidate, model_name=name)) for name in ("a", "b", "c")]

        assert [record.version for record in records] == ["v1", "v2", "v3"]
        assert project.store.releases.releases() == tuple(records)

    def test_registers_once_however_often_it_is_run(self, candidate):
        """A step that crashed after its event finds the version that it was given."""
        project = Project()
        bundle = build(candidate)
        first = project.register(bundle)
        project.register(build(candidate, model_name="another"))

        again = project.register(bundle)

        assert again == first
        assert len(project.store.releases.releases()) == 2

    def test_takes_the_next_version_where_another_process_was_faster(self, candidate):
        """It looked, and before it wrote the version was taken; the store let one of them pass."""
        project = Project()
        other = build(candidate, model_name="other")
        slow = Overtaken(project, by=lambda: project.register(other))

        record = project.register(build(candidate), releases=slow)

        assert record.version == "v2"
        assert [r.version for r in project.store.releases.releases()] == ["v1", "v2"]
        assert [owed.effect.payload["version"] for owed in project.owed] == ["v1", "v2"]

    def test_gives_up_where_others_are_always_faster(self, candidate):
        """Rather than to go on for ever against a store that shows nothing new."""
        project = Project()
        bundle = build(candidate)
        project.register(build(candidate, model_name="other"))
        blind = SimpleNamespace(releases=tuple, deployment=lambda: None)

        with pytest.raises(VersionTakenError, match="v1"):
            project.register(bundle, releases=blind)

    def test_numbers_without_a_gap_whoever_registers_at_once(self, candidate, tmp_path):
        """Four processes' worth of writers on one file, all let go at the same moment."""
        url, gate = f"sqlite:///{tmp_path}/h.db", Barrier(4)
        SqlStore.open(url, create=True).close()
        objects, base = InMemoryObjectStore(), build(candidate)

        def register_three(name):
            store = SqlStore.open(url, create=False)
            project = Project(store, objects)
            gate.wait()
            records = [project.register(called(base, f"{name}{i}")) for i in range(3)]
            store.close()
            return [record.version for record in records]

        with ThreadPoolExecutor(4) as pool:
            versions = [v for found in pool.map(register_three, "abcd") for v in found]

        assert sorted(versions) == sorted(f"v{i}" for i in range(1, 13))

    def test_leaves_no_event_if_the_files_were_not_stored(self, candidate):
        """An event that names what is not there could be promoted."""

        class Full:
            def put(self, group, files):
                raise OSError("no space left on device")

        project = Project()

        with pytest.raises(OSError, match="no space"):
            project.register(build(candidate), objects=Full())

        assert list(project.store.events.events()) == []

    def test_stores_the_model_unchanged(self, candidate):
        """Byte for byte."""
        project = Project()
        bundle = build(candidate)

        record = project.register(bundle)

        assert project.objects.get(record.release_id, MODEL) == bundle.files[MODEL]
