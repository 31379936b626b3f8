"""What the API answers, also to awkward input."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from holdfast.domain.errors import StoreUnavailableError
from holdfast.domain.predictions import LabelCounts
from holdfast.domain.releases import METRICS
from holdfast.domain.treatments import HoldOut

JSON = {"Content-Type": "application/json"}


def fields(response):
    """Which fields of which rows a problem report names."""
    return [(error["row"], error["field"]) for error in response.json()["errors"]]


class TestPredict:
    def test_answers_one_row(self, client, row):
        """The score, the decision in the target's word, and which version made them."""
        response = client.post("/v1/predict", json={"features": row})

        answer = response.json()
        assert response.status_code == 200
        assert len(answer.pop("prediction_id")) == 36
        assert answer.pop("score") == pytest.approx(0.8641271, abs=1e-6)
        assert answer == {
            "decision": "Yes",
            "positive": True,
            "threshold": 0.5,
            "model_version": "v1",
            "predicted_at": "2026-03-01T12:00:00Z",
        }

    def test_keeps_every_digit_of_the_score(self, client, serving, row):
        """The answer and the log hold the same number, not a rounded one."""
        answer = client.post("/v1/predict", json={"features": row}).json()

        logged = serving.store.predictions.get(answer["prediction_id"])
        assert answer["score"] == logged.prediction.score

    def test_answers_rows_in_their_order(self, client, serving, row):
        """A batch is one write and one list."""
        loyal = row | {"tenure": 70, "plan": "two years"}

        response = client.post(
            "/v1/predict",
            json={"rows": [{"features": row}, {"features": loyal, "entity": 7590}]},
        )

        answers = response.json()["predictions"]
        assert [answer["decision"] for answer in answers] == ["Yes", "No"]
        assert serving.store.predictions.get(answers[1]["prediction_id"]).entity == "7590"

    def test_a_batch_is_all_or_nothing(self, client, serving, row):
        """One bad row refuses the batch; nothing of it is scored or logged."""
        rows = [{"features": row}, {"features": row | {"tenure": "three"}}]

        response = client.post("/v1/predict", json={"rows": rows})

        assert response.status_code == 422
        assert fields(response) == [(1, "tenure")]
        assert serving.n_logged == 0

    def test_a_missing_feature_is_named(self, client, row):
        """Absent is not null: the client is told which key to send."""
        del row["charges"]

        response = client.post("/v1/predict", json={"features": row})

        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["errors"] == [
            {"row": 0, "field": "charges", "problem": "is absent; send null if it is unknown"}
        ]

    def test_null_is_taken_only_where_training_saw_it(self, client, row):
        """The contract says which features may be missing."""
        allowed = client.post("/v1/predict", json={"features": row | {"charges": None}})
        refused = client.post("/v1/predict", json={"features": row | {"tenure": None}})

        assert allowed.status_code == 200
        assert refused.status_code == 422
        assert fields(refused) == [(0, "tenure")]

    def test_an_unknown_feature_is_refused_with_the_nearest_name(self, client, row):
        """A misspelt feature would otherwise be scored as if it were not there."""
        response = client.post("/v1/predict", json={"features": row | {"Tenur": 3}})

        assert response.status_code == 422
        assert "did you mean 'tenure'?" in response.json()["errors"][0]["problem"]

    def test_an_unknown_feature_can_be_ignored_and_is_counted(self, serving, row):
        """For callers that send more than the model takes; the status shows how often."""
        with serving.client(unknown_features="ignore") as client:
            response = client.post("/v1/predict", json={"features": row | {"extra": 1, "more": 2}})
            status = client.get("/v1/status").json()

        assert response.status_code == 200
        assert status["serving"]["n_unknown_features_ignored"] == 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("tenure", "3"),
            ("tenure", True),
            ("tenure", [3]),
            ("tenure", 10**400),
            ("tenure", 1e39),
            ("senior", 1),
            ("senior", "yes"),
            ("plan", 1.5),
            ("plan", {"a": 1}),
            ("plan", "x" * 2000),
            ("plan", 10**2000),
        ],
    )
    def test_a_wrong_type_is_named_and_not_echoed(self, client, row, field, value):
        """The report says what was needed and of which kind the value was, never the value."""
        response = client.post("/v1/predict", json={"features": row | {field: value}})

        assert response.status_code == 422
        assert fields(response) == [(0, field)]
        assert "xxx" not in response.text

    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_what_is_no_json_number_is_refused_clearly(self, client, serving, word):
        """Strict JSON has neither NaN nor infinities; numbers beyond a double are refused too."""
        body = f'{{"features": {{"tenure": {word}}}}}'

        response = client.post("/v1/predict", content=body, headers=JSON)

        assert response.status_code == 400
        assert response.json()["detail"].startswith("The body is not valid JSON")
        if word != "1e999":
            assert "send null for a missing value" in response.json()["detail"]
        assert serving.n_logged == 0

    def test_an_unseen_category_is_scored_and_counted(self, client, serving, row):
        """The world brings new words; that is drift to be seen, not an error."""
        response = client.post("/v1/predict", json={"features": row | {"plan": "weekly"}})

        status = client.get("/v1/status").json()
        logged = serving.store.predictions.get(response.json()["prediction_id"])
        assert response.status_code == 200
        assert logged.features["plan"] == "weekly"
        assert status["serving"]["n_unseen_categories"] == {"plan": 1}

    def test_the_same_id_with_the_same_row_gets_the_logged_answer(self, client, serving, row):
        """A client that lost the answer may ask again without being counted twice."""
        body = {"features": row, "id": "order-1"}

        first = client.post("/v1/predict", json=body)
        again = client.post("/v1/predict", json=body)

        assert again.json() == first.json()
        assert serving.n_logged == 1

    def test_the_same_id_with_another_row_is_a_conflict(self, client, row):
        """Two rows under one id cannot both be the truth."""
        client.post("/v1/predict", json={"features": row, "id": "order-1"})

        response = client.post(
            "/v1/predict",
            json={"rows": [{"features": row}, {"features": row | {"tenure": 4}, "id": "order-1"}]},
        )

        assert response.status_code == 409
        assert fields(response) == [(1, "id")]

    @pytest.mark.parametrize("how", ["query", "body"])
    def test_explains_a_score(self, client, row, how):
        """Each feature's figure is the change of the score if it were typical."""
        url = "/v1/predict?explain=true" if how == "query" else "/v1/predict"
        extra = {} if how == "query" else {"explain": True}

        answer = client.post(url, json={"features": row, **extra}).json()

        assert answer["explanation"]["tenure"] == pytest.approx(-0.23, abs=1e-2)
        assert answer["explanation"]["plan"] == 0.0

    def test_a_logged_answer_of_another_version_is_not_explained(self, client, serving, row):
        """The model in memory did not make that score, so it cannot say why."""
        body = {"features": row, "id": "order-1", "explain": True}
        client.post("/v1/predict", json=body)
        serving.deploy("v2", bias=2.0)
        serving.champion.refresh()

        again = client.post("/v1/predict", json=body).json()

        assert again["model_version"] == "v1"
        assert again["explanation"] is None

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "features"),
            ({"features": [1, 2]}, "features"),
            ({"rows": []}, "rows"),
            ({"rows": {"features": {}}}, "rows"),
            ({"rows": [7]}, "rows"),
            ({"rows": [{}]}, "features"),
            ({"features": {}, "entitiy": "x"}, "entitiy"),
            ({"features": {}, "id": ["x"]}, "id"),
            ({"features": {}, "explain": "yes"}, "explain"),
        ],
    )
    def test_a_body_of_another_form_is_refused_by_name(self, client, body, field):
        """Whatever is wrong with the envelope is said before any feature is judged."""
        response = client.post("/v1/predict", json=body)

        assert response.status_code == 422
        assert fields(response)[0] == (0, field)

    @pytest.mark.parametrize("given", ["maybe", ""])
    def test_a_query_that_says_neither_yes_nor_no_is_refused(self, client, row, given):
        """`explain=maybe` is a mistake, not a no; nor is `explain=` one."""
        response = client.post(f"/v1/predict?explain={given}", json={"features": row})

        assert response.status_code == 422
        assert fields(response) == [(0, "explain")]

    def test_the_number_of_rows_is_limited(self, serving, row):
        """The report says how many are taken; explained rows have their own limit."""
        three = {"rows": [{"features": row}] * 3}
        with serving.client(max_rows=2, max_explained_rows=1) as client:
            many = client.post("/v1/predict", json=three)
            explained = client.post(
                "/v1/predict", json={"rows": [{"features": row}] * 2, "explain": True}
            )

        assert (many.status_code, explained.status_code) == (413, 413)
        assert "At most 2 rows" in many.json()["detail"]
        assert "At most 1 explained rows" in explained.json()["detail"]

    def test_a_report_names_at_most_a_hundred_fields(self, client):
        """A batch that is all wrong must not be answered by megabytes."""
        response = client.post("/v1/predict", json={"rows": [{"features": {}}] * 500})

        problem = response.json()
        assert len(problem["errors"]) == 100
        assert problem["n_errors"] == 2000

    def test_without_a_champion_it_asks_to_come_back(self, world, row):
        """A 503 with Retry-After, and in words what a person has to do."""
        with world.client() as client:
            response = client.post("/v1/predict", json={"features": row})

        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert "holdfast train" in response.json()["detail"]

    def test_what_is_not_durable_is_not_answered(self, client, serving, row, failing):
        """A store that cannot write is a 503, and its own words stay in the server."""
        error = StoreUnavailableError("disk I/O error on /secret/path")
        failing(serving.store.predictions, "append", error)

        response = client.post("/v1/predict", json={"features": row})

        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert "secret" not in response.text

    def test_a_corrupt_release_changes_nothing_for_clients(self, client, serving, row):
        """The new release is refused by its digest; the champion answers, and status tells."""
        serving.deploy("v2", bias=2.0, damaged="model.onnx")
        serving.champion.refresh()

        answer = client.post("/v1/predict", json={"features": row}).json()
        status = client.get("/v1/status").json()
        ready = client.get("/health/ready")

        assert answer["model_version"] == "v1"
        assert status["champion"] == "v2"
        assert status["serving"]["model_version"] == "v1"
        assert "model.onnx has another digest" in status["serving"]["refused"]["problem"]
        assert ready.status_code == 200
        assert "refused" in ready.json()["checks"]["model"]["detail"]

    def test_the_last_of_two_equal_keys_counts(self, client, serving):
        """As every JSON library of our clients has it."""
        body = '{"features": {"tenure": 1, "charges": 1, "senior": true, "plan": "x", "tenure": 9}}'

        response = client.post("/v1/predict", content=body, headers=JSON)

        logged = serving.store.predictions.get(response.json()["prediction_id"])
        assert logged.features["tenure"] == 9.0


class TestHoldOut:
    def test_answers_say_whom_nobody_is_to_act_upon(self, serving, row):
        """All rows of an entity, and about as many entities as the project wants."""
        serving.holdout = HoldOut(share=0.3, salt="holdout/churn")
        rows = [{"features": row, "entity": f"customer-{i}"} for i in range(200)]

        with serving.client() as client:
            once, again = (
                client.post("/v1/predict", json={"rows": rows}).json()["predictions"]
                for _ in range(2)
            )
            unnamed = client.post("/v1/predict", json={"features": row}).json()

        held = [answer["holdout"] for answer in once]
        assert held == [answer["holdout"] for answer in again]
        assert 40 <= sum(held) <= 80
        assert unnamed["holdout"] is serving.holdout.holds(unnamed["prediction_id"])

    def test_answers_are_silent_of_it_where_nobody_is_held_out(self, client, row):
        """A key that always says the same is no use to anybody."""
        assert "holdout" not in client.post("/v1/predict", json={"features": row}).json()


class TestLabels:
    @pytest.fixture
    def prediction_id(self, client, row):
        return client.post("/v1/predict", json={"features": row}).json()["prediction_id"]

    def test_counts_what_became_of_them(self, client, prediction_id):
        """The first label of a prediction is accepted, and stands beside it."""
        response = client.post("/v1/labels", json={"prediction_id": prediction_id, "label": "Yes"})

        logged = client.get(f"/v1/predictions/{prediction_id}").json()
        assert response.status_code == 200
        assert response.json() == {
            "accepted": 1,
            "late": 0,
            "duplicate": 0,
            "conflicting": 0,
            "orphan": 0,
            "forgotten": 0,
            "fates": ["accepted"],
        }
        assert logged["label"] == "Yes"
        assert logged["label_observed_at"] == "2026-03-01T12:00:00Z"

    def test_says_who_was_treated_with_a_label_or_without(self, client, serving, prediction_id):
        """An offer is known long before its outcome; what became of it is counted apart."""
        offer = {"prediction_id": prediction_id, "treated": True}

        first = client.post("/v1/labels", json=offer).json()
        again = client.post("/v1/labels", json={"labels": [offer | {"label": "No"}]}).json()

        treatments = {"accepted": 1, "duplicate": 0, "conflicting": 0, "orphan": 0}
        assert (first["accepted"], first["fates"], first["treatments"]) == (0, [], treatments)
        assert (again["accepted"], again["treatments"]["duplicate"]) == (1, 1)
        logged = client.get(f"/v1/predictions/{prediction_id}").json()
        assert (logged["label"], logged["treated"]) == ("No", True)

    def test_a_treatment_is_true_or_false(self, client, prediction_id):
        """Anything else is refused, and nothing of the request is kept."""
        body = {"prediction_id": prediction_id, "label": "Yes", "treated": "perhaps"}

        response = client.post("/v1/labels", json=body)

        assert (response.status_code, fields(response)) == (422, [(0, "treated")])
        assert client.get(f"/v1/predictions/{prediction_id}").json()["label"] is None

    def test_a_second_label_that_contradicts_the_first_is_conflicting(self, client, prediction_id):
        """It is recorded as what it is; the first stands."""
        labels = [
            {"prediction_id": prediction_id, "label": "Yes"},
            {"prediction_id": prediction_id, "label": "Yes"},
            {"prediction_id": prediction_id, "label": "No"},
        ]

        response = client.post("/v1/labels", json={"labels": labels})

        assert response.json()["fates"] == ["accepted", "duplicate", "conflicting"]
        assert client.get(f"/v1/predictions/{prediction_id}").json()["label"] == "Yes"

    def test_a_label_for_an_unknown_prediction_is_an_orphan(self, client):
        """It may have overtaken its prediction, so it is kept and not refused."""
        response = client.post("/v1/labels", json={"prediction_id": "unknown", "label": "No"})

        assert response.status_code == 200
        assert response.json()["orphan"] == 1

    def test_a_label_after_the_maturity_is_late(self, client, serving, prediction_id):
        """`observed_at` is the fact's own time, read as UTC where it does not say."""
        observed_at = (serving.clock.now() + timedelta(days=31)).replace(tzinfo=None).isoformat()

        response = client.post(
            "/v1/labels",
            json={"prediction_id": prediction_id, "label": "Yes", "observed_at": observed_at},
        )

        assert response.json()["late"] == 1

    @pytest.mark.parametrize("label", ["yes", "churned", True, 1, ["Yes"]])
    def test_a_word_that_is_not_the_targets_is_refused(self, client, serving, label):
        """With the two words that are."""
        response = client.post("/v1/labels", json={"prediction_id": "p", "label": label})

        assert response.status_code == 422
        assert response.json()["errors"] == [
            {"row": 0, "field": "label", "problem": "must be 'Yes' or 'No'"}
        ]
        assert serving.store.labels.totals() == LabelCounts()

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"label": "Yes"}, "prediction_id"),
            ({"prediction_id": "p", "entity": "e", "label": "Yes"}, "entity"),
            ({"prediction_id": "p", "label": "Yes", "observed_at": "soon"}, "observed_at"),
            ({"labels": []}, "labels"),
            ({"labels": ["Yes"]}, "labels"),
            ({"labels": [{"prediction_id": "p", "label": "Yes"}], "more": 1}, "more"),
        ],
    )
    def test_other_trouble_is_named(self, client, body, field):
        """Row and field, as for predictions."""
        response = client.post("/v1/labels", json=body)

        assert response.status_code == 422
        assert fields(response) == [(0, field)]

    def test_their_number_is_limited(self, serving):
        """As that of rows."""
        with serving.client(max_rows=1) as client:
            label = {"prediction_id": "p", "label": "Yes"}
            response = client.post("/v1/labels", json={"labels": [label, label]})

        assert response.status_code == 413


class TestGetPrediction:
    def test_shows_the_row_and_the_answer(self, client, row):
        """What was asked and what was answered, exactly."""
        answer = client.post("/v1/predict", json={"features": row, "entity": "c-1"}).json()

        logged = client.get(f"/v1/predictions/{answer['prediction_id']}").json()

        assert logged["features"] == row
        assert logged["score"] == answer["score"]
        assert (logged["entity"], logged["role"], logged["label"]) == ("c-1", "champion", None)

    def test_an_unknown_id_is_a_404(self, client):
        """As a problem report like any other."""
        response = client.get("/v1/predictions/nope")

        assert response.status_code == 404
        assert response.json()["type"] == "urn:holdfast:problem:not-found"


class TestGetModel:
    def test_shows_the_contract_and_the_tested_metrics(self, client):
        """All that a client needs to call the model, and what it may expect of it."""
        model = client.get("/v1/model").json()

        assert (model["model_version"], model["threshold"]) == ("v1", 0.5)
        assert [feature["name"] for feature in model["features"]] == list(model["example"])
        assert model["target"] == {"name": "churn", "positive": "Yes", "negative": "No"}
        assert model["metrics"]["figures"]["roc_auc"] == 0.84

    def test_its_example_is_a_row_that_is_accepted(self, client):
        """Copy it, change a value, send it."""
        example = client.get("/v1/model").json()["example"]

        response = client.post("/v1/predict", json={"features": example})

        assert response.status_code == 200

    def test_damaged_metrics_are_said_to_be_unreadable(self, client, serving):
        """Serving does not need them, so the rest is shown; they are never shown unverified."""
        release = client.get("/v1/model").json()["release_id"]
        serving.objects._groups[release][METRICS] = json.dumps({"roc_auc": 0.99}).encode()

        model = client.get("/v1/model").json()

        assert model["metrics"] is None
        assert "CorruptReleaseError" in model["metrics_problem"]
