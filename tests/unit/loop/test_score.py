"""A table scored in bulk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.errors import ColumnError
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.matrix import encode_rows
from holdfast.domain.predictions import Role
from holdfast.domain.releases import ReleaseRecord
from holdfast.domain.stages import Stage
from holdfast.loop.score import logged, scored
from holdfast.loop.swap import ServedChallenger, ServedModel
from holdfast.testing.fakes import FakeClock, InMemoryStore
from holdfast.testing.online import TINY_CONTRACT, TinyModel

AT = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = TinyModel(1.0)
SERVED = ServedModel(
    record=ReleaseRecord(
        version=ModelVersion("v3"), release_id=ReleaseId("r" * 64), schema_digest="s"
    ),
    contract=TINY_CONTRACT,
    model=MODEL,
    seq=2,
    since=datetime(2026, 3, 1, tzinfo=UTC),
)
ROWS = [(3.0, None, True, "monthly"), (70.0, 20.5, False, None)]
TABLE = pa.table(
    {
        "customer": ["k1", "k2"],
        "tenure": [3, 70],
        "charges": [None, 20.5],
        "senior": [True, False],
        "plan": ["monthly", None],
    }
)


class DaysModel(TinyModel):
    """Scores a row by the first of its numbers, a hundredth each day."""

    def score(self, rows):
        return rows.numeric[:, 0].astype(np.float64) / 100


class TestDates:
    SINCE = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=AT)
    DATED = replace(
        SERVED,
        model=DaysModel(1.0),
        contract=replace(
            TINY_CONTRACT,
            features=(
                Feature(name=SINCE.name, kind=FeatureKind.NUMERIC, nullable=False, derived=SINCE),
            ),
        ),
    )
    ROWS = pa.table(
        {"since": [AT - timedelta(days=9), AT], "at": [AT, AT + timedelta(days=2)]},
        schema=pa.schema([(name, pa.timestamp("us", tz="UTC")) for name in ("since", "at")]),
    )

    def test_are_counted_to_the_rows_time_else_to_the_moment(self):
        """What the file says of its rows comes first."""
        later = AT + timedelta(days=1)

        now = scored(self.ROWS, self.DATED, at=later, time=None)
        absent = scored(self.ROWS, self.DATED, at=later, time="when")
        timed = scored(self.ROWS, self.DATED, at=later, time="at")

        assert now.column("score").to_pylist() == absent.column("score").to_pylist() == [0.1, 0.01]
        assert timed.column("score").to_pylist() == [0.09, 0.02]

    def test_of_a_file_that_is_logged_again_are_the_same_rows(self):
        """What a crash cut short on Monday can be run again on Tuesday."""
        clock, store = FakeClock(AT), InMemoryStore()

        def log_them():
            table = logged(
                self.ROWS,
                self.DATED,
                store.predictions,
                clock,
                entity=None,
                request_ids=["a", "b"],
            )
            return table.column("prediction_id").to_pylist()

        first = log_them()
        clock.advance(timedelta(days=1))

        assert log_them() == first
        assert store.predictions.get(first[0]).features == {"since (age in days)": 9.0}


class TestScored:
    def test_adds_score_decision_and_version_after_the_tables_own_columns(self):
        """The scores are those that serving gives; decisions are the target's words."""
        found = scored(TABLE, SERVED, at=AT)

        assert found.column_names == [*TABLE.column_names, "score", "decision", "model_version"]
        expected = MODEL.score(encode_rows(ROWS, TINY_CONTRACT))
        assert found.column("score").to_pylist() == pytest.approx(expected.tolist())
        assert found.column("decision").to_pylist() == ["Yes", "No"]
        assert found.column("model_version").to_pylist() == ["v3", "v3"]
        assert found.select(TABLE.column_names).equals(TABLE)

    def test_scored_again_it_has_each_column_once(self):
        """Yesterday's scores are replaced, wherever they stood."""
        yesterday = TABLE.add_column(0, "score", [[0.0, 0.0]])

        found = scored(scored(yesterday, SERVED, at=AT), SERVED, at=AT)

        assert sorted(found.column_names) == sorted(set(found.column_names))
        assert found.column("score").to_pylist()[0] > 0.8

    def test_names_a_feature_that_is_missing(self):
        """With the column that may be meant."""
        renamed = TABLE.rename_columns(["customer", "tenrue", "charges", "senior", "plan"])

        with pytest.raises(ColumnError, match="tenure"):
            scored(renamed, SERVED, at=AT)

    def test_a_table_without_rows_gets_its_columns(self):
        """A stream may begin with an empty batch; its schema must be that of the others."""
        found = scored(TABLE.slice(0, 0), SERVED, at=AT)

        assert found.num_rows == 0
        assert found.schema.equals(scored(TABLE, SERVED, at=AT).schema)


class TestLogged:
    def test_logs_each_row_and_says_under_which_id(self):
        """So that labels can name it; scores are those without logging."""
        store = InMemoryStore()

        found = log(store)

        added = ["score", "decision", "model_version", "prediction_id"]
        assert found.column_names == [*TABLE.column_names, *added]
        assert found.drop_columns("prediction_id").equals(scored(TABLE, SERVED, at=AT))
        first = store.predictions.get(found.column("prediction_id")[0].as_py())
        assert first.entity == "k1"
        assert list(first.features.values()) == list(ROWS[0])

    def test_run_again_it_logs_nothing_twice(self):
        """What a crash cut short gets the answers that were logged."""
        store = InMemoryStore()
        before = log(store)

        again = log(store)

        assert again.equals(before)
        assert store.views.status().n_predictions == 2

    def test_is_scored_by_the_champion_alone(self):
        """A canary answers requests; a file has one model throughout."""
        canary = ServedChallenger(served=SERVED, stage=Stage.CANARY, share=0.999, salt="v4")
        log = InMemoryStore().predictions

        found = logged(
            TABLE,
            replace(SERVED, challenger=canary),
            log,
            FakeClock(SERVED.since),
            entity=None,
            request_ids=["a", "b"],
        )

        ids = found.column("prediction_id").to_pylist()
        assert {log.get(one).prediction.role for one in ids} == {Role.CHAMPION}

    def test_takes_rows_about_nobody(self):
        """The file need not have the entity's column."""
        store = InMemoryStore()

        found = log(store, entity="household")

        prediction_id = found.column("prediction_id")[1].as_py()
        assert store.predictions.get(prediction_id).entity is None


def log(store, *, entity="customer"):
    return logged(
        TABLE, SERVED, store.predictions, FakeClock(), entity=entity, request_ids=["f/0", "f/1"]
    )
