"""Every transport gives the same answers, problems and headers: the core is one."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.unit.serving.conftest import NOW, World

from holdfast.domain.errors import StoreUnavailableError
from holdfast.domain.keys import KeyScope, mint
from holdfast.integrations.asgi import mount_embedding
from holdfast.integrations.embedding import Embedding
from holdfast.integrations.flask import Service, blueprint_of
from holdfast.serving import ServingLimits, create_app
from holdfast.serving.work import OverloadedError, Work

ROW = {"tenure": 3, "charges": 70.5, "senior": False, "plan": "monthly"}
JSON = {"Content-Type": "application/json"}
LIMITS = ServingLimits(threads=2, max_body_bytes=2000, max_rows=2)
# These differ by nature: what the wire adds, and what stands in a set.
WIRE = {"content-length", "date", "server", "connection", "allow"}


@dataclass(frozen=True)
class Answer:
    """What came back, whoever brought it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def comparable(self):
        """All of it but random names and what the wire adds."""
        headers = {name: value for name, value in self.headers.items() if name not in WIRE}
        text = re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}", b"ID", self.body)
        return self.status, headers, text


@contextmanager
def served(world):
    """`holdfast serve` itself."""
    with TestClient(create_app(world.ports, LIMITS), base_url="http://localhost") as client:
        yield asking(client)


@contextmanager
def mounted(world):
    """Below a path of another ASGI application."""
    app = Starlette()
    mount_embedding(app, embedding(world), "/model")
    with TestClient(app, base_url="http://localhost/model") as client:
        yield asking(client)


def asking(client):
    def ask(method, path, *, body=None, headers=None):
        response = client.request(method, path, content=body, headers=headers)
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, found, response.content)

    return ask


@contextmanager
def in_flask(world):
    """Below a prefix of an application of Flask."""
    service = Service(embedding(world))
    app = Flask("shop")
    app.register_blueprint(blueprint_of(service, url_prefix="/model"))

    def ask(method, path, *, body=None, headers=None):
        response = app.test_client().open(
            f"/model{path}", method=method, data=body, headers=headers, base_url="http://localhost"
        )
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, found, response.data)

    try:
        yield ask
    finally:
        service.close()


def embedding(world):
    return Embedding(opening=lambda: nullcontext(world.ports), limits=LIMITS, auth="auto")


def posted(path, content, **headers):
    return {
        "method": "POST",
        "path": path,
        "body": content if isinstance(content, bytes) else json.dumps(content).encode(),
        "headers": {**JSON, "X-Request-Id": "trace-1", **headers},
    }


def got(path, **headers):
    return {"method": "GET", "path": path, "headers": {"X-Request-Id": "trace-1", **headers}}


ONE = posted("/v1/predict", {"features": ROW})
NAMED = posted("/v1/predict", {"features": ROW, "id": "order-1"})

# By name: the status, how the problem's type ends, and the requests, the last of which counts.
CASES = {
    "one row": (200, None, [ONE]),
    "rows": (200, None, [posted("/v1/predict", {"rows": [{"features": ROW}] * 2})]),
    "explained": (200, None, [posted("/v1/predict?explain=true", {"features": ROW})]),
    "the last of two": (
        200,
        None,
        [posted("/v1/predict?explain=maybe&explain=false", {"features": ROW})],
    ),
    "asked again": (200, None, [NAMED, NAMED]),
    "a label": (200, None, [posted("/v1/labels", {"prediction_id": "p", "label": "Yes"})]),
    "model": (200, None, [got("/v1/model")]),
    "status": (200, None, [got("/v1/status")]),
    "live": (200, None, [got("/health/live")]),
    "ready": (200, None, [got("/health/ready")]),
    "its head only": (200, None, [got("/health/ready") | {"method": "HEAD"}]),
    "another row, same id": (
        409,
        "request-conflict",
        [NAMED, posted("/v1/predict", {"features": ROW | {"tenure": 9}, "id": "order-1"})],
    ),
    "no JSON": (400, "bad-request", [posted("/v1/predict", b"{")]),
    "no body": (400, "bad-request", [posted("/v1/predict", b"")]),
    "foreign host": (403, "forbidden", [got("/v1/model", Host="evil.example")]),
    "foreign page": (
        403,
        "forbidden",
        [posted("/v1/predict", {"features": ROW}, Origin="https://evil.example")],
    ),
    "no such prediction": (404, "not-found", [got("/v1/predictions/nope")]),
    "no such address": (404, "not-found", [got("/v1/nope")]),
    "another method": (405, "method-not-allowed", [got("/v1/predict")]),
    "large body": (413, "request-entity-too-large", [posted("/v1/predict", b" " * 2001)]),
    "many rows": (
        413,
        "request-entity-too-large",
        [posted("/v1/predict", {"rows": [{"features": ROW}] * 3})],
    ),
    "a form": (
        415,
        "unsupported-media-type",
        [posted("/v1/predict", b"a=1", **{"Content-Type": "application/x-www-form-urlencoded"})],
    ),
    "compressed": (
        415,
        "unsupported-media-type",
        [posted("/v1/predict", b"{}", **{"Content-Encoding": "gzip"})],
    ),
    "no such feature": (
        422,
        "invalid-rows",
        [posted("/v1/predict", {"features": ROW | {"tenur": 1}})],
    ),
    "neither yes nor no": (
        422,
        "invalid-fields",
        [posted("/v1/predict?explain=maybe", {"features": ROW})],
    ),
    "no word of the target": (
        422,
        "invalid-label",
        [posted("/v1/labels", {"prediction_id": "p", "label": "perhaps"})],
    ),
}


@pytest.fixture
def world():
    """A project whose v1 is in production."""
    world = World()
    world.deploy("v1")
    return world


@pytest.fixture(params=[mounted, in_flask], ids=["mounted", "flask"])
def transport(request):
    """One that must answer as `holdfast serve` does."""
    return request.param


@pytest.fixture(params=[served, mounted, in_flask], ids=["served", "mounted", "flask"])
def any_transport(request):
    """Each of them."""
    return request.param


def last_answer(transport, requests):
    """Return the answer to the last request, in a world of its own."""
    world = World()
    world.deploy("v1")
    with transport(world) as ask:
        return [ask(**request) for request in requests][-1]


class TestSameAnswers:
    @pytest.mark.parametrize("name", CASES)
    def test_whoever_brings_them(self, transport, name):
        """Status, headers and body; a client need not know what it talks to."""
        status, slug, requests = CASES[name]

        expected = last_answer(served, requests)
        answer = last_answer(transport, requests)

        assert answer.status == status
        assert answer.comparable == expected.comparable
        assert answer.headers["x-request-id"] == "trace-1"
        if slug is not None:
            assert json.loads(answer.body)["type"] == f"urn:holdfast:problem:{slug}"

    def test_a_method_that_is_not_taken_is_told_which_is(self, any_transport, world):
        """In the Allow header, in whichever order."""
        with any_transport(world) as ask:
            wrong, also = ask("DELETE", "/v1/model"), ask("PUT", "/v1/predict", body=b"{}")

        assert (wrong.status, also.status) == (405, 405)
        assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD"}
        assert also.headers["allow"] == "POST"


class TestEveryTransport:
    def test_asked_again_it_logs_once(self, any_transport, world):
        """The same id with the same row gets the logged answer."""
        with any_transport(world) as ask:
            first, again = ask(**NAMED), ask(**NAMED)

        assert first.body == again.body
        assert world.n_logged == 1

    def test_a_prediction_is_found_again(self, any_transport, world):
        """By the id in its path, with the label that came later."""
        with any_transport(world) as ask:
            prediction_id = json.loads(ask(**ONE).body)["prediction_id"]
            ask(**posted("/v1/labels", {"prediction_id": prediction_id, "label": "Yes"}))
            found = ask("GET", f"/v1/predictions/{prediction_id}")

        assert json.loads(found.body)["label"] == "Yes"

    def test_names_requests_that_have_no_usable_name(self, any_transport, world):
        """Each its own."""
        with any_transport(world) as ask:
            ids = {ask("GET", "/health/live").headers["x-request-id"] for _ in range(2)}

        assert len(ids) == 2

    def test_without_a_champion_it_asks_to_come_back(self, any_transport):
        """A 503 with Retry-After; readiness says the same."""
        with any_transport(World()) as ask:
            answer, ready = ask(**ONE), ask("GET", "/health/ready")

        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert json.loads(answer.body)["type"] == "urn:holdfast:problem:no-champion"
        assert ready.status == 503

    def test_what_is_not_durable_is_not_answered(self, any_transport, world, monkeypatch):
        """A store that cannot write is a 503, whose words stay in the server."""

        def fail(*_args, **_kwargs):
            raise StoreUnavailableError("/secret/path: disk full")

        for method in ("append", "append_each"):
            monkeypatch.setattr(world.store.predictions, method, fail)

        with any_transport(world) as ask:
            answer = ask(**ONE)

        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert json.loads(answer.body)["type"] == "urn:holdfast:problem:unavailable"
        assert b"secret" not in answer.body

    def test_too_many_at_once_are_told_to_come_back(self, any_transport, world, monkeypatch):
        """The bound on what waits is one, not one for each transport."""

        def full(_work):
            raise OverloadedError

        monkeypatch.setattr(Work, "enter", full)

        with any_transport(world) as ask:
            answer = ask(**ONE)

        assert answer.status == 503
        assert json.loads(answer.body)["type"] == "urn:holdfast:problem:overloaded"

    def test_what_nobody_foresaw_is_answered_without_a_trace(
        self, any_transport, world, monkeypatch
    ):
        """The client gets a request id, and nothing else of it."""

        def fail(*_args, **_kwargs):
            raise RuntimeError("could not convert 'secret value'")

        monkeypatch.setattr(world.store.predictions, "get", fail)

        with any_transport(world) as ask:
            answer = ask("GET", "/v1/predictions/p")

        assert answer.status == 500
        assert json.loads(answer.body)["type"] == "urn:holdfast:problem:internal"
        assert b"secret" not in answer.body

    def test_asks_for_a_key_once_one_exists(self, any_transport, world):
        """And says which scope; probes are let through, and a key opens what it is for."""
        minted = mint(scopes=(KeyScope.PREDICT,), at=NOW)
        world.store.keys.add(minted.key, actor="test")
        key = {"Authorization": f"Bearer {minted.secret}"}

        with any_transport(world) as ask:
            without, live = ask(**ONE), ask("GET", "/health/live")
            shown = ask(**posted("/v1/predict", {"features": ROW}, **key))
            beyond = ask("GET", "/v1/model", headers=key)

        assert [one.status for one in (without, live, shown, beyond)] == [401, 200, 200, 403]
        assert without.headers["www-authenticate"] == 'Bearer realm="holdfast", scope="predict"'
        assert json.loads(beyond.body)["type"] == "urn:holdfast:problem:missing-scope"

    def test_counts_its_requests_by_route(self, any_transport, world):
        """By the template, never by the path that a client chose."""
        with any_transport(world) as ask:
            ask(**ONE)
            for path in ("/v1/predictions/a", "/v1/predictions/b", "/v1/elsewhere"):
                ask("GET", path)
            page = ask("GET", "/metrics")

        families = text_string_to_metric_families(page.body.decode())
        requests = next(f for f in families if f.name == "holdfast_http_requests")
        counted = {(s.labels["route"], s.labels["status"]): s.value for s in requests.samples}
        assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert counted == {
            ("/v1/predict", "200"): 1,
            ("/v1/predictions/{prediction_id}", "404"): 2,
            ("(none)", "404"): 1,
        }
