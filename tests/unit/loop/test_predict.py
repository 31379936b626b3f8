"""Scoring, logging and answering; and why a score is what it is."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.domain.errors import (
    FieldIssue,
    InvalidRowsError,
    RequestConflictError,
    StoreUnavailableError,
)
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.predictions import PredictionRequest
from holdfast.domain.releases import ReleaseRecord
from holdfast.domain.stages import Stage
from holdfast.loop.predict import Asked, explain, predict, predict_each
from holdfast.loop.swap import ServedChallenger, ServedModel
from holdfast.testing.fakes import FakeClock, InMemoryPredictionLog
from holdfast.testing.fakes.labels import Ledger
from holdfast.testing.online import TINY_CONTRACT, TinyModel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = (3.0, None, False, "monthly")
LOYAL = (70.0, 20.0, True, "two years")


class Broken:
    """A model that has no score for the first row, or none at all."""

    def __init__(self, problem):
        self._problem = problem

    def score(self, rows):
        if self._problem == "crash":
            raise RuntimeError("out of memory")
        raise InvalidRowsError([FieldIssue(row=0, field="features", problem="none")])


def two_rows():
    return [PredictionRequest(values=ROW), PredictionRequest(values=LOYAL)]


def each(*given) -> Any:
    """Predict for each; what is refused stands among the answers as its error."""
    return predict_each(*given)


class Log(InMemoryPredictionLog):
    """Remembers what it was given; a test may let it answer otherwise, or fail."""

    def __init__(self, answer=None, failure=None):
        super().__init__(Ledger())
        self.appended: list[Any] = []
        self._answer, self._failure = answer, failure

    def append(self, contract, requests, predictions):
        if self._failure is not None:
            raise self._failure
        self.appended.append((contract, tuple(requests), tuple(predictions)))
        return self._answer or super().append(contract, requests, predictions)


@pytest.fixture
def served():
    """A model in memory."""
    record = ReleaseRecord(
        version=ModelVersion("v3"), release_id=ReleaseId("r" * 64), schema_digest="s" * 64
    )
    return ServedModel(
        record=record, contract=TINY_CONTRACT, model=TinyModel(1.0), seq=2, since=NOW
    )


class TestPredict:
    def test_answers_each_row_with_the_version_that_scored_it(self, served):
        """Scores, decisions and threshold are the served model's, in the order of the rows."""
        requests = [PredictionRequest(values=ROW), PredictionRequest(values=LOYAL)]

        first, second = predict(served, Log(), FakeClock(NOW), requests)

        assert (first.positive, second.positive) == (True, False)
        assert first.score == pytest.approx(0.8641, abs=1e-4)
        assert {first.model_version, second.model_version} == {"v3"}
        assert first.threshold == 0.5
        assert first.predicted_at == NOW

    def test_logs_the_batch_before_it_answers(self, served):
        """What is returned went to the log in one piece, with ids that carry the time."""
        log = Log()
        requests = [PredictionRequest(values=ROW), PredictionRequest(values=LOYAL)]

        answers = predict(served, log, FakeClock(NOW), requests)

        assert log.appended == [(TINY_CONTRACT, tuple(requests), answers)]
        identifiers = [uuid.UUID(answer.prediction_id) for answer in answers]
        assert len(set(identifiers)) == 2
        assert {i.int >> 80 for i in identifiers} == {int(NOW.timestamp() * 1000)}

    def test_gives_the_answer_that_the_log_gives(self, served):
        """A request that was answered before gets the logged answer, not the new score."""
        scored = predict(served, Log(), FakeClock(NOW), [PredictionRequest(values=ROW)])
        logged = replace(scored[0], score=0.25, model_version=ModelVersion("v1"))
        again = PredictionRequest(values=ROW, request_id="order-1")

        answers = predict(served, Log(answer=(logged,)), FakeClock(NOW), [again])

        assert answers == (logged,)

    def test_answers_nothing_that_is_not_durable(self, served):
        """A log that cannot write leaves the caller without an answer."""
        log = Log(failure=StoreUnavailableError("disk full"))

        with pytest.raises(StoreUnavailableError):
            predict(served, log, FakeClock(NOW), [PredictionRequest(values=ROW)])

    def test_a_score_at_the_threshold_is_positive(self, served):
        """The threshold itself belongs to the positive side."""
        request = PredictionRequest(values=ROW)
        score = predict(served, Log(), FakeClock(NOW), [request])[0].score
        at_score = replace(served, contract=replace(TINY_CONTRACT, threshold=score))

        answer = predict(at_score, Log(), FakeClock(NOW), [request])[0]

        assert answer.positive

    def test_an_empty_batch_touches_nothing(self, served):
        """No rows, no answers, no write."""
        log = Log()

        assert predict(served, log, FakeClock(NOW), []) == ()
        assert log.appended == []


class TestExplain:
    def test_says_what_each_feature_contributes(self, served):
        """Each figure is the change of the score when that feature alone becomes typical."""
        explanation = explain(served, [ROW, LOYAL])

        assert [list(e) for e in explanation] == [list(TINY_CONTRACT.names)] * 2
        first, second = explanation
        assert first["tenure"] < 0  # a new customer's score falls with more tenure
        assert first["plan"] == 0.0  # monthly is typical
        assert second["tenure"] > 0
        assert second["plan"] > 0

    def test_scores_all_variants_as_one_batch(self, served):
        """One call of the model for all rows and features: a model has a cost per call."""
        sizes = []

        class Counting(TinyModel):
            def score(self, rows):
                sizes.append(len(rows))
                return super().score(rows)

        explain(replace(served, model=Counting(1.0)), [ROW, LOYAL])

        assert sizes == [2 * (len(TINY_CONTRACT.features) + 1)]


class TestPredictEach:
    def test_scores_all_in_one_run_and_writes_them_at_once(self, served):
        """Each gets what it would have got alone."""
        sizes = []

        class Counting(TinyModel):
            def score(self, rows):
                sizes.append(len(rows))
                return super().score(rows)

        counting = replace(served, model=Counting(1.0))
        asked = [asked_of(counting, ROW), asked_of(counting, LOYAL, ROW)]

        first, second = each(Log(), FakeClock(NOW), asked)

        alone = predict(served, Log(), FakeClock(NOW), asked[1].requests)
        assert sizes == [3]
        assert len(first) == 1
        assert [p.score for p in second] == [p.score for p in alone]
        assert len({p.prediction_id for p in (*first, *second)}) == 3

    def test_scores_each_with_the_model_that_it_came_to(self, served):
        """In the moment of a swap two versions answer side by side."""
        other = replace(
            served,
            model=TinyModel(0.0),
            record=replace(served.record, version=ModelVersion("v4")),
        )

        first, second, third = each(
            Log(),
            FakeClock(NOW),
            [asked_of(served, ROW), asked_of(other, ROW), asked_of(served, LOYAL)],
        )

        assert [one[0].model_version for one in (first, second, third)] == ["v3", "v4", "v3"]
        assert first[0].score > second[0].score
        assert third[0].score == pytest.approx(0.0759, abs=1e-4)

    def test_tells_only_the_one_whose_row_has_no_score(self, served):
        """The others of its company are answered; the place of the row is its own."""

        class Picky(TinyModel):
            def score(self, rows):
                found = [i for i, tenure in enumerate(rows.numeric[:, 0]) if tenure > 60]
                if found:
                    raise InvalidRowsError(
                        [FieldIssue(row=i, field="features", problem="none") for i in found]
                    )
                return super().score(rows)

        picky = replace(served, model=Picky(1.0))
        log = Log()

        first, second, third = each(
            log,
            FakeClock(NOW),
            [asked_of(picky, ROW), asked_of(picky, ROW, LOYAL), asked_of(picky, ROW)],
        )

        assert isinstance(second, InvalidRowsError)
        assert [issue.row for issue in second.issues] == [1]
        assert [len(one) for one in (first, third)] == [1, 1]
        assert [len(requests) for _, requests, _ in log.appended] == [1, 1]

    @pytest.mark.parametrize(("problem", "n_failed"), [("none", 1), ("crash", 2)])
    def test_counts_rows_that_the_model_could_not_score(self, served, problem, n_failed):
        """Against the model: a champion on probation answers for them."""
        broken = replace(served, model=Broken(problem))

        with pytest.raises((InvalidRowsError, RuntimeError)):
            predict(broken, Log(), FakeClock(NOW), two_rows())

        assert broken.troubles.n == n_failed

    @pytest.mark.parametrize(
        ("stage", "before", "n_failed"),
        [
            (Stage.PROBATION, TinyModel(1.0), 1),
            (Stage.PROBATION, Broken("crash"), 0),
            (Stage.SHADOW, Broken("crash"), 1),
        ],
    )
    def test_counts_no_rows_that_the_champion_before_cannot_score_either(
        self, served, stage, before, n_failed
    ):
        """They are at fault themselves: nobody brings a new champion down by such rows."""
        beside = ServedChallenger(
            served=replace(served, model=before), stage=stage, share=0.0, salt="s"
        )
        broken = replace(served, model=Broken("none"), challenger=beside)

        with pytest.raises(InvalidRowsError):
            predict(broken, Log(), FakeClock(NOW), two_rows())

        assert broken.troubles.n == n_failed

    def test_tells_only_the_one_whose_id_was_used_for_another_row(self, served):
        """Also within one company, where the first to come has the id."""
        used = [
            Asked(served=served, requests=[PredictionRequest(values=row, request_id="a")])
            for row in (ROW, LOYAL, ROW)
        ]

        first, second, third = each(Log(), FakeClock(NOW), used)

        assert isinstance(second, RequestConflictError)
        assert first == third


def asked_of(served, *rows):
    return Asked(served=served, requests=[PredictionRequest(values=row) for row in rows])
