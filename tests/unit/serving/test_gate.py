"""What every request passes: names, origins, and the last line against the unforeseen."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs


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
