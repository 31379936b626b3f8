"""What every request passes: names, origins, keys, and the last line against the unforeseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from holdfast.domain.keys import KeyScope
from holdfast.loop.grant import grant
from holdfast.serving import Access


class TestRequestIds:
    @pytest.mark.parametrize("path", ["/v1/model", "/nope", "/", "/static/holdfast.css"])
    def test_every_answer_carries_one(self, client, path):
        """Also errors, pages and files."""
        first, second = client.get(path), client.get(path)

        assert len(first.headers["x-request-id"]) == 32
        assert first.headers["x-request-id"] != second.headers["x-request-id"]

    def test_a_clients_own_is_kept_if_it_is_plain(self, client):
        """So that a trace through several services finds it."""
        kept = client.get("/nope", headers={"X-Request-Id": "trace-1.a_B"})
        replaced = client.get("/nope", headers={"X-Request-Id": "a b<script>"})

        assert kept.headers["x-request-id"] == kept.json()["request_id"] == "trace-1.a_B"
        assert "<" not in replaced.headers["x-request-id"]


class TestOrigins:
    @pytest.mark.parametrize(
        "host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"]
    )
    def test_this_machine_is_served(self, client, host):
        """By each of its names, on any port."""
        assert client.get("/health/live", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "",
         "evil.example:80@localhost", "localhost:x", "user@localhost", "localhost/x"],
    )  # fmt: skip
    def test_another_name_is_turned_away(self, client, host):
        """A rebound DNS name reaches this port, but cannot claim to be this machine."""
        response = client.get("/v1/model", headers={"Host": host})

        assert response.status_code == 403
        assert "must name this machine" in response.json()["detail"]

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://localhost:3000", "https://localhost"]
    )
    def test_a_page_of_another_origin_cannot_write(self, client, row, serving, origin):
        """A browser says where a request comes from; another port is another origin."""
        response = client.post("/v1/predict", json={"features": row}, headers={"Origin": origin})

        assert response.status_code == 403
        assert serving.n_logged == 0

    def test_its_own_page_can_write(self, client, row):
        """/docs tries requests out from the same origin."""
        response = client.post(
            "/v1/predict", json={"features": row}, headers={"Origin": "http://localhost"}
        )

        assert response.status_code == 200


class TestUnforeseen:
    def test_is_answered_without_a_trace_and_logged_without_values(
        self, client, serving, row, failing
    ):
        """The client gets a request id; the log says where it arose, not on which values."""
        error = RuntimeError("could not convert 'secret value'")
        failing(serving.store.predictions, "append", error)

        with capture_logs() as logs:
            response = client.post("/v1/predict", json={"features": row})

        assert response.status_code == 500
        assert response.json()["type"] == "urn:holdfast:problem:internal"
        assert "Traceback" not in response.text
        assert "secret" not in response.text
        entry = next(log for log in logs if log["event"] == "request_failed")
        assert entry["request_id"] == response.headers["x-request-id"]
        assert entry["error"] == "RuntimeError"
        assert any("predict" in frame for frame in entry["where"])
        assert "secret" not in str(logs)

    def test_what_clients_do_wrong_is_not_logged(self, client):
        """A log of refused values would be a copy of what clients send."""
        with capture_logs() as logs:
            client.post("/v1/predict", json={"features": {"tenure": "secret"}})

        assert logs == []


class TestHeaders:
    def test_answers_are_neither_guessed_nor_kept(self, client):
        """No sniffing, no referrer, no cache."""
        headers = client.get("/v1/model").headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"

    def test_unknown_addresses_and_methods_are_problem_reports(self, client):
        """The router's own refusals look like all others."""
        missing, method = client.get("/v2/predict"), client.get("/v1/predict")

        assert (missing.status_code, method.status_code) == (404, 405)
        assert missing.headers["content-type"] == "application/problem+json"
        assert method.headers["allow"] == "POST"


class TestKeys:
    @pytest.fixture
    def key(self, serving):
        """Make a key with these scopes, and return it with its secret."""

        def make(*scopes, **options):
            return grant(serving.store.keys, serving.clock, scopes=scopes, actor="test", **options)

        return make

    def test_nobody_is_asked_before_one_exists(self, client, row):
        """A first try on one's own machine goes without."""
        assert client.post("/v1/predict", json={"features": row}).status_code == 200

    def test_once_one_exists_whoever_has_none_is_refused(self, client, serving, key, row):
        """With the scope, a challenge and a request id; nothing is scored or logged."""
        key(KeyScope.PREDICT)

        response = client.post("/v1/predict", json={"features": row})

        problem = response.json()
        assert response.status_code == problem["status"] == 401
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["www-authenticate"] == 'Bearer realm="holdfast", scope="predict"'
        assert problem["type"] == "urn:holdfast:problem:key-needed"
        assert "scope 'predict'" in problem["detail"]
        assert problem["request_id"] == response.headers["x-request-id"]
        assert serving.n_logged == 0

    @pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
    def test_a_key_opens_its_scope_and_no_other(self, client, key, row, header):
        """One that predicts cannot read what others asked."""
        secret = key(KeyScope.PREDICT).secret
        shown = {header: f"Bearer {secret}" if header == "Authorization" else secret}

        predicted = client.post("/v1/predict", json={"features": row}, headers=shown)
        prediction_id = predicted.json()["prediction_id"]
        read = client.get(f"/v1/predictions/{prediction_id}", headers=shown)
        labelled = client.post(
            "/v1/labels", json={"prediction_id": prediction_id, "label": "Yes"}, headers=shown
        )

        assert predicted.status_code == 200
        assert (read.status_code, labelled.status_code) == (403, 403)
        assert read.json()["type"] == "urn:holdfast:problem:missing-scope"
        assert "scope 'label'" in labelled.json()["detail"]
        assert 'error="insufficient_scope"' in labelled.headers["www-authenticate"]

    def test_a_page_asks_its_reader_for_the_key(self, client, key):
        """A browser shows its dialogue if Basic is offered; the password is the key."""
        secret = key(KeyScope.READ).secret

        asked, shown = client.get("/"), client.get("/", auth=("anyone", secret))

        assert asked.status_code == 401
        assert asked.headers["www-authenticate"].startswith('Basic realm="holdfast"')
        assert shown.status_code == 200
        assert "text/html" in shown.headers["content-type"]

    def test_a_browsers_password_never_writes(self, client, key, row, serving):
        """It is sent along with whatever a foreign page makes the browser ask for."""
        secret = key(KeyScope.ADMIN).secret

        response = client.post("/v1/predict", json={"features": row}, auth=("anyone", secret))

        assert response.status_code == 401
        assert serving.n_logged == 0

    @pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/static/holdfast.css"])
    def test_probes_and_assets_are_open(self, client, key, path):
        """A supervisor has no key, and a style sheet no secret."""
        key(KeyScope.READ)

        assert client.get(path).status_code == 200

    @pytest.mark.parametrize("path", ["/v1/nope", "/admin", "//v1/predict"])
    def test_what_there_is_not_is_no_way_round(self, client, key, path):
        """Nor does a stranger learn which addresses there are."""
        key(KeyScope.READ)

        assert (client.get(path).status_code, client.post(path).status_code) == (401, 401)

    def test_no_answer_and_no_log_has_a_secret(self, client, serving, key, failing, row):
        """Neither of a good key nor of a wrong one, also where everything fails."""
        good, expired = key(KeyScope.PREDICT), key(KeyScope.READ, lifetime=timedelta(seconds=1))
        serving.clock.advance(timedelta(days=1))
        wrong = good.secret[:-6] + "AAAAAA"
        secrets = [made[16:] for made in (good.secret, expired.secret, wrong)]
        failing(serving.store.predictions, "append", RuntimeError("unforeseen"))

        with capture_logs() as logs:
            answers = [
                client.post("/v1/predict", json={"features": row}, headers=bearer(secret))
                for secret in (good.secret, expired.secret, wrong)
            ]

        assert [answer.status_code for answer in answers] == [500, 401, 401]
        said = str(logs) + "".join(answer.text + str(answer.headers) for answer in answers)
        assert not any(secret in said for secret in secrets)
        assert good.key.secret_digest not in said

    def test_a_mounted_application_is_guarded_as_well(self, serving, key, row):
        """Below a path of another application the same routes need the same scopes."""
        secret = key(KeyScope.PREDICT).secret
        outer = Starlette(routes=[Mount("/models/churn", serving.client().app)])
        client = TestClient(outer, base_url="http://localhost")

        bare = client.get("/models/churn/v1/model")
        probe = client.get("/models/churn/health/live")
        wrong = client.get("/models/churn/v1/model", headers=bearer(secret))

        assert (bare.status_code, probe.status_code, wrong.status_code) == (401, 200, 403)


class TestOtherMachines:
    @pytest.mark.parametrize(
        ("peer", "status"),
        [("10.0.0.7", 403), ("fe80::1%eth0", 403), ("127.0.0.1", 200), ("::ffff:127.0.0.1", 200)],
    )
    def test_are_turned_away_without_keys_whatever_they_call_it(self, serving, peer, status):
        """A program can write any Host; what it cannot choose is where it connects from."""
        with serving.client() as client:
            there = TestClient(client.app, base_url="http://localhost", client=(peer, 5000))

            assert there.get("/v1/model").status_code == status

    def test_are_heard_with_keys(self, serving):
        """Then the key tells who asks."""
        key = grant(serving.store.keys, serving.clock, scopes=(KeyScope.READ,), actor="test")
        with serving.client(access=Access(exposed=True)) as client:
            there = TestClient(client.app, base_url="http://a.example", client=("10.0.0.7", 5000))

            assert there.get("/v1/model", headers=bearer(key.secret)).status_code == 200
            assert there.get("/v1/model").status_code == 401


class TestExposed:
    @pytest.fixture
    def client(self, serving):
        with serving.client(access=Access(exposed=True)) as client:
            yield client

    def test_it_answers_by_any_name_and_asks_for_a_key(self, client, serving, row):
        """Other machines know it by names that it does not know."""
        made = grant(serving.store.keys, serving.clock, scopes=(KeyScope.PREDICT,), actor="test")
        named = {"Host": "churn.example.org"}

        bare = client.post("/v1/predict", json={"features": row}, headers=named)
        keyed = client.post(
            "/v1/predict", json={"features": row}, headers=named | bearer(made.secret)
        )

        assert (bare.status_code, keyed.status_code) == (401, 200)


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}
