"""Which champion is in memory, and how another takes its place."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.errors import NoChampionError, StoreUnavailableError
from holdfast.loop.swap import Champion, Refresher, Refusal, ServedModel, typical_value
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore, InMemoryStore
from holdfast.testing.online import (
    TINY_CONTRACT,
    TinyModel,
    TinyRuntime,
    deploy,
    put_tiny_release,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Project:
    """Releases, their files and the champion over them."""

    def __init__(self, runtime: TinyRuntime | None = None) -> None:
        self.store, self.objects = InMemoryStore(), InMemoryObjectStore()
        self.runtime = runtime or TinyRuntime()
        self.refusals: list[Refusal] = []
        self.champion = Champion(
            releases=self.store.releases,
            objects=self.objects,
            runtime=self.runtime,
            clock=FakeClock(NOW),
            on_refused=self.refusals.append,
        )

    def deploy(self, version, **options):
        record = put_tiny_release(self.objects, version, **options)
        deploy(self.store.events, record, at=NOW)
        return record

    def files(self, record):
        return self.objects._groups[record.release_id]

    @property
    def version(self):
        return self.champion.current().record.version

    @property
    def problem(self):
        refusal = self.champion.refusal
        return None if refusal is None else refusal.problem


@pytest.fixture
def project():
    """A project without a model."""
    return Project()


class TestChampion:
    def test_nothing_serves_before_the_first_promotion(self, project):
        """A server may start before the first training; it says so, and goes on looking."""
        project.champion.refresh()

        with pytest.raises(NoChampionError):
            project.champion.current()
        assert project.champion.refusal is None

    def test_loads_what_is_in_production(self, project):
        """The model, its contract and where it stands in the history of deployments."""
        record = project.deploy("v1")

        project.champion.refresh()

        served = project.champion.current()
        assert served.record == record
        assert served.contract == TINY_CONTRACT
        assert (served.seq, served.since) == (2, NOW)
        assert served.typical == (29.0, 70.35, False, "monthly")

    def test_swaps_when_another_is_promoted(self, project):
        """A request that holds the old model keeps it; the next one gets the new."""
        project.deploy("v1")
        project.champion.refresh()
        held = project.champion.current()
        project.deploy("v2", bias=2.0)

        project.champion.poll()

        assert project.version == "v2"
        assert held.record.version == "v1"
        assert held.model.bias == 1.0

    def test_loads_nothing_while_nothing_changes(self, project):
        """Polling twice a second must cost no more than one small query."""
        project.deploy("v1")

        for _ in range(5):
            project.champion.poll()

        assert project.runtime.n_loads == 1

    @pytest.mark.parametrize("damaged", ["model.onnx", "contract.json", "manifest.json"])
    def test_a_corrupt_release_leaves_the_champion_serving(self, project, damaged):
        """Bytes with another digest are never parsed; the refusal says which file it was."""
        project.deploy("v1")
        project.champion.refresh()
        record = put_tiny_release(project.objects, "v2", bias=2.0)
        project.files(record)[damaged] += b" "
        deploy(project.store.events, record, at=NOW)

        project.champion.poll()

        assert project.version == "v1"
        assert project.champion.refusal.record.version == "v2"
        assert damaged in project.problem
        assert project.runtime.n_loads == 1

    def test_a_missing_file_leaves_the_champion_serving(self, project):
        """As a corrupt one."""
        project.deploy("v1")
        project.champion.refresh()
        record = project.deploy("v2", bias=2.0)
        del project.files(record)["model.onnx"]

        project.champion.refresh()

        assert project.version == "v1"
        assert "model.onnx is missing" in project.problem

    def test_a_file_that_cannot_be_read_leaves_the_champion_serving(self, project, monkeypatch):
        """An I/O error is as good as a missing file; the refusal quotes no path."""
        project.deploy("v1")
        project.champion.refresh()
        project.deploy("v2", bias=2.0)

        def failing(group, name):
            raise PermissionError(13, "denied", "/var/lib/holdfast/secret")

        monkeypatch.setattr(project.objects, "get", failing)

        project.champion.refresh()

        assert project.version == "v1"
        assert "PermissionError" in project.problem
        assert "secret" not in project.problem

    def test_a_model_that_scores_no_probability_is_refused(self):
        """A typical row is scored before the first client's is."""

        class Broken(TinyRuntime):
            def load(self, model, contract):
                return TinyModel(float("nan"))

        project = Project(Broken())
        project.deploy("v1")

        project.champion.refresh()

        assert "no probability" in project.problem

    def test_says_why_no_model_answers_if_the_only_release_was_refused(self, project):
        """To advise a training where one was done would send people the wrong way."""
        project.deploy("v1", damaged="model.onnx")
        project.champion.refresh()

        with pytest.raises(NoChampionError, match=r"model\.onnx has another digest"):
            project.champion.current()

    def test_tells_of_a_refused_release_once(self, project):
        """The alert is raised once, however often the release is tried again."""
        project.deploy("v1", damaged="model.onnx")

        for _ in range(10):
            project.champion.poll()

        assert [refusal.record.version for refusal in project.refusals] == ["v1"]

    def test_tries_a_refused_release_less_and_less_often(self, project, monkeypatch):
        """Reading and hashing a broken model twice a second would help nobody."""
        project.deploy("v1", damaged="model.onnx")
        reads = Counter[str]()
        get = project.objects.get

        def counted(group, name):
            reads[name] += 1
            return get(group, name)

        monkeypatch.setattr(project.objects, "get", counted)

        tries = []
        for _ in range(20):
            before = reads.total()
            project.champion.poll()
            tries.append(reads.total() > before)

        assert [i for i, tried in enumerate(tries) if tried] == [0, 2, 5, 10, 19]

    def test_takes_up_a_release_that_was_mended(self, project):
        """Restoring the files is enough; nobody has to restart a server."""
        record = project.deploy("v1", damaged="model.onnx")
        project.champion.poll()
        mended = project.files(record)["model.onnx"].rstrip()
        project.files(record)["model.onnx"] = mended

        for _ in range(3):
            project.champion.poll()

        assert project.version == "v1"
        assert project.champion.refusal is None

    def test_a_rollback_of_a_refused_release_needs_no_files(self, project):
        """The model in memory is taken for what it is, even if its files are gone."""
        first = project.deploy("v1")
        project.champion.refresh()
        project.deploy("v2", bias=2.0, damaged="model.onnx")
        project.champion.poll()
        project.objects._groups.clear()
        deploy(project.store.events, first, at=NOW)

        project.champion.poll()

        assert project.champion.refusal is None
        assert project.champion.current().seq == 5
        assert project.runtime.n_loads == 1

    def test_a_store_that_does_not_answer_changes_nothing(self, project, monkeypatch):
        """The champion in memory needs no store to score."""
        project.deploy("v1")
        project.champion.refresh()

        def away():
            raise StoreUnavailableError("gone")

        monkeypatch.setattr(project.store.releases, "deployment", away)

        with pytest.raises(StoreUnavailableError):
            project.champion.poll()
        assert project.version == "v1"


class TestRefresher:
    def test_takes_up_a_promotion_by_itself(self, project, monkeypatch):
        """Nobody calls `refresh`; the promotion is in memory soon after."""
        project.deploy("v1")
        project.champion.refresh()
        swapped = threading.Event()
        load = project.runtime.load

        def noticed_load(model, contract):
            swapped.set()
            return load(model, contract)

        monkeypatch.setattr(project.runtime, "load", noticed_load)
        refresher = Refresher(project.champion, every=0.005)
        refresher.start()

        project.deploy("v2", bias=2.0)
        noticed = swapped.wait(5)
        refresher.stop()  # waits for the load under way

        assert noticed
        assert project.version == "v2"
        assert not refresher.alive

    def test_outlives_a_store_that_is_away(self, project, monkeypatch):
        """An outage is no reason to stop looking."""
        project.deploy("v1")
        polls = threading.Semaphore(0)
        deployment = project.store.releases.deployment
        failures = [StoreUnavailableError("gone"), StoreUnavailableError("still gone")]

        def flaky():
            polls.release()
            if failures:
                raise failures.pop()
            return deployment()

        monkeypatch.setattr(project.store.releases, "deployment", flaky)
        refresher = Refresher(project.champion, every=0.005)
        refresher.start()

        seen = all(polls.acquire(timeout=5) for _ in range(4))
        refresher.stop()

        assert seen
        assert project.version == "v1"

    def test_stopping_one_that_never_started_is_harmless(self, project):
        """A server whose start fails stops what it has."""
        refresher = Refresher(project.champion)

        refresher.stop()

        assert not refresher.alive


class TestTypicalValue:
    @pytest.mark.parametrize(
        ("feature", "expected"),
        [
            (Feature(name="a", kind=FeatureKind.NUMERIC, nullable=False, typical=3.0), 3.0),
            (Feature(name="a", kind=FeatureKind.NUMERIC, nullable=True), None),
            (Feature(name="a", kind=FeatureKind.NUMERIC, nullable=False, minimum=2.0), 2.0),
            (Feature(name="a", kind=FeatureKind.NUMERIC, nullable=False), 0.0),
            (Feature(name="a", kind=FeatureKind.BOOLEAN, nullable=False), False),
            (Feature(name="a", kind=FeatureKind.CATEGORICAL, nullable=False), "unknown"),
        ],
    )
    def test_is_always_a_value_that_the_feature_takes(self, feature, expected):
        """The documentation's example row must be accepted, whatever training saw."""
        assert typical_value(feature) == expected


class TestServedModel:
    def test_works_its_lookups_out_once(self, project):
        """A request finds the known categories by column, ready to be asked."""
        record = put_tiny_release(project.objects, "v1")

        served = ServedModel(
            record=record, contract=TINY_CONTRACT, model=TinyModel(0.0), seq=1, since=NOW
        )

        assert served.known == {3: frozenset({"monthly", "one year", "two years"})}
        assert replace(served, seq=2).known == served.known
