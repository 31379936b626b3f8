"""Who stands beside the champion, as a client sees it: answers, status and metrics."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from tests.harness import await_that

from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.matrix import encode_rows
from holdfast.domain.stages import Stage, in_share
from holdfast.testing.online import TINY_CONTRACT, TinyModel, put_tiny_release, stage

from .conftest import NOW


@pytest.fixture
def beside(serving):
    """Puts v2 beside v1."""

    def put(into, *, share=None, **options):
        record = put_tiny_release(serving.objects, "v2", bias=4.0, **options)
        stage(serving.store.events, record, into, share=share, at=NOW)
        return record

    return put


def ask(client, row, n, **beside):
    rows = [{"features": row, "entity": f"customer-{i}", **beside} for i in range(n)]
    response = client.post("/v1/predict", json={"rows": rows})
    assert response.status_code == 200, response.text
    return response.json()["predictions"]


def status(client):
    return client.get("/v1/status").json()


class TestShadow:
    def test_is_logged_beside_the_answers(self, serving, beside, row):
        """The client hears the champion alone; status and metrics tell of the rest."""
        beside(Stage.SHADOW)
        with serving.client() as client:
            answers = ask(client, row, 5)
            await_that(
                lambda: status(client)["serving"]["shadow"]["n_scored"] == 5,
                "the shadow has scored",
            )
            told, page = status(client), client.get("/metrics").text

        assert {answer["model_version"] for answer in answers} == {"v1"}
        assert told["challenger"] == {
            "version": "v2",
            "stage": "shadow",
            "share": None,
            "since": NOW.isoformat().replace("+00:00", "Z"),
            "until": None,
        }
        assert told["probation"] is None
        assert told["n_predictions"] == 5
        assert told["n_predictions_by_role"] == {"champion": {"v1": 5}, "shadow": {"v2": 5}}
        assert told["serving"]["challenger"]["model_version"] == "v2"
        assert 'holdfast_shadow_rows_total{fate="scored"} 5' in page
        assert 'holdfast_challenger_info{version="v2",stage="shadow"} 1' in page

    def test_the_champion_before_scores_as_one_in_a_probation(self, serving, row):
        """And status says who is on probation, against whom, until when."""
        record, until = put_tiny_release(serving.objects, "v2", bias=4.0), NOW + timedelta(days=44)
        stage(serving.store.events, record, Stage.PROBATION, at=NOW, until=until)
        with serving.client() as client:
            ask(client, row, 3)
            await_that(
                lambda: status(client)["serving"]["shadow"]["n_scored"] == 3,
                "the champion before has scored",
            )
            told = status(client)

        assert told["n_predictions_by_role"] == {"champion": {"v1": 3}, "shadow": {"v2": 3}}
        assert told["challenger"]["stage"] == "probation"
        assert told["probation"] == {
            "version": "v1",
            "against": "v2",
            "since": NOW.isoformat().replace("+00:00", "Z"),
            "until": until.isoformat().replace("+00:00", "Z"),
        }

    def test_can_be_looked_up_with_the_answer_beside_it(self, serving, beside, row):
        """Its own id is known to nobody but the log."""
        beside(Stage.SHADOW)
        with serving.client() as client:
            (answer,) = ask(client, row, 1)
            await_that(
                lambda: status(client)["serving"]["shadow"]["n_scored"] == 1,
                "the shadow has scored",
            )
            _, shadow = serving.store.predictions._ledger.rows
            found = client.get(f"/v1/predictions/{shadow}").json()

        assert (found["role"], found["answered_id"]) == ("shadow", answer["prediction_id"])

    def test_what_waits_is_scored_before_the_server_ends(self, serving, beside, row):
        """A restart loses no row of a shadow that keeps up."""
        beside(Stage.SHADOW)
        with serving.client() as client:
            ask(client, row, 50)

        by_role = serving.store.views.status().n_by_role
        assert sum(sum(n.values()) for n in by_role.values()) == 100


class TestSwaps:
    def test_no_answer_is_mixed_while_stages_come_and_go(self, serving, beside, row):
        """Each answer has the score and the threshold of the model that it names."""
        model_of = {"v1": TinyModel(1.0), "v2": TinyModel(4.0)}
        values = [[row[name] for name in TINY_CONTRACT.names]]
        scores = {
            version: float(model.score(encode_rows(values, TINY_CONTRACT))[0])
            for version, model in model_of.items()
        }
        answers: list[Any] = []
        done = threading.Event()
        with serving.client() as client:

            def flip():
                for share in (None, 0.2, None, 0.8, 0.4, None, 0.6) * 4:
                    beside(Stage.SHADOW if share is None else Stage.CANARY, share=share)
                    serving.champion.refresh()
                done.set()

            flipping = threading.Thread(target=flip)
            flipping.start()
            while not done.is_set() or len(answers) < 400:
                answers += ask(client, row, 20)
            flipping.join()

        assert {(one["model_version"], one["score"]) for one in answers} <= set(scores.items())
        assert serving.store.views.status().n_predictions == len(answers)


class TestCanary:
    def test_answers_its_share_sticky_by_entity(self, serving, beside, row):
        """In one request with the champion's rows, and in the next the same again."""
        beside(Stage.CANARY, share=0.3)
        with serving.client() as client:
            first, again = (ask(client, row, 60) for _ in range(2))
            single = client.post("/v1/predict", json={"features": row, "entity": "customer-3"})
            salt = serving.champion.current().challenger.salt

        expected = [
            "v2" if in_share(f"customer-{i}", salt=salt, share=0.3) else "v1" for i in range(60)
        ]
        assert [answer["model_version"] for answer in first] == expected
        assert [answer["model_version"] for answer in again] == expected
        assert single.json()["model_version"] == expected[3]
        assert {"v1", "v2"} == set(expected)

    def test_explains_its_answers_by_its_own_model(self, serving, beside, row):
        """The champion's changes would belie them."""
        beside(Stage.CANARY, share=0.5)
        rows = [{"features": row, "entity": f"customer-{i}"} for i in range(30)]
        with serving.client() as client:
            answers = client.post("/v1/predict?explain=true", json={"rows": rows}).json()

        changes = {
            (one["model_version"], round(one["explanation"]["tenure"], 6))
            for one in answers["predictions"]
        }
        assert len(changes) == 2
        assert {version for version, _ in changes} == {"v1", "v2"}

    def test_gives_its_answer_although_it_cannot_explain_it(
        self, serving, beside, row, monkeypatch
    ):
        """The answer stands in the log by then."""
        beside(Stage.CANARY, share=0.999)
        with serving.client() as client:
            model = serving.champion.current().challenger.served.model
            score = model.score

            def once(rows):
                if len(rows) > 1:
                    raise RuntimeError("out of memory")
                return score(rows)

            monkeypatch.setattr(model, "score", once)
            body = {"features": row, "entity": "customer-1", "explain": True}
            answer = client.post("/v1/predict", json=body).json()

        assert (answer["model_version"], answer["explanation"]) == ("v2", None)

    def test_one_that_fails_fails_no_request(self, serving, beside, row, monkeypatch):
        """The champion answers, and status says how many rows."""
        beside(Stage.CANARY, share=0.9)
        with serving.client() as client:
            model = serving.champion.current().challenger.served.model

            def fail(_rows):
                raise CorruptReleaseError("2", "torn")

            monkeypatch.setattr(model, "score", fail)
            answers = ask(client, row, 9)
            n_failed = status(client)["serving"]["challenger"]["n_failed"]

        assert {answer["model_version"] for answer in answers} == {"v1"}
        assert n_failed > 0

    def test_one_that_cannot_be_loaded_is_named(self, serving, beside, row):
        """The server is ready all the same: the champion answers everything."""
        beside(Stage.CANARY, share=0.9, damaged="model.onnx")
        with serving.client() as client:
            answers = ask(client, row, 9)
            told, page = status(client), client.get("/metrics").text
            ready = client.get("/health/ready").status_code

        assert ({answer["model_version"] for answer in answers}, ready) == ({"v1"}, 200)
        assert told["challenger"]["version"] == "v2"
        assert told["serving"]["challenger"] is None
        assert told["serving"]["challenger_refused"]["model_version"] == "v2"
        assert "holdfast_challenger_refused 1" in page
