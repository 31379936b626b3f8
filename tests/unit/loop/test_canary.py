"""Which rows a canary answers, and what becomes of them if it cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.errors import InvalidRowsError
from holdfast.domain.ids import ModelVersion, PredictionId, ReleaseId, uuid7
from holdfast.domain.predictions import Prediction, PredictionRequest, Role
from holdfast.domain.releases import ReleaseRecord
from holdfast.domain.stages import Stage, in_share
from holdfast.loop.canary import answered, chosen
from holdfast.loop.predict import predict
from holdfast.loop.swap import ServedChallenger, ServedModel
from holdfast.testing.fakes import FakeClock, InMemoryStore
from holdfast.testing.online import TINY_CONTRACT, TinyModel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = (3.0, 70.5, False, "monthly")
STRICT = replace(TINY_CONTRACT, threshold=0.999)


class BrokenModel:
    """Scores nothing."""

    def score(self, rows):
        raise InvalidRowsError([])


class WorseModel:
    """Fails in a way that no contract foresees."""

    def score(self, rows):
        raise RuntimeError("out of memory")


def model(version, *, bias=1.0, contract=TINY_CONTRACT, scored_by=None):
    return ServedModel(
        record=ReleaseRecord(
            version=ModelVersion(version),
            release_id=ReleaseId(version.encode().hex().rjust(64, "0")),
            schema_digest=contract.schema_digest,
        ),
        contract=contract,
        model=scored_by or TinyModel(bias),
        seq=1,
        since=NOW,
    )


def production(*, stage=Stage.CANARY, share=0.5, scored_by=None):
    """Return v1, and v2 beside it: another model with a threshold of its own."""
    beside = ServedChallenger(
        served=model("v2", bias=4.0, contract=STRICT, scored_by=scored_by),
        stage=stage,
        share=share,
        salt="v2",
    )
    return replace(model("v1"), challenger=beside)


def asked(n, **beside):
    return [PredictionRequest(values=ROW, entity=f"customer-{i}", **beside) for i in range(n)]


def by_champion(n):
    return tuple(
        Prediction(
            prediction_id=PredictionId(uuid7(NOW)),
            model_version=ModelVersion("v1"),
            score=0.2,
            positive=False,
            threshold=0.5,
            predicted_at=NOW,
        )
        for _ in range(n)
    )


class TestAnswered:
    def test_each_answer_is_one_models_throughout(self):
        """Version, score, threshold, decision and role go together."""
        requests, served = asked(40), production()

        answers = answered(served, requests, by_champion(40))

        canary = {i for i in range(40) if in_share(f"customer-{i}", salt="v2", share=0.5)}
        said = {(a.role, a.model_version, a.threshold, a.positive, a.score == 0.2) for a in answers}
        assert 5 < len(canary) < 35
        assert [a.role is Role.CANARY for a in answers] == [i in canary for i in range(40)]
        assert said == {
            (Role.CHAMPION, "v1", 0.5, False, True),
            (Role.CANARY, "v2", 0.999, False, False),
        }

    def test_keeps_the_ids(self):
        """They were drawn before, and a row that names no entity is drawn by them."""
        before = by_champion(9)

        answers = answered(production(share=0.9), asked(9), before)

        assert [a.prediction_id for a in answers] == [p.prediction_id for p in before]

    @pytest.mark.parametrize("served", [model("v1"), production(stage=Stage.SHADOW)])
    def test_leaves_all_to_the_champion_where_there_is_no_canary(self, served):
        """Nothing is made anew: this runs before every answer."""
        before = by_champion(9)

        assert answered(served, asked(9), before) is before

    @pytest.mark.parametrize("broken", [BrokenModel(), WorseModel()])
    def test_the_champion_answers_what_a_canary_cannot(self, broken):
        """A new model must not fail a request; that it tried is counted."""
        served, before = production(scored_by=broken), by_champion(40)

        answers = answered(served, asked(40), before)

        assert answers == before
        assert served.challenger.troubles.n == len(chosen(served.challenger, asked(40), before))

    def test_leaves_rows_that_only_the_champion_can_do_with(self):
        """The canary was trained without any missing value of that feature."""
        challenger = replace(production(share=0.99).challenger, required=(1,))
        served = replace(model("v1"), challenger=challenger)
        requests = [
            replace(one, values=(3.0, None, False, "monthly")) if i % 2 else one
            for i, one in enumerate(asked(20))
        ]

        answers = answered(served, requests, by_champion(20))

        assert {a.role for a in answers[1::2]} == {Role.CHAMPION}
        assert Role.CANARY in {a.role for a in answers[::2]}

    def test_rows_without_entity_are_drawn_by_their_ids(self):
        """About as many as the share says, and each can be told again from the log."""
        requests = [PredictionRequest(values=ROW)] * 2000

        answers = answered(production(share=0.25), requests, by_champion(2000))

        drawn = [in_share(a.prediction_id, salt="v2", share=0.25) for a in answers]
        assert [a.role is Role.CANARY for a in answers] == drawn
        assert abs(sum(drawn) - 500) < 4 * (2000 * 0.25 * 0.75) ** 0.5


class TestPredict:
    def test_a_batch_of_both_is_one_append(self):
        """All or nothing, in the order of the rows; the log knows who answered."""
        store, served = InMemoryStore(), production()

        answers = predict(served, store.predictions, FakeClock(NOW), asked(40))

        logged = [store.predictions.get(a.prediction_id).prediction for a in answers]
        assert logged == list(answers)
        by_role = store.views.status().n_by_role
        assert sum(by_role[Role.CANARY].values()) + sum(by_role[Role.CHAMPION].values()) == 40
        assert set(by_role[Role.CANARY]) == {"v2"}

    def test_an_answer_given_again_is_the_logged_one(self):
        """Even if the canary is gone by then."""
        store, served = InMemoryStore(), production(share=0.99)
        request = asked(1, request_id="a")
        (first,) = predict(served, store.predictions, FakeClock(NOW), request)

        (again,) = predict(model("v1"), store.predictions, FakeClock(NOW), request)

        assert (again, first.role) == (first, Role.CANARY)
