"""Which requests are counted, and under which name."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from holdfast.serving.measuring import Measured
from holdfast.serving.metrics import Metrics


async def receive():
    """Nothing comes."""
    return {}


async def send(_message):
    """Nobody listens."""


def counted(client):
    """Return the requests by route and status."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    requests = next(family for family in families if family.name == "holdfast_http_requests")
    return {(s.labels["route"], s.labels["status"]): s.value for s in requests.samples}


class TestMeasured:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/v1/predictions/abc", ("/v1/predictions/{prediction_id}", "404")),
            ("/static/holdfast.css", ("/static", "200")),
            ("/docs", ("/docs", "200")),
            ("/", ("/", "200")),
            ("/v1/predict", ("/v1/predict", "405")),
            ("/wp-login.php", ("(none)", "404")),
        ],
    )
    def test_a_route_is_named_by_its_template(self, client, path, expected):
        """A path is a client's to choose, and there is no end of them."""
        client.get(path)

        assert counted(client)[expected] == 1

    def test_what_is_turned_away_at_the_gate_is_counted(self, client):
        """An attack is to be seen as well."""
        client.get("/v1/model", headers={"Host": "evil.example"})

        assert counted(client)["(none)", "403"] == 1

    def test_a_request_without_an_answer_is_counted_as_such(self):
        """The connection ended before there was one."""
        metrics = Metrics()

        async def broken(_scope, _receive, _send):
            raise ConnectionError

        app = Measured(broken, metrics, {})

        with pytest.raises(ConnectionError):
            asyncio.run(app({"type": "http", "method": "GET"}, receive, send))

        requests = metrics.families()[0].samples
        assert [(s.labels["status"], s.value) for s in requests] == [("none", 1)]

    def test_what_is_no_request_is_passed_on(self):
        """The lifespan is no traffic."""
        metrics, seen = Metrics(), []

        async def app(scope, _receive, _send):
            seen.append(scope["type"])

        asyncio.run(Measured(app, metrics, {})({"type": "lifespan"}, receive, send))

        assert seen == ["lifespan"]
        assert metrics.families()[0].samples == []
