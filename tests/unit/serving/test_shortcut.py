"""Which requests do without the router, and that nobody can tell."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from holdfast.serving import create_app
from holdfast.serving.limits import ServingLimits
from holdfast.serving.shortcut import Shortcut


@pytest.fixture
def routed(client, monkeypatch):
    """Return the paths that come as far as the router."""
    seen = []
    router = client.app.router

    async def noting(scope, receive, send):
        seen.append(scope["path"])
        await router.app(scope, receive, send)

    monkeypatch.setattr(router, "middleware_stack", noting)
    return seen


class TestShortcut:
    def test_answers_what_writes_without_the_router(self, client, routed, row):
        """A router takes as long as to score and to log."""
        predicted = client.post("/v1/predict", json={"features": row})
        labelled = client.post("/v1/labels", json={"entity": "Ann", "label": "Yes"})

        assert (predicted.status_code, labelled.status_code) == (200, 200)
        assert predicted.headers["content-type"] == "application/json"
        assert predicted.headers["content-length"] == str(len(predicted.content))
        assert routed == []

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/predict", 405),
            ("OPTIONS", "/v1/predict", 405),
            ("POST", "/v1/predict/", 307),
            ("POST", "/V1/predict", 404),
            ("GET", "/v1/model", 200),
        ],
    )
    def test_leaves_all_else_to_it(self, client, routed, method, path, status):
        """It knows one method and one path of each."""
        response = client.request(method, path, follow_redirects=False)

        assert (response.status_code, routed) == (status, [path])

    def test_reads_the_query(self, client, row):
        """As the router hands it on."""
        response = client.post("/v1/predict?explain=true", json={"features": row})

        assert response.json()["explanation"].keys() == row.keys()

    def test_is_counted_under_the_same_name(self, client, row):
        """The figures of a route do not depend on the way to it."""
        client.post("/v1/predict", json={"features": row})
        client.post("/v1/predict", json={})

        families = text_string_to_metric_families(client.get("/metrics").text)
        requests = next(family for family in families if family.name == "holdfast_http_requests")
        assert {
            (sample.labels["route"], sample.labels["status"]): sample.value
            for sample in requests.samples
        } == {("/v1/predict", "200"): 1, ("/v1/predict", "422"): 1}

    def test_is_found_where_the_application_is_mounted(self, serving):
        """The path then begins with where that is."""
        app = create_app(serving.ports, ServingLimits())
        passed = []

        async def behind(scope: Any, _receive: Any, _send: Any) -> None:
            passed.append(scope["path"])

        shortcut: Any = Shortcut(behind, server=app.state.server, operations=())
        scope = {"type": "http", "method": "POST", "path": "/churn/v1/predict"}
        asyncio.run(shortcut({**scope, "root_path": "/churn"}, None, None))

        assert passed == ["/churn/v1/predict"]
