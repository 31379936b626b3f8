"""What every `PredictionLog` must do when rows are written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import RequestConflictError, UnknownPredictionError
from holdfast.domain.ids import PredictionId
from holdfast.ports.prediction_log import LogBatch
from holdfast.testing.examples import START, example_contract, example_rows, shadow_of

if TYPE_CHECKING:
    from holdfast.domain.predictions import Prediction
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.testing.examples import Rows

__all__ = ["PredictionLogSuite"]

_CONTRACT = example_contract()


class PredictionLogSuite:
    """Needs the fixture `log`: an empty one, not prepared for any contract."""

    def test_returns_a_logged_prediction_with_its_row(self, log: PredictionLog) -> None:
        """Features bear their own names and types, in contract order."""
        requests, predictions = example_rows(2, entities=["Ann", "Bob"])
        answers = _append(log, (requests, predictions))

        logged = log.get(predictions[1].prediction_id)

        assert answers == tuple(predictions)
        assert logged.prediction == predictions[1]
        assert logged.entity == "Bob"
        assert list(logged.features.items()) == [
            ("Total Charges", 21.5),
            ("total_charges", 1.0),
            ("Contract", "Yearly"),
            ("senior", False),
        ]
        assert isinstance(logged.features["senior"], bool)
        assert (logged.label, logged.label_observed_at) == (None, None)

    def test_keeps_missing_values_missing(self, log: PredictionLog) -> None:
        """Neither zero nor blank."""
        (request,), predictions = example_rows()
        _append(log, ([replace(request, values=(None,) * 4)], predictions))

        logged = log.get(predictions[0].prediction_id)

        assert set(logged.features.values()) == {None}

    def test_keeps_awkward_names_and_values(self, log: PredictionLog) -> None:
        """Names that are SQL, or one of the log's own columns, stay what they are."""
        contract = example_contract(feature='score"; DROP TABLE "events')
        (request,), predictions = example_rows()
        text = 'O\'Brien, "ö" ☃ %_\\ \x00 \x1a0\x1a'
        row = replace(request, values=(1e308, -0.0, text, True), entity=text)
        log.prepare(contract)
        log.append(contract, [row], predictions)

        logged = log.get(predictions[0].prediction_id)

        assert tuple(logged.features) == contract.names
        assert tuple(logged.features.values()) == (1e308, -0.0, text, True)
        assert logged.entity == text

    def test_keeps_the_moment_whatever_its_offset(self, log: PredictionLog) -> None:
        """The same moment, in UTC, to the microsecond."""
        elsewhere = START.astimezone(timezone(timedelta(hours=-7)))
        rows = example_rows(at=elsewhere)
        _append(log, rows)

        found = log.get(rows[1][0].prediction_id).prediction.predicted_at

        assert (found, found.utcoffset()) == (START, timedelta(0))

    def test_says_which_prediction_is_unknown(self, log: PredictionLog) -> None:
        """Also while there is no prediction at all."""
        with pytest.raises(UnknownPredictionError) as unknown:
            log.get(PredictionId("absent"))

        assert unknown.value.prediction_id == "absent"

    def test_can_be_prepared_twice(self, log: PredictionLog) -> None:
        """Releases with the same schema share their table."""
        rows = example_rows()
        _append(log, rows)

        log.prepare(replace(_CONTRACT, threshold=0.9))

        assert log.get(rows[1][0].prediction_id).prediction == rows[1][0]

    def test_takes_an_empty_batch(self, log: PredictionLog) -> None:
        """Nothing to write, nothing to answer."""
        assert _append(log, ([], [])) == ()

    def test_refuses_a_batch_whose_answers_do_not_match(self, log: PredictionLog) -> None:
        """One answer a row."""
        requests, predictions = example_rows(2)

        with pytest.raises(ValueError, match="2 requests, but 1 predictions"):
            _append(log, (requests, predictions[:1]))

    def test_answers_a_repeated_request_from_the_log(self, log: PredictionLog) -> None:
        """A client that got no answer asks again and gets the one that was logged."""
        first = _append(log, example_rows(2, request_ids=["a", "b"]))

        later = example_rows(3, at=START + timedelta(days=1), version="v2", request_ids=["a", "b"])
        again = _append(log, later)

        assert again == (*first, later[1][2])
        assert _count(log) == 3

    def test_refuses_an_id_that_was_used_for_another_row(self, log: PredictionLog) -> None:
        """Nothing of the batch is written; the row at fault is named."""
        _append(log, example_rows(1, request_ids=["a"]))
        requests, predictions = example_rows(2, request_ids=["new", "a"])

        with pytest.raises(RequestConflictError) as conflict:
            _append(log, (requests, predictions))

        assert (conflict.value.request_id, conflict.value.row) == ("a", 1)
        assert _count(log) == 1
        with pytest.raises(UnknownPredictionError):
            log.get(predictions[0].prediction_id)

    def test_does_not_burn_the_ids_of_a_refused_batch(self, log: PredictionLog) -> None:
        """What was not written can be sent again."""
        _append(log, example_rows(1, request_ids=["a"]))
        with pytest.raises(RequestConflictError):
            _append(log, example_rows(2, request_ids=["new", "a"]))
        (_, other), predictions = example_rows(2)

        answers = _append(log, ([replace(other, request_id="new")], predictions[:1]))

        assert answers == (predictions[0],)

    def test_counts_the_entity_as_part_of_the_row(self, log: PredictionLog) -> None:
        """The same values about somebody else are another row."""
        _append(log, example_rows(1, request_ids=["a"], entities=["Ann"]))

        with pytest.raises(RequestConflictError):
            _append(log, example_rows(1, request_ids=["a"], entities=["Bob"]))

    def test_tells_rows_apart_by_what_was_sent(self, log: PredictionLog) -> None:
        """A date is older today than it was yesterday, and the request is the same."""
        (request,), predictions = example_rows(1, request_ids=["a"])
        sent = replace(request, sent=("2026-01-31", 1.0, "Yearly", False))
        older = replace(sent, values=(99.0, *request.values[1:]))
        other = replace(sent, sent=("2026-02-01", 1.0, "Yearly", False))
        _append(log, ([sent], predictions))

        again = _append(log, ([older], example_rows(1, at=START + timedelta(days=1))[1]))

        assert again == tuple(predictions)
        with pytest.raises(RequestConflictError):
            _append(log, ([other], predictions))

    def test_answers_an_id_that_comes_twice_in_one_batch_once(self, log: PredictionLog) -> None:
        """The first row is written; the second gets its answer."""
        (request, _), predictions = example_rows(2)
        twice = [replace(request, request_id="a")] * 2

        answers = _append(log, (twice, predictions))

        assert answers == (predictions[0], predictions[0])
        assert _count(log) == 1

    def test_refuses_an_id_for_two_rows_of_one_batch(self, log: PredictionLog) -> None:
        """Neither of them is written."""
        with pytest.raises(RequestConflictError):
            _append(log, example_rows(2, request_ids=["a", "a"]))

        assert _count(log) == 0

    def test_gives_one_answer_to_requests_at_the_same_time(self, log: PredictionLog) -> None:
        """Eight threads send one id: one prediction is logged, and all of them get it."""
        log.prepare(_CONTRACT)

        def send(_: int) -> Prediction:
            (answer,) = log.append(_CONTRACT, *example_rows(1, request_ids=["a"]))
            return answer

        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(send, range(8)))

        assert len(answers) == 1
        assert _count(log) == 1

    def test_writes_batches_each_for_itself(self, log: PredictionLog) -> None:
        """One that is refused leaves the others, and its own other ids, free."""
        first = _batch(example_rows(1, request_ids=["a"]))
        refused = _batch(example_rows(2, request_ids=["b", "a"], entities=["", "Ann"]))
        later = _batch(example_rows(2, request_ids=["b"], entities=["Bob"]))
        log.prepare(_CONTRACT)

        outcomes = log.append_each([first, refused, later])

        assert outcomes[0] == tuple(first.predictions)
        assert isinstance(outcomes[1], RequestConflictError)
        assert (outcomes[1].request_id, outcomes[1].row) == ("a", 1)
        assert outcomes[2] == tuple(later.predictions)
        assert _count(log) == 3

    def test_answers_an_id_that_comes_in_two_batches_once(self, log: PredictionLog) -> None:
        """The same as if they had come one after the other, in their order."""
        batches = [_batch(example_rows(2, request_ids=["a"], version=v)) for v in ("v1", "v2")]
        log.prepare(_CONTRACT)

        first, second = log.append_each(batches)

        assert not isinstance(first, Exception)
        assert not isinstance(second, Exception)
        assert second == (first[0], batches[1].predictions[1])
        assert _count(log) == 3

    def test_writes_batches_of_several_contracts(self, log: PredictionLog) -> None:
        """Around a swap; each goes to its own table, and ids count over all of them."""
        other = example_contract(feature="another")
        requests, predictions = example_rows(1, request_ids=["a"])
        log.prepare(_CONTRACT)
        log.prepare(other)

        first, second, third = log.append_each(
            [
                _batch(example_rows(1)),
                LogBatch(contract=other, requests=requests, predictions=predictions),
                _batch(example_rows(1, request_ids=["a"])),
            ]
        )

        assert not isinstance(first, Exception)
        assert second == tuple(predictions)
        assert isinstance(third, RequestConflictError), "the values bear other names there"
        assert _count(log) == 1
        assert log.read(other, after=None, limit=9).rows.num_rows == 1

    def test_says_beside_which_answer_a_shadow_stands(self, log: PredictionLog) -> None:
        """It keeps its own id: one row was asked about, and scored twice."""
        rows = example_rows(2, request_ids=["a"])
        _append(log, rows)
        shadows = shadow_of(rows)

        _append(log, shadows)

        assert [log.get(one.prediction_id).prediction for one in shadows[1]] == shadows[1]
        assert log.get(rows[1][0].prediction_id).prediction == rows[1][0]

    def test_takes_no_batches(self, log: PredictionLog) -> None:
        """And batches of nothing."""
        log.prepare(_CONTRACT)

        assert log.append_each([]) == []
        assert log.append_each([_batch(([], []))]) == [()]

    def test_loses_nothing_of_many_threads(self, log: PredictionLog) -> None:
        """Each of them gets its own answers, and the log has them all."""
        log.prepare(_CONTRACT)

        def send(thread: int) -> list[tuple[Prediction, ...]]:
            at = START + timedelta(hours=thread)
            batches = [example_rows(1 + i % 3, at=at + timedelta(minutes=i)) for i in range(10)]
            answers = [log.append(_CONTRACT, *rows) for rows in batches]
            assert answers == [tuple(predictions) for _, predictions in batches]
            return answers

        with ThreadPoolExecutor(8) as pool:
            given = [one for answers in pool.map(send, range(8)) for one in answers]

        ids = log.read(_CONTRACT, after=None, limit=1_000).rows.column("prediction_id")
        assert sorted(ids.to_pylist()) == sorted(p.prediction_id for one in given for p in one)


def _batch(rows: Rows) -> LogBatch:
    return LogBatch(contract=_CONTRACT, requests=rows[0], predictions=rows[1])


def _append(log: PredictionLog, rows: Rows) -> tuple[Prediction, ...]:
    log.prepare(_CONTRACT)
    return log.append(_CONTRACT, *rows)


def _count(log: PredictionLog) -> int:
    n: int = log.read(_CONTRACT, after=None, limit=1_000).rows.num_rows
    return n
