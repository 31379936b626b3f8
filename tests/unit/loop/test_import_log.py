"""The log of a service that Holdfast does not run becomes predictions and labels of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.errors import DataFileError, StoreUnavailableError
from holdfast.domain.ids import ModelVersion
from holdfast.loop import import_log as importing
from holdfast.loop.import_log import ImportPorts, import_log
from holdfast.loop.import_record import ImportColumns
from holdfast.loop.swap import ServedModel
from holdfast.ports.record_source import Record
from holdfast.testing.fakes import FakeClock, InMemoryStore
from holdfast.testing.fakes.objects import InMemoryObjectStore
from holdfast.testing.online import TINY_CONTRACT, TinyModel, deploy, put_tiny_release

NOW = datetime(2026, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def record(number=1, **changes):
    fields = {
        "tenure": float(number),
        "charges": 20.5,
        "senior": False,
        "plan": "monthly",
        "score": 0.25,
        "predicted_at": "2026-03-01T00:00:00Z",
    }
    return Record(number=number, fields={**fields, **changes})


class Log:
    """A log in memory, a store in memory, and what was rejected."""

    def __init__(self):
        self.store, self.rejected = InMemoryStore(), []
        self.record = put_tiny_release(InMemoryObjectStore(), "v1")
        deploy(self.store.events, self.record, at=NOW - 10 * DAY)
        self.store.predictions.prepare(TINY_CONTRACT)
        self.served = ServedModel(
            record=self.record, contract=TINY_CONTRACT, model=TinyModel(1.0), seq=2, since=NOW
        )

    def take(self, *records, columns=None):
        class Source:
            def records(self):
                return iter(records)

        return import_log(
            ImportPorts(
                predictions=self.store.predictions,
                labels=self.store.labels,
                releases=self.store.releases,
                clock=FakeClock(NOW),
                label_maturity=30 * DAY,
            ),
            self.served,
            Source(),
            columns or ImportColumns.of(TINY_CONTRACT),
            name="log.jsonl",
            on_rejected=lambda one, problem: self.rejected.append((one.number, problem)),
        )

    def rows(self):
        page = self.store.predictions.read(TINY_CONTRACT, after=None, limit=10_000)
        return page.rows.to_pylist()


@pytest.fixture(name="log")
def _log():
    return Log()


class TestImportLog:
    def test_logs_each_row_as_the_service_answered_it(self, log):
        """Its score, its time; the decision is that of the contract's threshold."""
        done = log.take(record(1, score=0.7, entity="C-2"), record(2))

        first, second = log.rows()
        assert (done.n_read, done.n_new, done.n_known, done.n_rejected) == (2, 2, 0, 0)
        assert (first["score"], first["positive"], first["entity"]) == (0.7, True, "C-2")
        assert (second["score"], second["positive"], second["entity"]) == (0.25, False, None)
        assert first["predicted_at"] == datetime(2026, 3, 1, tzinfo=UTC)
        assert (first["model_version"], first["role"]) == ("v1", "champion")

    @pytest.mark.parametrize("beside", [{}, {"id": "r"}], ids=["by content", "by id"])
    def test_run_again_adds_nothing(self, log, beside):
        """Also where the log has grown meanwhile."""
        records = [
            record(i, **{key: f"{word}{i}" for key, word in beside.items()}) for i in range(1, 6)
        ]
        log.take(*records[:3])

        again = log.take(*records)

        assert (again.n_new, again.n_known) == (2, 3)
        assert len(log.rows()) == 5

    def test_run_again_after_a_promotion_adds_nothing(self, log):
        """A record is what the service said, whichever model is in production here."""
        log.take(record(1))
        log.served = replace(log.served, record=replace(log.record, version=ModelVersion("v2")))

        again = log.take(record(1))

        assert (again.n_new, again.n_known) == (0, 1)

    def test_twins_without_an_id_are_two(self, log):
        """Two customers can be alike, and be asked about in the same moment."""
        twins = [record(1), record(1)]

        first, again = log.take(*twins), log.take(*twins)

        assert (first.n_new, again.n_new, again.n_known) == (2, 0, 2)

    def test_an_id_with_another_row_is_kept_aside(self, log):
        """The rest of its page is logged."""
        done = log.take(record(1, id="a"), record(2, id="a"), record(3, id="b"))

        assert (done.n_new, done.n_rejected) == (2, 1)
        assert log.rejected == [(2, "its id was used before for a row with other values")]

    def test_an_id_with_another_score_is_kept_aside(self, log):
        """What was logged first stands, and nobody is told that all is well."""
        log.take(record(1, id="a"))

        log.take(record(1, id="a", score=0.9), record(2))

        assert log.rejected == [(1, "its id was used before for the same row with another score")]
        assert [row["score"] for row in log.rows()] == [0.25, 0.25]

    def test_torn_and_invalid_records_are_kept_aside_with_their_reason(self, log):
        """What can be used is used."""
        torn = Record(number=2, problem="it is no JSON object", text="{")

        done = log.take(record(1), torn, record(3, score=7), record(4))

        assert (done.n_new, done.n_rejected) == (2, 2)
        assert log.rejected == [
            (2, "it is no JSON object"),
            (3, "'score' needs a probability between 0 and 1"),
        ]
        assert done.problems.total() == 2

    def test_nothing_that_fits_is_an_error_that_names_the_cause(self, log):
        """A column of another name is named once, not rejected a million times."""
        records = [record(i, score=None, p=0.5) for i in range(1, 4)]

        with pytest.raises(DataFileError) as refusal:
            log.take(*records)

        assert "none of the first 3 records fits: 3 × 'score' is absent" in str(refusal.value)
        assert "--score" in str(refusal.value)

    def test_a_log_without_records_is_an_error(self, log):
        """It may be the wrong file."""
        with pytest.raises(DataFileError, match="it holds no record"):
            log.take()

    def test_pages_are_transactions_of_their_own(self, log, monkeypatch):
        """A log of any length goes in; a server that logs meanwhile gets its turn."""
        monkeypatch.setattr(importing, "_PAGE", 2)
        sizes = []
        append = log.store.predictions.append_each

        def watched(batches):
            sizes.append(len(batches))
            return append(batches)

        monkeypatch.setattr(log.store.predictions, "append_each", watched)

        done = log.take(*(record(i) for i in range(1, 6)))

        assert sizes == [2, 2, 1]
        assert done.n_new == 5

    def test_run_again_after_a_crash_completes_it(self, log, monkeypatch):
        """Pages before it stand, those behind it come, and none comes twice."""
        monkeypatch.setattr(importing, "_PAGE", 2)
        append, calls = log.store.predictions.append_each, []

        def breaks_at_the_second(batches):
            calls.append(batches)
            if len(calls) == 2:
                raise StoreUnavailableError("the disk is full")
            return append(batches)

        monkeypatch.setattr(log.store.predictions, "append_each", breaks_at_the_second)
        records = [record(i, label="No") for i in range(1, 6)]

        with pytest.raises(StoreUnavailableError):
            log.take(*records)
        again = log.take(*records)

        assert (again.n_new, again.n_known) == (3, 2)
        assert len(log.rows()) == 5
        assert (again.labels.accepted, again.n_labels_known) == (3, 2)


class TestLabels:
    def test_go_to_the_ledger(self, log):
        """With the moment at which they were observed, if the log says."""
        observed = "2026-03-05T00:00:00Z"

        done = log.take(record(1, label="Yes", observed_at=observed), record(2, label=None))

        assert (done.labels.accepted, done.labels.late) == (1, 0)
        first, second = (log.store.predictions.get(row["prediction_id"]) for row in log.rows())
        assert (first.label, second.label) == (True, None)
        assert first.label_observed_at == datetime(2026, 3, 5, tzinfo=UTC)

    def test_that_came_since_are_added_by_another_run(self, log):
        """The same log, with what came true meanwhile."""
        log.take(record(1), record(2, label="No"))

        again = log.take(record(1, label="Yes"), record(2, label="No"))

        assert (again.n_new, again.n_known) == (0, 2)
        assert (again.labels.accepted, again.n_labels_known) == (1, 1)
        assert log.store.labels.totals().duplicate == 0

    def test_that_contradict_are_recorded_as_such(self, log):
        """The first stands."""
        log.take(record(1, label="No"))

        again = log.take(record(1, label="Yes"))

        assert again.labels.conflicting == 1

    def test_in_other_words_are_kept_aside_with_their_row(self, log):
        """A row whose label is wrong may be wrong itself."""
        done = log.take(record(1), record(2, label="maybe"))

        assert done.n_new == 1
        assert "not one of the target's words" in log.rejected[0][1]


class TestToJson:
    def test_says_all_of_it(self, log):
        """For programs."""
        done = log.take(record(1, label="No"), record(2, score=2)).to_json()

        assert done["read"] == 2
        assert (done["new"], done["known"], done["rejected"]) == (1, 0, 1)
        assert done["labels"]["accepted"] == 1
        assert done["first_at"] == done["last_at"] == "2026-03-01T00:00:00+00:00"
