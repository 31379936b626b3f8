"""What every `Retention` must do, beside the log and the ledger of its store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from holdfast.domain.errors import LeaseLostError, UnknownPredictionError
from holdfast.domain.keeping import ARCHIVE_COLUMNS, Removed
from holdfast.domain.predictions import Label, LabelFate, Role
from holdfast.domain.treatments import Treatment
from holdfast.testing.examples import example_contract, example_rows, shadow_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.ids import PredictionId
    from holdfast.domain.keeping import LoggedDay, LogSchema
    from holdfast.domain.predictions import LabelCounts
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.lease import Lease
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.retention import Retention
    from holdfast.ports.views import Views

__all__ = ["RetentionSuite"]

_CONTRACT = example_contract(feature="score")  # named like a column of the log
_DAY = timedelta(days=1)
_MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
_FIRST = _MIDNIGHT.date()


class RetentionSuite:
    """Needs `retention`, `log`, `ledger`, `views` and `leases`, empty and of one store."""

    def test_knows_no_schema_before_the_first_contract(self, retention: Retention) -> None:
        """An empty store has no days."""
        assert retention.schemas() == ()
        assert retention.unreported() == ()

    def test_tells_days_apart_at_midnight_utc(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """The last microsecond of a day is of that day."""
        tick = timedelta(microseconds=1)
        _log(log, at=_MIDNIGHT - tick)
        _log(log, 2, at=_MIDNIGHT, every=_DAY - tick)
        _log(log, at=_MIDNIGHT + _DAY)

        days = _days(retention)

        assert [(day.day, day.n_rows) for day in days] == [
            (_FIRST - _DAY, 1),
            (_FIRST, 2),
            (_FIRST + _DAY, 1),
        ]

    def test_gives_the_days_that_were_asked_for(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """From one day on, and until before another one."""
        _log(log, 4, every=_DAY)

        days = _days(retention, since=_FIRST + _DAY, until=_FIRST + 3 * _DAY)

        assert [day.day for day in days] == [_FIRST + _DAY, _FIRST + 2 * _DAY]

    def test_looks_at_no_row_behind_the_cursor(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """What nobody has counted yet is not there."""
        _log(log, 2)
        (schema,) = retention.schemas()
        cursor = log.read(_CONTRACT, after=None, limit=1).cursor

        (day,) = retention.days(schema, since=None, until=None, up_to=cursor)

        assert day.n_rows == 1
        assert sum(rows.num_rows for rows in retention.rows(day)) == 1
        assert retention.drop(day) == Removed(n_predictions=1)
        assert _n_logged(log) == 1

    def test_its_head_is_where_reading_stops(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """A cursor of the log itself."""
        _log(log, 3)

        head = retention.head(_schema(retention))

        assert log.read(_CONTRACT, after=head, limit=9).rows.num_rows == 0

    def test_yields_rows_with_their_labels(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """Of every role; a feature may bear the name of a column of the log."""
        first, _ = _log(log, 2, entities=["Ann"])
        _log(log, role=Role.SHADOW)
        _label(ledger, first)

        (day,) = _days(retention)
        rows = pa.concat_tables(retention.rows(day))

        assert rows.column_names == [*ARCHIVE_COLUMNS, *_CONTRACT.names]
        column = dict(zip(ARCHIVE_COLUMNS, rows.columns, strict=False))
        by_id = dict(
            zip(column["prediction_id"].to_pylist(), column["label"].to_pylist(), strict=True)
        )
        assert (day.n_rows, day.n_labels) == (3, 1)
        assert by_id[first] is True
        assert [by_id[other] for other in by_id if other != first] == [None, None]
        assert sorted(column["role"].to_pylist()) == ["champion", "champion", "shadow"]
        assert column["predicted_at"].type == pa.timestamp("us", tz="UTC")
        assert column["label_observed_at"].drop_null().to_pylist() == [_MIDNIGHT + _DAY]
        assert set(rows.columns[len(ARCHIVE_COLUMNS)].to_pylist()) == {20.5, 21.5}

    def test_the_state_of_a_day_changes_with_its_labels(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """And with nothing else: asking again gives the same."""
        (one,) = _log(log)
        (before,) = _days(retention)
        assert _days(retention) == (before,)

        _label(ledger, one)

        (after,) = _days(retention)
        assert after.state != before.state

    def test_drops_a_day_with_all_that_belongs_to_it(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger, views: Views
    ) -> None:
        """Labels, the clients' ids and the counts go with the rows; other days stay."""
        old, _ = _log(log, 2, request_ids=["a"])
        (new,) = _log(log, at=_MIDNIGHT + _DAY, request_ids=["b"])
        _label(ledger, old)
        _label(ledger, old)  # a duplicate
        _label(ledger, new)

        removed = retention.drop(_days(retention)[0])

        assert removed == Removed(n_predictions=2, n_labels=2, n_request_keys=1)
        with pytest.raises(UnknownPredictionError):
            log.get(old)
        assert log.get(new).label is True
        status = views.status()
        assert (status.n_predictions, status.n_dropped) == (1, 2)
        assert status.n_predictions_by_version == {"v1": 1}
        assert (status.labels.accepted, status.labels.duplicate) == (1, 0)

    def test_a_request_id_is_free_again_once_its_row_is_dropped(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """Nobody can be given the answer that is no longer there."""
        _log(log, request_ids=["a"])
        retention.drop(_days(retention)[0])

        (again,) = _log(log, at=_MIDNIGHT + _DAY, request_ids=["a"])

        assert log.get(again).prediction.prediction_id == again

    def test_keeps_what_came_after_it_looked(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """A row, and one whose label came meanwhile: neither stands in the archive."""
        labelled, unlabelled = _log(log, 2)
        (day,) = _days(retention)
        (late,) = _log(log)
        _label(ledger, labelled)

        removed = retention.drop(day)

        assert removed == Removed(n_predictions=1)
        with pytest.raises(UnknownPredictionError):
            log.get(unlabelled)
        assert log.get(labelled).label is True
        assert log.get(late).prediction.prediction_id == late

    def test_says_how_much_of_a_day_was_dropped_before(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """So that whoever writes its file anew keeps the rows that stand nowhere else."""
        _log(log, 2)
        retention.drop(_days(retention)[0])
        _log(log, 3)

        (day,) = _days(retention)

        assert (day.n_rows, day.n_dropped) == (3, 2)

    def test_a_number_of_a_label_is_never_given_twice(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """Else a label that came after the archive would pass for one from before."""
        first, second = _log(log, 2)
        _label(ledger, first)
        (day,) = _days(retention)
        retention.drop(day)  # with the ledger's newest entry
        _log(log)
        (again,) = _days(retention)

        _label(ledger, second)  # an orphan by now
        (third,) = _log(log)
        _label(ledger, third)

        assert again.last_label == 0
        (newest,) = _days(retention)
        assert newest.last_label > day.last_label

    def test_remembers_what_no_event_told_of(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """A crash between the dropping and the event loses no count."""
        _log(log, 2)
        retention.drop(_days(retention)[0])

        (told,) = retention.unreported()
        retention.mark_reported([told])

        assert (told.day, told.removed) == (_FIRST, Removed(n_predictions=2))
        assert retention.unreported() == ()

        _log(log)
        retention.drop(_days(retention)[0])

        assert [day.removed.n_predictions for day in retention.unreported()] == [3]

    def test_readers_go_on_where_they_were(self, retention: Retention, log: PredictionLog) -> None:
        """Dropping moves no cursor, and no position is given twice."""
        _log(log, 2)
        cursor = log.read(_CONTRACT, after=None, limit=9).cursor
        retention.drop(_days(retention)[0])
        (new,) = _log(log, at=_MIDNIGHT + _DAY)

        page = log.read(_CONTRACT, after=cursor, limit=9)

        assert page.rows.column("prediction_id").to_pylist() == [new]

    def test_refuses_who_lost_the_lease(
        self, retention: Retention, log: PredictionLog, leases: Lease
    ) -> None:
        """Neither drops nor erases."""
        _log(log, entities=["Ann"])
        fence = leases.acquire("control", holder="one", ttl=_DAY)
        assert fence is not None
        leases.release(fence)
        assert leases.acquire("control", holder="two", ttl=_DAY) is not None

        with pytest.raises(LeaseLostError):
            retention.drop(_days(retention)[0], fence=fence)
        with pytest.raises(LeaseLostError):
            retention.erase("Ann", at=_MIDNIGHT, fence=fence)

        assert _n_logged(log) == 1

    def test_erases_all_about_an_entity(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger, views: Views
    ) -> None:
        """Rows of every role, labels by id and by name, waiting ones too; nobody else's."""
        ann, bob = _log(log, 2, entities=["Ann", "Bob"], request_ids=["a", "b"])
        rows = example_rows(1, entities=["Ann"])
        log.append(_CONTRACT, *shadow_of((rows[0], [log.get(ann).prediction])))
        _label(ledger, ann)
        _label(ledger, bob)
        _label_entity(ledger, "Ann", at=_MIDNIGHT - _DAY)  # an orphan

        erasure = retention.erase("Ann", at=_MIDNIGHT + _DAY)

        assert erasure.removed == Removed(n_predictions=2, n_labels=2, n_request_keys=1)
        assert erasure.erased_at == _MIDNIGHT + _DAY
        with pytest.raises(UnknownPredictionError):
            log.get(ann)
        assert log.get(bob).label is True
        assert log.read(_CONTRACT, after=None, limit=9).rows.column("entity").to_pylist() == ["Bob"]
        status = views.status()
        assert (status.n_predictions, status.labels.orphan, status.labels.accepted) == (1, 0, 1)

    def test_a_shadow_does_not_bring_an_erased_entity_back(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """It scores behind the answer, so that the answer may be gone by then."""
        (ann,) = _log(log, entities=["Ann"])
        rows = example_rows(1, entities=["Ann"])
        late = shadow_of((rows[0], [log.get(ann).prediction]))
        retention.erase("Ann", at=_MIDNIGHT)

        log.append(_CONTRACT, *late)

        assert _n_logged(log) == 0

    def test_erases_whether_somebody_was_treated(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """Said again, it is news: nothing of it was left."""
        (ann,) = _log(log, entities=["Ann"])
        fact = Treatment(treated=True, observed_at=_MIDNIGHT, prediction_id=ann)
        ledger.treat([fact], received_at=_MIDNIGHT)

        retention.erase("Ann", at=_MIDNIGHT)

        assert ledger.treat([fact], received_at=_MIDNIGHT).duplicate == 0

    def test_takes_no_label_for_an_erased_entity(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger, views: Views
    ) -> None:
        """It would bring the name back; the others of the batch are taken."""
        _log(log, 2, entities=["Ann", "Bob"])
        retention.erase("Ann", at=_MIDNIGHT)

        fates = _label_entity(ledger, "Ann", "Bob", "Cid", at=_MIDNIGHT + _DAY).fates

        assert fates == (LabelFate.FORGOTTEN, LabelFate.ACCEPTED, LabelFate.ORPHAN)
        labels = views.status().labels
        assert (labels.forgotten, labels.accepted, labels.orphan) == (0, 1, 1)

    def test_an_erased_entity_may_come_back(
        self, retention: Retention, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """Who is a customer again is predicted and labelled again."""
        _log(log, entities=["Ann"])
        retention.erase("Ann", at=_MIDNIGHT)
        (again,) = _log(log, at=_MIDNIGHT + _DAY, entities=["Ann"])

        counts = _label_entity(ledger, "Ann", at=_MIDNIGHT + 2 * _DAY)

        assert counts.fates == (LabelFate.ACCEPTED,)
        assert log.get(again).label is True

    def test_erasing_twice_adds_up(self, retention: Retention, log: PredictionLog) -> None:
        """One tombstone an entity; one for somebody of whom nothing was known, too."""
        _log(log, entities=["Ann"])
        first = retention.erase("Ann", at=_MIDNIGHT)
        _log(log, at=_MIDNIGHT + _DAY, entities=["Ann"])

        second = retention.erase("Ann", at=_MIDNIGHT + _DAY)
        nobody = retention.erase("Zoe", at=_MIDNIGHT + _DAY)

        assert second.erasure_id == first.erasure_id != nobody.erasure_id
        assert second.removed.n_predictions == 2
        assert nobody.removed == Removed()

    def test_scrubbing_changes_nothing_that_is_read(
        self, retention: Retention, log: PredictionLog
    ) -> None:
        """It is about the bytes of what is gone."""
        _log(log, 2, entities=["Ann"])
        retention.erase("Ann", at=_MIDNIGHT)

        assert retention.scrub()

        assert _n_logged(log) == 1


def _log(
    log: PredictionLog,
    n: int = 1,
    *,
    at: datetime = _MIDNIGHT,
    every: timedelta = timedelta(seconds=1),
    entities: Sequence[str] = (),
    request_ids: Sequence[str] = (),
    role: Role = Role.CHAMPION,
) -> list[PredictionId]:
    log.prepare(_CONTRACT)
    rows = example_rows(
        n, at=at, every=every, entities=entities, request_ids=request_ids, role=role
    )
    return [answer.prediction_id for answer in log.append(_CONTRACT, *rows)]


def _label(ledger: LabelLedger, prediction_id: PredictionId) -> None:
    label = Label(positive=True, observed_at=_MIDNIGHT + _DAY, prediction_id=prediction_id)
    ledger.record([label], received_at=_MIDNIGHT + 2 * _DAY, maturity=30 * _DAY)


def _label_entity(ledger: LabelLedger, *entities: str, at: datetime) -> LabelCounts:
    labels = [Label(positive=True, observed_at=at, entity=entity) for entity in entities]
    return ledger.record(labels, received_at=at, maturity=30 * _DAY)


def _schema(retention: Retention) -> LogSchema:
    (schema,) = retention.schemas()
    return schema


def _days(
    retention: Retention, *, since: date | None = None, until: date | None = None
) -> tuple[LoggedDay, ...]:
    schema = _schema(retention)
    return retention.days(schema, since=since, until=until, up_to=retention.head(schema))


def _n_logged(log: PredictionLog) -> int:
    n_rows: int = log.read(_CONTRACT, after=None, limit=1_000).rows.num_rows
    return n_rows
