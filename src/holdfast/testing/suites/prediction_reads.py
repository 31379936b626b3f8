"""What every `PredictionLog` must do when stretches of it are read (needs pyarrow)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import Label, Role
from holdfast.domain.windows import Window
from holdfast.testing.examples import START, example_contract, example_rows, shadow_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from holdfast.domain.predictions import Prediction
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.prediction_log import PredictionLog

__all__ = ["PredictionReadsSuite"]

_CONTRACT = example_contract()
_DAY = timedelta(days=1)
_MATURITY = 30 * _DAY
_COLUMNS = {
    "prediction_id": "string",
    "model_version": "string",
    "role": "string",
    "entity": "string",
    "score": "double",
    "positive": "bool",
    "predicted_at": "timestamp[us, tz=UTC]",
    "Total Charges": "double",
    "total_charges": "double",
    "Contract": "string",
    "senior": "bool",
}


class PredictionReadsSuite:
    """Needs the fixtures `log` and `ledger`, empty and of the same store."""

    def test_reads_columns_of_the_promised_types(self, log: PredictionLog) -> None:
        """The same with rows and without, with values and with nothing but missing ones."""
        log.prepare(_CONTRACT)
        empty = log.read(_CONTRACT, after=None, limit=10).rows
        (request,), predictions = example_rows()
        log.append(_CONTRACT, [replace(request, values=(None,) * 4)], predictions)

        full = log.read(_CONTRACT, after=None, limit=10).rows

        assert (_types(empty), empty.num_rows) == (_COLUMNS, 0)
        assert (_types(full), full.num_rows) == (_COLUMNS, 1)
        assert full.column("senior").null_count == 1

    def test_reads_what_was_logged(self, log: PredictionLog) -> None:
        """Every value, to the microsecond."""
        rows = example_rows(1, entities=["Ann"])
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *rows)

        (row,) = log.read(_CONTRACT, after=None, limit=10).rows.to_pylist()

        assert row == {
            "prediction_id": rows[1][0].prediction_id,
            "model_version": "v1",
            "role": "champion",
            "entity": "Ann",
            "score": 0.0,
            "positive": False,
            "predicted_at": START,
            "Total Charges": 20.5,
            "total_charges": 0.0,
            "Contract": "Monthly",
            "senior": True,
        }

    def test_pages_in_the_order_of_commits(self, log: PredictionLog) -> None:
        """Not in that of prediction: what is logged late is read late."""
        late, early = example_rows(3, at=START + _DAY), example_rows(2, at=START)
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *late)
        log.append(_CONTRACT, *early)

        first = log.read(_CONTRACT, after=None, limit=4)
        second = log.read(_CONTRACT, after=first.cursor, limit=4)
        third = log.read(_CONTRACT, after=second.cursor, limit=4)

        assert _ids(first.rows) + _ids(second.rows) == _of(late[1] + early[1])
        assert (third.rows.num_rows, third.cursor) == (0, second.cursor)

    def test_goes_on_after_the_end(self, log: PredictionLog) -> None:
        """A cursor taken when there was nothing leads to what came since."""
        log.prepare(_CONTRACT)
        empty = log.read(_CONTRACT, after=None, limit=10)
        rows = example_rows(2)
        log.append(_CONTRACT, *rows)

        page = log.read(_CONTRACT, after=empty.cursor, limit=10)

        assert _ids(page.rows) == _of(rows[1])

    def test_reads_shadow_rows_too(self, log: PredictionLog) -> None:
        """Whoever counts them tells them by their role."""
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *example_rows(1, version="v2", role=Role.SHADOW))

        page = log.read(_CONTRACT, after=None, limit=10)

        assert page.rows.column("role").to_pylist() == ["shadow"]

    def test_loses_no_row_to_writers_at_the_same_time(self, log: PredictionLog) -> None:
        """A reader that follows four writers sees every row exactly once."""
        log.prepare(_CONTRACT)
        batches = [example_rows(5, at=START + i * _DAY) for i in range(12)]
        seen: list[str] = []
        cursor: str | None = None

        with ThreadPoolExecutor(4) as pool:
            pending = [pool.submit(log.append, _CONTRACT, *batch) for batch in batches]
            while not all(write.done() for write in pending):
                page = log.read(_CONTRACT, after=cursor, limit=7)
                seen, cursor = seen + _ids(page.rows), page.cursor
        rest = log.read(_CONTRACT, after=cursor, limit=1_000)
        seen += _ids(rest.rows)

        assert sorted(seen) == sorted(_of(p for _, answers in batches for p in answers))

    def test_keeps_the_rows_of_another_schema_apart(self, log: PredictionLog) -> None:
        """They have other columns."""
        other = example_contract(feature="tenure")
        mine, theirs = example_rows(1), example_rows(2)
        for contract, rows in ((_CONTRACT, mine), (other, theirs)):
            log.prepare(contract)
            log.append(contract, *rows)

        assert _ids(log.read(_CONTRACT, after=None, limit=9).rows) == _of(mine[1])
        assert _ids(log.window(other, _window(1))) == _of(theirs[1])
        assert log.get(theirs[1][0].prediction_id).features["tenure"] == 20.5

    def test_includes_every_contract_of_the_same_schema(self, log: PredictionLog) -> None:
        """A retrained model with another threshold logs to the same place."""
        retrained = replace(_CONTRACT, threshold=0.3, data_digest="1" * 64)
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *example_rows(1))
        log.append(retrained, *example_rows(1, at=START + timedelta(hours=1), version="v2"))

        window = log.window(_CONTRACT, _window(1))

        assert window.column("model_version").to_pylist() == ["v1", "v2"]

    def test_returns_a_window_in_prediction_order(self, log: PredictionLog) -> None:
        """Half open, to the microsecond; every answer, whoever gave it, and no shadow's."""
        log.prepare(_CONTRACT)
        tick = timedelta(microseconds=1)
        inside = example_rows(2, at=START + _DAY - 2 * tick, every=tick)
        for rows in (
            example_rows(1, at=START + _DAY),
            inside,
            example_rows(1, at=START - tick),
            example_rows(1, at=START, version="v2", role=Role.CANARY),
            example_rows(3, version="v2", role=Role.SHADOW),
        ):
            log.append(_CONTRACT, *rows)

        window = log.window(_CONTRACT, _window(1))

        assert window.column("predicted_at").to_pylist() == [
            START,
            START + _DAY - 2 * tick,
            START + _DAY - tick,
        ]
        assert _types(window) == _COLUMNS

    def test_returns_the_columns_alone_that_are_asked_for(
        self, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """The same rows, and their labels; a tick asks for no more of a window."""
        log.prepare(_CONTRACT)
        ids = [answer.prediction_id for answer in log.append(_CONTRACT, *example_rows(3))]
        label = Label(positive=True, observed_at=START, prediction_id=ids[1])
        ledger.record([label], received_at=START, maturity=_DAY)

        names = ["model_version", "score", "predicted_at"]
        whole = log.window(_CONTRACT, _window(1))
        scored = log.window(_CONTRACT, _window(1), columns=names)
        known = log.window(_CONTRACT, _window(1), labels_known_at=START, columns=names)

        assert scored.equals(whole.select(names))
        assert known.column_names == [*names, "label", "was_treated"]
        assert known.select(names).equals(whole.slice(1, 1).select(names))

    def test_returns_an_empty_window(self, log: PredictionLog) -> None:
        """No rows, the same columns."""
        log.prepare(_CONTRACT)

        window = log.window(_CONTRACT, _window(1), labels_known_at=START)

        assert window.num_rows == 0
        assert _types(window) == {**_COLUMNS, "label": "bool", "was_treated": "bool"}

    def test_adds_the_labels_known_at_a_moment(
        self, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """What was recorded later was not known yet, whenever it was observed."""
        rows = example_rows(3)
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *rows)
        for i, positive in enumerate((True, False)):
            label = Label(
                positive=positive, observed_at=START, prediction_id=rows[1][i].prediction_id
            )
            ledger.record([label], received_at=START + (i + 1) * _DAY, maturity=_MATURITY)

        known = {
            day: log.window(_CONTRACT, _window(1), labels_known_at=START + day * _DAY)
            for day in (0, 1, 2)
        }

        assert [known[day].num_rows for day in (0, 1, 2)] == [0, 1, 2]
        assert known[2].column("label").to_pylist() == [True, False]
        assert _ids(known[2]) == _of(rows[1][:2])
        assert log.window(_CONTRACT, _window(1)).num_rows == 3

    def test_never_tells_a_label_before_it_was_observed(
        self, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """As of a moment: neither what was recorded later, nor what happened later."""
        rows = example_rows(2)
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *rows)
        for prediction, observed, received in zip(rows[1], (2, 4), (5, 3), strict=True):
            label = Label(
                positive=True,
                observed_at=START + observed * _DAY,
                prediction_id=prediction.prediction_id,
            )
            ledger.record([label], received_at=START + received * _DAY, maturity=_MATURITY)

        known = {
            day: _ids(log.window(_CONTRACT, _window(1), labels_known_at=START + day * _DAY))
            for day in (3, 4, 5)
        }

        assert known == {3: [], 4: _of(rows[1][1:]), 5: _of(rows[1])}

    def test_takes_a_missing_label_for_a_negative_one_where_asked(
        self, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """Of rows that are old enough; told apart, and only as long as nobody says otherwise."""
        rows = example_rows(3, every=_DAY)
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *rows)
        for i, received in ((0, 1), (1, 40)):
            label = Label(positive=True, observed_at=START, prediction_id=rows[1][i].prediction_id)
            ledger.record([label], received_at=START + received * _DAY, maturity=_MATURITY)

        found = {
            day: log.window(
                _CONTRACT,
                _window(3),
                labels_known_at=START + day * _DAY,
                negative_before=START + 2 * _DAY,
            )
            for day in (31, 41)
        }

        assert _types(found[31])["label_assumed"] == "bool"
        assert _ids(found[31]) == _of(rows[1][:2]), "the third row is too young"
        assert found[31].column("label").to_pylist() == [True, False]
        assert found[31].column("label_assumed").to_pylist() == [False, True]
        assert found[41].column("label").to_pylist() == [True, True]
        assert found[41].column("label_assumed").to_pylist() == [False, False]

    def test_takes_a_shadows_missing_labels_for_negative_ones_too(
        self, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """Both models are compared on the same rows."""
        log.prepare(_CONTRACT)
        rows = example_rows(2)
        log.append(_CONTRACT, *rows)
        shadows = shadow_of(rows)
        log.append(_CONTRACT, *shadows)
        label = Label(positive=True, observed_at=START, prediction_id=rows[1][1].prediction_id)
        ledger.record([label], received_at=START, maturity=_MATURITY)

        found = log.window(
            _CONTRACT,
            _window(1),
            labels_known_at=START + _DAY,
            shadow=ModelVersion("v2"),
            negative_before=START + _DAY,
        )

        assert _ids(found) == _of(shadows[1])
        assert found.column("label").to_pylist() == [False, True]

    def test_labels_a_shadows_rows_by_the_answers_beside_them(
        self, log: PredictionLog, ledger: LabelLedger
    ) -> None:
        """The label is the answer's alone; a shadow's performance is read through the link."""
        log.prepare(_CONTRACT)
        rows = example_rows(3, entities=["Ann", "Bob"])
        log.append(_CONTRACT, *rows)
        shadows = shadow_of(rows)
        log.append(_CONTRACT, *shadows)
        log.append(_CONTRACT, *shadow_of(rows, version="v3"))
        by_id = Label(positive=True, observed_at=START, prediction_id=rows[1][2].prediction_id)
        by_name = Label(positive=False, observed_at=START + _DAY, entity="Ann")
        ledger.record([by_id, by_name], received_at=START + _DAY, maturity=_MATURITY)

        every = log.window(_CONTRACT, _window(1), shadow=ModelVersion("v2"))
        known = log.window(
            _CONTRACT, _window(1), labels_known_at=START + _DAY, shadow=ModelVersion("v2")
        )

        assert _ids(every) == _of(shadows[1])
        assert _ids(known) == _of([shadows[1][0], shadows[1][2]])
        assert known.column("label").to_pylist() == [False, True]
        assert log.get(shadows[1][0].prediction_id).label is None

    def test_goes_back_to_a_moment(self, log: PredictionLog) -> None:
        """Every row since then is read, with older ones that were committed among them."""
        days = [0, 3, 1, 4]
        log.prepare(_CONTRACT)
        logged = [log.append(_CONTRACT, *example_rows(1, at=START + day * _DAY))[0] for day in days]

        cursor = log.cursor_since(_CONTRACT, START + 3 * _DAY)

        page = log.read(_CONTRACT, after=cursor, limit=10)
        assert _ids(page.rows) == _of(logged[1:])

    def test_goes_back_to_no_row_if_all_are_older(self, log: PredictionLog) -> None:
        """Reading goes on with what is logged from now on; an empty log has a start, too."""
        log.prepare(_CONTRACT)
        empty = log.cursor_since(_CONTRACT, START)
        first = log.append(_CONTRACT, *example_rows(1))
        later = log.cursor_since(_CONTRACT, START + 400 * _DAY)
        second = log.append(_CONTRACT, *example_rows(1, at=START + _DAY))

        both, last = (log.read(_CONTRACT, after=after, limit=9) for after in (empty, later))

        assert _ids(both.rows) == _of([*first, *second])
        assert _ids(last.rows) == _of(second)

    def test_refuses_the_cursor_of_another_schema(self, log: PredictionLog) -> None:
        """It would point somewhere else in this one."""
        other = example_contract(feature="tenure")
        for contract in (_CONTRACT, other):
            log.prepare(contract)
            log.append(contract, *example_rows(1))
        cursor = log.read(other, after=None, limit=1).cursor

        with pytest.raises(ValueError, match="another contract"):
            log.read(_CONTRACT, after=cursor, limit=1)


def _window(days: int) -> Window:
    return Window(start_at=START, end_at=START + days * _DAY)


def _types(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


def _ids(table: pa.Table) -> list[str]:
    ids: list[str] = table.column("prediction_id").to_pylist()
    return ids


def _of(predictions: Iterable[Prediction]) -> list[str]:
    return [str(prediction.prediction_id) for prediction in predictions]
