"""Which champion is in memory, and how another takes its place."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.errors import NoChampionError, StoreUnavailableError
from holdfast.domain.events import StageEnded
from holdfast.domain.stages import Ending, Stage
from holdfast.loop.swap import Champion, Refresher, ServedModel, typical_value
from holdfast.ports.event_log import Draft
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore, InMemoryStore
from holdfast.testing.online import (
    TINY_CONTRACT,
    TinyModel,
    TinyRuntime,
    deploy,
    put_tiny_release,
    stage,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Project:
    """Releases, their files and the champion over them."""

    def __init__(self, runtime: TinyRuntime | None = None) -> None:
        self.store, self.objects = InMemoryStore(), InMemoryObjectStore()
        self.runtime = runtime or TinyRuntime()
        self.refusals: list[Any] = []
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

    def stage(self, version, into=Stage.SHADOW, *, share=None, **options):
        record = put_tiny_release(self.objects, version, **options)
        stage(self.store.events, record, into, share=share, at=NOW)
        return record

    def withdraw(self, version, into=Stage.SHADOW):
        body = StageEnded(version=version, stage=into, ending=Ending.WITHDRAWN, reason="a test")
        self.store.events.append([Draft(body=body, actor="test")], at=NOW)

    @property
    def beside(self):
        found = self.champion.current().challenger
        return None if found is None else (found.served.record.version, found.stage, found.share)

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


class TestChallenger:
    def test_comes_beside_the_champion_and_goes(self, project):
        """The champion's model stays the very same: nobody notices."""
        project.deploy("v1")
        project.champion.refresh()
        model = project.champion.current().model
        seen = [project.beside]
        for happens in (
            lambda: project.stage("v2", bias=2.0),
            lambda: project.stage("v2", Stage.CANARY, share=0.25, bias=2.0),
            lambda: project.withdraw("v2", Stage.CANARY),
        ):
            happens()
            project.champion.poll()
            seen.append(project.beside)
            assert project.champion.current().model is model

        assert seen == [
            None,
            ("v2", Stage.SHADOW, 0.0),
            ("v2", Stage.CANARY, 0.25),
            None,
        ]
        assert project.runtime.n_loads == 2  # one of each

    def test_a_greater_share_is_drawn_under_the_same_salt(self, project):
        """Whoever was answered by it goes on to be; another champion draws anew."""
        project.deploy("v1")
        salts = []
        for share in (0.1, 0.5):
            project.stage("v2", Stage.CANARY, share=share)
            project.champion.refresh()
            salts.append(project.champion.current().challenger.salt)
        project.deploy("v1")
        project.stage("v2", Stage.CANARY, share=0.5)
        project.champion.refresh()

        salts.append(project.champion.current().challenger.salt)

        assert salts[0] == salts[1] != salts[2]

    def test_one_that_cannot_be_loaded_is_reported_and_the_champion_answers_all(self, project):
        """It is tried again, after pauses; people are told once."""
        project.deploy("v1")
        project.stage("v2", Stage.CANARY, share=0.5, bias=2.0, damaged="model.onnx")

        for _ in range(9):
            project.champion.poll()

        assert (project.version, project.beside, project.problem) == ("v1", None, None)
        assert project.champion.challenger_refusal.record.version == "v2"
        assert [refusal.record.version for refusal in project.refusals] == ["v2"]

    def test_one_that_was_refused_is_let_in_once_it_is_mended(self, project):
        """As a file is that came back."""
        project.deploy("v1")
        record = project.stage("v2", bias=2.0, damaged="model.onnx")
        project.champion.refresh()
        files = project.files(record)
        files["model.onnx"] = files["model.onnx"][:-1]

        project.champion.refresh()

        assert project.beside == ("v2", Stage.SHADOW, 0.0)
        assert project.champion.challenger_refusal is None

    def test_a_refusal_ends_with_the_stage(self, project):
        """Nothing is wrong any more."""
        project.deploy("v1")
        project.stage("v2", bias=2.0, damaged="model.onnx")
        project.champion.refresh()
        project.withdraw("v2")

        project.champion.refresh()

        assert project.champion.challenger_refusal is None

    def test_one_of_other_features_is_not_let_in(self, project):
        """An event that went round the checks must not make rows fail."""
        project.deploy("v1")
        narrow = replace(TINY_CONTRACT, features=TINY_CONTRACT.features[:3])
        project.stage("v2", contract=narrow)

        project.champion.refresh()

        assert project.beside is None
        assert project.champion.challenger_refusal is not None

    def test_knows_which_values_only_the_champion_can_do_without(self, project):
        """Rows that lack one are not valid for the challenger."""
        strict = [replace(feature, nullable=False) for feature in TINY_CONTRACT.features]
        project.deploy("v1")
        project.stage("v2", contract=replace(TINY_CONTRACT, features=tuple(strict)))
        project.champion.refresh()

        challenger = project.champion.current().challenger

        assert challenger.required == (1, 3)
        assert challenger.takes((3.0, 70.5, False, "monthly"))
        assert not challenger.takes((3.0, None, False, "monthly"))

    def test_a_promoted_canary_is_not_loaded_again(self, project):
        """It is in memory: the swap takes no time."""
        project.deploy("v1")
        project.stage("v2", Stage.CANARY, share=0.5, bias=2.0)
        project.champion.refresh()
        project.deploy("v2", bias=2.0)

        project.champion.refresh()

        assert (project.version, project.beside, project.runtime.n_loads) == ("v2", None, 2)

    def test_the_one_before_is_not_loaded_again_nor_is_it_to_go_back(self, project):
        """A rollback needs no file: not even one that was damaged meanwhile."""
        first = project.deploy("v1")
        project.champion.refresh()
        project.deploy("v2", bias=2.0)
        stage(project.store.events, first, Stage.PROBATION, at=NOW)
        project.files(first).clear()

        project.champion.refresh()
        on_probation = project.version, project.beside
        deploy(project.store.events, first, at=NOW)
        project.champion.refresh()

        assert on_probation == ("v2", ("v1", Stage.PROBATION, 0.0))
        assert (project.version, project.beside, project.runtime.n_loads) == ("v1", None, 2)

    def test_the_one_before_is_not_complained_of_for_some_rows(self, project):
        """That would end the probation of the champion, whose fault they are not."""
        project.deploy("v1")
        project.stage("v2", Stage.PROBATION)
        project.champion.refresh()
        project.champion.current().challenger.troubles.add(3)

        project.champion.poll()

        assert project.refusals == []
        assert project.beside == ("v2", Stage.PROBATION, 0.0)

    def test_rows_that_the_champion_could_not_score_are_told_of_as_they_double(self, project):
        """So that the control plane can add them up; another deployment begins at none."""
        project.deploy("v1")
        project.champion.refresh()
        served = project.champion.current()
        for n in (1, 1, 1, 5):
            served.troubles.add(n)
            project.champion.poll()
        project.deploy("v2")
        project.champion.poll()

        told = [(one.n_failed, one.is_first) for one in project.refusals]
        assert told == [(1, True), (1, False), (6, False)]
        assert "v1 could not score rows (8 so far in one process)" in project.refusals[-1].problem
        assert project.champion.current().troubles.n == 0

    def test_one_that_does_not_do_its_work_is_reported_once(self, project):
        """Behind the requests, at the next poll."""
        project.deploy("v1")
        project.stage("v2", Stage.CANARY, share=0.5)
        project.champion.refresh()
        project.champion.current().challenger.troubles.add(3)

        for _ in range(3):
            project.champion.poll()

        (told,) = project.refusals
        assert "v2, staged as canary, could not score rows (3 so far)" in told.problem
        assert project.beside == ("v2", Stage.CANARY, 0.5)


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
