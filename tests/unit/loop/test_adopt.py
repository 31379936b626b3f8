"""A model trained elsewhere becomes a release."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.sources import TableSource
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import (
    ColumnError,
    FieldIssue,
    InvalidRowsError,
    ModelFileError,
    TargetError,
)
from holdfast.domain.releases import CONTRACT, METRICS, MODEL, MODEL_CARD
from holdfast.loop.adopt import Brought, adopt
from holdfast.loop.contract_file import read_contract_file
from holdfast.loop.develop import develop
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.fetch_reference import fetch_reference
from holdfast.loop.promote import promote_guarded
from holdfast.ports.model_intake import TakenIn
from holdfast.testing.project import (
    PLAN,
    QUIET,
    MemoryProject,
    World,
    example_bundle,
    training_data,
    world_rows,
)

SHORT = b"""
target = "left"
positive = "yes"
threshold = 0.4
features = { tenure = "numeric", charges = "numeric", plan = "categorical" }
"""


class AsItIs:
    """An intake that finds nothing to change."""

    def take_in(self, model, contract, *, name):
        return TakenIn(model=model, inputs="as releases have them")


TURNED = World(reversed_concept=True)


def turned_model():
    """A model of a world in which the long-standing customers leave."""
    data = training_data(*world_rows(1500, seed=77, world=TURNED))
    candidate = develop(
        data.features,
        data.labels,
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=PLAN.aim,
        seed=0,
        ordered=True,
    )
    return candidate.model.to_onnx()


def labelled(n=800, *, seed=5, flip=False, world=QUIET):
    table, labels = world_rows(n, seed=seed, world=world)
    words = pa.array(["yes" if one != flip else "no" for one in labels.tolist()])
    return table.append_column("left", words)


def brought(**changes):
    """The example's model, as if somebody else had trained it."""
    given = {
        "name": "churn.onnx",
        "model": example_bundle().files[MODEL],
        "contract": read_contract_file(SHORT, "c.toml"),
        "reference": TableSource(labelled()),
        "held_out": True,
    }
    made: Any = given | changes
    return Brought(**made)


@pytest.fixture(name="project")
def _project():
    return MemoryProject()


def adopted(project, **changes):
    return adopt(project.ports, PLAN, AsItIs(), brought(**changes), actor="cli")


def dated(n_days, *, kind=None):
    """Return the reference with a column that says when each row was."""
    table = labelled()
    seconds = np.arange(table.num_rows) * (n_days * 86_400 // table.num_rows)
    times = pa.array(np.datetime64("2026-01-01", "us") + seconds.astype("timedelta64[s]"))
    column = times.cast(pa.timestamp("us", "UTC"))
    return table.append_column("at", column if kind is None else column.cast(kind))


class TestUnlikeDays:
    def test_are_measured_where_a_column_says_when_rows_were(self, project):
        """As for a model of our own."""
        adopted(project, reference=TableSource(dated(20)), time="at")

        assert {"feature:charges", "label", "harm"} <= set(project.champion.dispersion)

    @pytest.mark.parametrize(
        ("reference", "time"),
        [
            (dated(20), None),
            (labelled(), "at"),
            (dated(20, kind=pa.string()), "at"),
            (dated(5), "at"),
        ],
        ids=["not named", "not there", "no moments", "too few days"],
    )
    def test_are_unknown_otherwise(self, project, reference, time):
        """Rows of a bucket are taken as independent."""
        adopted(project, reference=TableSource(reference), time=time)

        assert project.champion.dispersion == {}


class TestAdopt:
    def test_puts_the_first_release_into_production(self, project):
        """Checked, measured, registered, promoted: it can be served and watched."""
        found = adopted(project)

        assert (found.version, found.champion) == ("v1", "v1")
        assert project.kinds == ["release_registered", "champion_promoted"]
        assert project.events[0].body.origin == "register"
        assert project.events[0].body.trainer == "brought"
        contract, model = fetch_for_serving(project.objects, project.champion.record)
        assert model == example_bundle().files[MODEL]
        assert contract.threshold == 0.4
        assert found.metrics.figures["roc_auc"] > 0.8

    def test_describes_the_features_as_the_reference_shows_them(self, project):
        """A short contract names kinds; ranges and categories come from the rows."""
        found = adopted(project)

        contract = project.champion.contract
        table = labelled()
        by_name = {feature.name: feature for feature in contract.features}
        assert by_name["tenure"].maximum == max(table["tenure"].to_pylist())
        assert set(by_name["plan"].categories) == {"monthly", "yearly"}
        assert not by_name["tenure"].nullable
        assert contract.target.negative == "no"
        reference, baseline = fetch_reference(project.objects, found.release_id)
        assert reference.profile.n_rows == 800
        assert baseline == found.metrics

    def test_keeps_a_complete_contract_as_it_is(self, project):
        """What clients may send was said by its owner."""
        whole = example_bundle().contract

        adopted(project, contract=read_contract_file(canonical_json(whole), CONTRACT))

        assert project.champion.contract == whole

    def test_leaves_a_champion_in_its_place(self, project):
        """A later one is a challenger, for the guard to judge."""
        project.deploy()

        found = adopted(project)

        assert (found.version, found.champion) == ("v2", "v1")
        assert project.champion.record.version == "v1"
        reference, _ = fetch_reference(project.objects, found.release_id)
        assert reference.grid == project.champion.reference.grid

    def test_brought_again_it_is_the_same_release(self, project):
        """Also after a crash between registration and promotion."""
        first, again = adopted(project), adopted(project)

        assert again.release_id == first.release_id
        assert project.kinds == ["release_registered", "champion_promoted"]

    @pytest.mark.parametrize("held_out", [True, False])
    def test_says_on_the_card_where_it_is_from(self, project, held_out):
        """And whether its figures are to be believed."""
        found = adopted(project, held_out=held_out)

        card = project.objects.get(found.release_id, MODEL_CARD).decode()
        assert "Brought from elsewhere" in card
        assert "`churn.onnx`" in card
        assert ("**In-sample**" in card) is not held_out
        assert ("its owner says it was not fitted on" in card) is held_out
        assert project.objects.get(found.release_id, METRICS)

    def test_can_be_watched_and_followed_by_a_challenger(self, project):
        """The loop asks no release where it is from."""
        adopted(project)

        ticks = project.days(6)

        assert ticks[-1].finding.assessment is not None
        assert ticks[-1].decision.action == "keep"


class TestAChallenger:
    def test_is_judged_by_the_guard_on_the_newest_labels(self, project):
        """In a world that has turned around, a model of that world proves its gain."""
        project.deploy()
        for _ in range(6):
            project.day(world=TURNED)

        found = adopted(
            project,
            model=turned_model(),
            reference=TableSource(labelled(world=TURNED)),
        )
        promoted = promote_guarded(
            project.ports,
            PLAN,
            found.version,
            reason="a test",
            actor="cli",
            contract_change=False,
        )

        assert promoted.version == "v2"
        assert project.champion.record.release_id == found.release_id


class TestRefusals:
    def test_of_scores_that_rank_upside_down(self, project):
        """The positive word, or the order of the columns, is most likely wrong."""
        with pytest.raises(ModelFileError, match="ranks the reference upside down"):
            adopted(project, reference=TableSource(labelled(flip=True)))
        assert project.kinds == []

    def test_of_rows_without_an_answer(self, project):
        """Which ones, how many, and what a score is."""

        class Mute:
            def load(self, model, contract):
                return self

            def score(self, rows):
                issues = [FieldIssue(row=i, field="features", problem="none") for i in (7, 9)]
                raise InvalidRowsError(issues)

        project.overrides["runtime"] = Mute()

        with pytest.raises(ModelFileError) as refusal:
            adopted(project)

        assert "no probability for 2 of 800 reference rows, the first of them row 7" in str(
            refusal.value
        )
        assert project.kinds == []

    def test_of_a_reference_without_a_feature(self, project):
        """With the feature's name."""
        with pytest.raises(ColumnError, match="'charges'"):
            adopted(project, reference=TableSource(labelled().drop_columns(["charges"])))

    def test_of_a_reference_in_other_words(self, project):
        """The contract's two words are the model's."""
        whole = read_contract_file(canonical_json(example_bundle().contract), CONTRACT)
        table = labelled()
        other = ["yes" if word == "yes" else "never" for word in table["left"].to_pylist()]

        with pytest.raises(TargetError, match="the contract says 'no'"):
            adopted(
                project,
                contract=whole,
                reference=TableSource(table.set_column(3, "left", pa.array(other))),
            )
