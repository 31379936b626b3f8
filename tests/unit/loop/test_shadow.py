"""A challenger that scores behind the answers: it is told to nobody, and slows nobody."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime

import pytest

from holdfast.domain.errors import StoreUnavailableError
from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import PredictionRequest, Role
from holdfast.domain.stages import Stage
from holdfast.loop.predict import predict
from holdfast.loop.shadow import Shadow
from holdfast.loop.swap import Champion
from holdfast.ports.prediction_log import LogBatch
from holdfast.testing.examples import START
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore, InMemoryStore
from holdfast.testing.online import TinyRuntime, deploy, put_tiny_release, stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = (3.0, 70.5, False, "monthly")
V2 = ModelVersion("v2")


class Production:
    """v1 in production, v2 beside it, and a shadow whose log a test may hold up."""

    def __init__(self, *, into=Stage.SHADOW, share=None, most_waiting=1000) -> None:
        self.store, self.objects = InMemoryStore(), InMemoryObjectStore()
        self.clock = FakeClock(NOW)
        self.champion = Champion(
            releases=self.store.releases,
            objects=self.objects,
            runtime=TinyRuntime(),
            clock=self.clock,
        )
        deploy(self.store.events, put_tiny_release(self.objects, "v1"), at=START)
        second = put_tiny_release(self.objects, "v2", bias=4.0)
        stage(self.store.events, second, into, share=share, at=START)
        self.champion.refresh()
        self.counted: Counter[str] = Counter()
        self.shadow = Shadow(
            self.champion,
            self.store.predictions,
            most_waiting=most_waiting,
            on_rows=lambda fate, n: self.counted.update({fate: n}),
        )

    def answer(self, n, **beside):
        """Answer rows, and offer them to the shadow as a server does."""
        served = self.champion.current()
        requests = [PredictionRequest(**{"values": ROW, **beside}) for _ in range(n)]
        answers = predict(served, self.store.predictions, self.clock, requests)
        batch = LogBatch(contract=served.contract, requests=requests, predictions=answers)
        self.shadow.offer([batch], [answers])
        return answers

    def run(self):
        """Let the shadow score what waits, and end."""
        self.shadow.start()
        self.shadow.stop()

    @property
    def scored(self):
        """What stands in the log by the shadow."""
        rows = self.store.predictions._ledger.rows.values()
        return [row.prediction for row in rows if row.prediction.role is Role.SHADOW]


@pytest.fixture
def production():
    """A shadow that has not begun."""
    return Production()


class TestShadow:
    def test_scores_what_was_answered(self, production):
        """By its own model, at the answer's moment, beside the answer."""
        answers = production.answer(3)

        production.run()

        assert [one.answered_id for one in production.scored] == [a.prediction_id for a in answers]
        for shadow, answer in zip(production.scored, answers, strict=True):
            assert (shadow.model_version, answer.model_version) == ("v2", "v1")
            assert shadow.predicted_at == answer.predicted_at
            assert shadow.score > answer.score
        assert (production.shadow.n_scored, production.shadow.n_dropped) == (3, 0)
        assert production.counted == {"scored": 3}

    def test_does_not_use_up_the_clients_id(self, production):
        """The same request, sent again, gets the champion's answer, and is scored once."""
        (first,) = production.answer(1, request_id="a", entity="Ann")
        (again,) = production.store.predictions.append(
            production.champion.current().contract,
            [PredictionRequest(values=ROW, request_id="a", entity="Ann")],
            production.answer(1),
        )

        production.run()

        assert again == first
        assert len(production.scored) == 2

    def test_takes_no_answer_given_again(self, production):
        """The row was scored when it was answered first."""
        served = production.champion.current()
        requests = [PredictionRequest(values=ROW)]
        new, old = (
            predict(served, production.store.predictions, production.clock, requests)
            for _ in range(2)
        )
        batch = LogBatch(contract=served.contract, requests=requests, predictions=new)

        production.shadow.offer([batch], [old])

        assert production.shadow.n_waiting == 0

    def test_takes_nothing_that_was_refused(self, production):
        """Nor what another champion answered, in the moment of a swap."""
        served = production.champion.current()
        requests = [PredictionRequest(values=ROW)]
        answers = predict(served, production.store.predictions, production.clock, requests)
        contract = production.shadow._champion.current().contract
        batch = LogBatch(contract=contract, requests=requests, predictions=answers)

        production.shadow.offer([batch], [StoreUnavailableError("it is away")])

        assert production.shadow.n_waiting == 0

    def test_a_canary_is_no_shadow(self):
        """It answers; its rows are not scored twice."""
        production = Production(into=Stage.CANARY, share=0.5)

        production.answer(5)

        assert production.shadow.n_waiting == 0

    def test_drops_what_finds_no_room(self):
        """The memory is bounded, and the answer is not held up; the store counts it."""
        production = Production(most_waiting=10)

        production.answer(7)
        production.answer(7)
        production.run()

        assert (production.shadow.n_scored, production.shadow.n_dropped) == (10, 4)
        assert production.counted == {"scored": 10, "dropped": 4}
        assert production.store.views.status().n_shadow_dropped == {V2: 4}

    def test_drops_rows_that_only_the_champion_can_do_with(self):
        """One of them must not spoil those it is scored with."""
        production = Production()
        beside = production.champion.current().challenger
        assert beside is not None
        object.__setattr__(beside, "required", (1,))

        production.answer(2)
        production.answer(1, values=(3.0, None, False, "monthly"))
        production.run()

        assert (production.shadow.n_scored, production.shadow.n_dropped) == (2, 1)
        assert production.counted == {"scored": 2, "dropped": 1}
        assert beside.troubles.n == 0

    def test_never_makes_an_answer_wait(self, production, monkeypatch):
        """While its log hangs, rows are answered and taken in."""
        writes, hold = threading.Event(), threading.Event()
        append = production.store.predictions.append

        def hanging(contract, requests, predictions):
            if predictions[0].role is Role.SHADOW:
                writes.set()
                assert hold.wait(10)
            return append(contract, requests, predictions)

        monkeypatch.setattr(production.store.predictions, "append", hanging)
        production.answer(1)
        production.shadow.start()
        assert writes.wait(10)

        production.answer(5)

        assert production.shadow.n_waiting == 5
        hold.set()
        production.shadow.stop()
        assert production.shadow.n_scored == 6

    def test_counts_what_it_cannot_score(self, production, monkeypatch):
        """Its thread goes on, and the challenger's troubles are known."""
        beside = production.champion.current().challenger
        monkeypatch.setattr(beside.served.model, "score", None)
        production.answer(4)

        production.run()

        assert (production.shadow.n_scored, production.shadow.n_dropped) == (0, 4)
        assert beside.troubles.n == 4

    def test_counts_what_it_cannot_log(self, production, monkeypatch):
        """That is the store's trouble, not the model's; nothing is told twice."""

        def away(*_arguments):
            raise StoreUnavailableError("it is away")

        production.answer(4)
        monkeypatch.setattr(production.store.predictions, "append", away)

        production.run()

        assert production.shadow.n_dropped == 4
        assert production.champion.current().challenger.troubles.n == 0
        assert production.store.views.status().n_shadow_dropped == {V2: 4}

    def test_scores_many_rows_piece_by_piece(self, production):
        """A commit of thousands of rows would hold up the answers behind it."""
        production.answer(450)

        production.run()

        assert production.shadow.n_scored == 450

    def test_stopping_before_the_start_is_harmless(self, production):
        """A server that could not start stops all the same."""
        production.shadow.stop()

        assert production.shadow.n_dropped == 0
