"""Into production and back: guarded, byte for byte, and never half."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.errors import (
    CorruptReleaseError,
    NoChampionError,
    StateError,
    UnknownReleaseError,
)
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import CONTRACT, MODEL
from holdfast.loop.develop import develop
from holdfast.loop.promote import promote, promote_guarded, roll_back
from holdfast.loop.register import build_release
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.testing.project import (
    PLAN,
    MemoryProject,
    World,
    example_bundle,
    training_data,
    world_rows,
)

V1, V2, V9 = ModelVersion("v1"), ModelVersion("v2"), ModelVersion("v9")
REVERSED = World(reversed_concept=True)


@pytest.fixture(name="project")
def _project():
    """The first release in production, another one registered beside it."""
    project = MemoryProject()
    project.deploy()
    project.register(example_bundle(seed=1))
    return project


def served(project):
    return project.store.releases.deployment().champion.version


def put_in(project, version=V2, **options):
    return promote(project.ports, version, reason="a person", actor="cli", **options)


def guarded(project, version=V2, **options):
    return promote_guarded(
        project.ports,
        project.plan,
        version,
        reason="a person",
        actor="cli",
        contract_change=options.pop("contract_change", False),
    )


def back(project, to=None):
    return roll_back(project.ports, to=to, reason="worse on the phone", actor="cli")


def wider_bundle():
    """Return a release that requires a feature that clients do not send yet."""
    table, labels = world_rows(1000, seed=50)
    table = table.append_column("visits", pa.array([float(i % 7) for i in range(1000)]))
    data = training_data(table, labels)
    visits = Feature(name="visits", kind=FeatureKind.NUMERIC, nullable=True)
    candidate = develop(
        table,
        labels,
        feature_specs=(*data.feature_specs, visits),
        target=data.target,
        data_digest=data.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=PLAN.aim,
        seed=0,
        ordered=True,
    )
    return build_release(
        candidate, features=table, labels=labels, model_name="churn", runtime=OnnxRuntime()
    )


def damage(project, record, name):
    files = project.objects._groups[record.release_id]
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


class TestPromote:
    def test_puts_a_release_into_production(self, project):
        """The event names what it replaced, and what serves changes with it."""
        event = put_in(project)

        assert (event.version, event.previous) == (V2, V1)
        assert served(project) == V2
        assert project.store.releases.deployment().previous.version == V1

    def test_owes_the_registry_its_aliases(self, project):
        """People see the champion there, once it is delivered."""
        put_in(project)

        owed = project.store.outbox.pending(due_at=project.clock.now())[-1]
        assert owed.effect.payload == {
            "do": "set_aliases",
            "aliases": {"champion": V2, "previous": V1, "challenger": None},
        }

    def test_is_done_once_under_its_key(self, project):
        """A tick that crashed after it is run again."""
        first = put_in(project, key="a1/promoted")

        again = put_in(project, key="a1/promoted")

        assert again == first
        assert project.kinds.count("champion_promoted") == 2  # v1 and v2

    def test_refuses_what_serves_already(self, project):
        """Nothing would change, and the previous one would be forgotten."""
        with pytest.raises(StateError, match="v1 is in production already"):
            put_in(project, V1)

    def test_refuses_what_is_not_there(self, project):
        """And names the releases that are."""
        with pytest.raises(UnknownReleaseError, match="v9"):
            put_in(project, V9)

    @pytest.mark.parametrize("name", [MODEL, CONTRACT])
    def test_refuses_a_corrupt_release_and_changes_nothing(self, project, name):
        """The champion goes on serving."""
        damage(project, project.store.releases.release(V2), name)
        before = project.events

        with pytest.raises(CorruptReleaseError, match=name.replace(".", r"\.")):
            put_in(project)

        assert served(project) == V1
        assert project.events == before

    def test_a_contract_that_asks_for_more_needs_a_word(self, project):
        """Clients that do not send the feature yet would all be refused."""
        wider = project.register(wider_bundle())

        with pytest.raises(StateError, match="clients do not send yet: visits") as caught:
            put_in(project, wider.version)

        assert "--contract-change" in str(caught.value)
        assert served(project) == V1
        assert put_in(project, wider.version, contract_change=True).version == wider.version

    def test_a_contract_that_asks_for_less_needs_none(self, project):
        """What clients send too much can be ignored."""
        wider = project.register(wider_bundle())
        put_in(project, wider.version, contract_change=True)

        assert put_in(project, V2).version == V2


class TestPromoteGuarded:
    def test_lets_a_better_model_pass_with_the_guards_reason(self, project):
        """The reason stands behind the person's own."""
        for _ in range(4):
            project.day(world=REVERSED)
        rows, labels = world_rows(2000, seed=70, world=REVERSED)
        better = project.register(bundle_of(rows, labels))

        event = guarded(project, better.version)

        assert served(project) == better.version
        assert event.reason.startswith("a person; roc_auc +0.")

    def test_refuses_an_equal_one_in_the_guards_words(self, project):
        """And says how to do it all the same."""
        for _ in range(4):
            project.day()
        before = project.events

        with pytest.raises(StateError, match="The guard does not let v2 pass: ") as caught:
            guarded(project)

        assert "is no proven gain" in str(caught.value)
        assert "holdfast promote v2 --force" in str(caught.value)
        assert project.events == before

    def test_cannot_judge_without_labels(self, project):
        """Too few rows are no permission."""
        with pytest.raises(StateError, match="0 rows with 0 of the rarer class are too few"):
            guarded(project)

        assert served(project) == V1

    def test_does_not_judge_on_rows_that_a_model_has_learnt(self, project):
        """
        A retrained model was fitted on the log. Promoted again after a rollback, it may
        not shine on its own training rows.
        """
        for _ in range(4):
            project.day(world=REVERSED)
        retrain_by_hand(
            project.ports, PLAN, project.champion, None, cause="…", actor="cli", holder="a"
        )
        retrained = served(project)
        back(project)

        with pytest.raises(StateError, match="0 rows with 0 of the rarer class"):
            guarded(project, retrained)

    @pytest.mark.parametrize(("version", "error"), [(V9, UnknownReleaseError), (V1, StateError)])
    def test_refuses_what_cannot_be_promoted(self, project, version, error):
        """Before it judges anything."""
        with pytest.raises(error):
            guarded(project, version)

    def test_refuses_a_corrupt_release(self, project):
        """By its digest, not by how it scores."""
        damage(project, project.store.releases.release(V2), MODEL)

        with pytest.raises(CorruptReleaseError):
            guarded(project)


class TestRollBack:
    def test_restores_the_very_release_that_served_before(self, project):
        """The same id: byte for byte the same model, contract and threshold."""
        before = project.champion
        put_in(project)

        event = back(project)

        assert (event.version, event.replaced) == (V1, V2)
        assert event.release_id == before.record.release_id
        assert project.champion.record == before.record
        assert project.champion.contract == before.contract

    def test_can_be_taken_back_in_turn(self, project):
        """The replaced one is the previous one now."""
        put_in(project)
        back(project)

        assert back(project).version == V2

    def test_goes_to_a_release_that_is_named(self, project):
        """However long ago it served."""
        third = project.deploy(example_bundle(seed=2))
        put_in(project)

        event = back(project, V1)

        assert third.version == "v3"
        assert served(project) == event.version == V1

    def test_has_nowhere_to_go_from_the_first_release(self, project):
        """It says what can be done instead."""
        with pytest.raises(StateError, match="there is none to go back to") as caught:
            back(project)

        assert "--to" in str(caught.value)

    def test_needs_a_champion(self):
        """Before the first promotion there is nothing to replace."""
        with pytest.raises(NoChampionError):
            back(MemoryProject())

    def test_refuses_what_is_not_there_or_serves_already(self, project):
        """In words that name it."""
        with pytest.raises(UnknownReleaseError, match="v9"):
            back(project, V9)
        with pytest.raises(StateError, match="v1 is in production already"):
            back(project, V1)

    def test_refuses_a_corrupt_release_and_changes_nothing(self, project):
        """A bad champion that serves is better than one that cannot."""
        put_in(project)
        damage(project, project.store.releases.release(V1), MODEL)
        before = project.events

        with pytest.raises(CorruptReleaseError, match=r"model\.onnx"):
            back(project)

        assert served(project) == V2
        assert project.events == before

    def test_owes_the_registry_its_aliases(self, project):
        """The replaced one is the previous one there as well."""
        put_in(project)
        back(project)

        owed = project.store.outbox.pending(due_at=project.clock.now())[-1]
        assert owed.effect.payload["aliases"]["champion"] == V1
        assert owed.effect.payload["aliases"]["previous"] == V2


def bundle_of(rows, labels):
    data = replace(training_data(rows, labels))
    candidate = develop(
        rows,
        labels,
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=PLAN.aim,
        seed=0,
        ordered=True,
    )
    return build_release(
        candidate, features=rows, labels=labels, model_name="churn", runtime=OnnxRuntime()
    )
