"""The blueprint, and when it opens its project; what it answers is in the contract tests."""

from __future__ import annotations

import io
import json
import os
import runpy
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from flask import Flask
from structlog.testing import capture_logs
from tests.harness import await_that
from werkzeug.serving import make_server

from holdfast.domain.errors import MissingExtraError, NoStoreError, StoreUnavailableError
from holdfast.integrations import flask as integration
from holdfast.integrations.embedding import Embedding
from holdfast.integrations.flask import Service, blueprint_of
from holdfast.serving import ServingLimits

JSON = {"Content-Type": "application/json"}
LOCAL = "http://localhost"


@pytest.fixture
def shop(project):
    """Make an application around the project."""
    services = []

    def make(auth="auto", **limits):
        service = Service(project.embedding(auth, **limits))
        services.append(service)
        app = Flask("shop")
        app.register_blueprint(blueprint_of(service, url_prefix="/model"))

        @app.get("/")
        def home():
            return "the shop's own"

        return app

    yield make
    for service in services:
        service.close()


def predict(app, row, **kwargs):
    options = {"base_url": LOCAL, **kwargs}
    return app.test_client().post("/model/v1/predict", json={"features": row}, **options)


class TestBlueprint:
    def test_answers_below_its_prefix_and_nowhere_else(self, shop, project, row):
        """The application's own routes and its own 404s are as they were."""
        app = shop()

        answer = predict(app, row)

        client = app.test_client()
        assert answer.get_json()["decision"] == "Yes"
        assert project.world.n_logged == 1
        assert client.get("/").text == "the shop's own"
        missing = client.get("/elsewhere")
        assert (missing.status_code, missing.mimetype) == (404, "text/html")

    def test_two_projects_stand_beside_each_other(self, project, row):
        """Under two names."""
        services = [Service(project.embedding()) for _ in range(2)]
        app = Flask("shop")
        for name, service in zip(("churn", "fraud"), services, strict=True):
            made = blueprint_of(service, name=name, url_prefix=f"/{name}")
            app.register_blueprint(made)

        answers = [
            app.test_client().get(f"/{name}/v1/model", base_url=LOCAL)
            for name in ("churn", "fraud")
        ]
        for service in services:
            service.close()

        assert [answer.status_code for answer in answers] == [200, 200]
        assert project.n_opened == project.n_closed == 2


class TestImport:
    def test_without_flask_it_says_what_to_install(self, monkeypatch):
        """In one line, as every command does whose extra is missing."""
        monkeypatch.setitem(sys.modules, "flask", None)

        with pytest.raises(MissingExtraError, match=r'pip install "holdfast\[flask\]"'):
            runpy.run_path(integration.__file__)


class TestOpening:
    def test_nothing_is_opened_before_the_first_request(self, shop, project, row):
        """A server forks its workers after it has loaded the application."""
        app = shop()
        before = project.n_opened
        predict(app, row)
        predict(app, row)

        assert (before, project.n_opened) == (0, 1)

    def test_is_opened_once_however_many_ask(self, shop, project, row):
        """The first requests of a threaded server come together."""
        app = shop()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: predict(app, row), range(16)))

        assert {answer.status_code for answer in answers} == {200}
        assert project.n_opened == 1
        assert project.world.n_logged == 16

    def test_is_opened_anew_after_a_fork(self, project, monkeypatch):
        """Its threads stay behind, and so would every request that waits for them."""
        service = Service(project.embedding())
        of_parent, parent = service.opened(), os.getpid()
        with monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: parent + 1)
            of_child = service.opened()
            again = service.opened()
            service.close()

        assert of_child is again
        assert of_child is not of_parent
        assert (project.n_opened, project.n_closed) == (2, 1)
        of_parent.stack.close()

    def test_a_child_closes_nothing_of_its_parent(self, project, monkeypatch):
        """It would wait for threads that it does not have."""
        service = Service(project.embedding())
        opened, parent = service.opened(), os.getpid()
        with monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: parent + 1)
            service.close()

        assert project.n_closed == 0
        opened.stack.close()

    def test_what_cannot_be_opened_is_tried_again(self, shop, project, row):
        """The store may be back at the next request."""
        app = shop()
        project.failure = StoreUnavailableError("/secret/path is gone")
        away = predict(app, row)
        project.failure = None
        back = predict(app, row)

        assert (away.status_code, back.status_code) == (503, 200)
        assert away.headers["Retry-After"] == "1"
        assert "secret" not in away.text

    def test_why_it_cannot_be_opened_is_for_the_log(self, shop, project, row, tmp_path):
        """A client can only come back; whoever runs the application can train."""
        app = shop()
        project.failure = NoStoreError(tmp_path / "holdfast.db")

        with capture_logs() as logs:
            answer = predict(app, row)

        assert answer.status_code == 503
        assert "holdfast.db" not in answer.text
        entry = next(log for log in logs if log["event"] == "project_not_opened")
        assert "holdfast train" in entry["problem"]

    def test_those_who_waited_for_a_try_that_failed_are_told_so(self, project):
        """Each with a try of its own, the last would wait as often as there are threads."""
        tries, go_on = [], threading.Event()

        def hang():
            tries.append(1)
            go_on.wait(5)
            raise StoreUnavailableError("gone")

        embedding = Embedding(opening=hang, limits=ServingLimits(), auth="auto")
        service = Service(embedding)
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(service.opened)
            await_that(lambda: bool(tries), "a try begins")
            others = [pool.submit(service.opened) for _ in range(3)]
            await_that(lambda: all(other.running() for other in others), "the others wait")
            go_on.set()
            errors = [one.exception() for one in (first, *others)]

        assert {type(error) for error in errors} == {StoreUnavailableError}
        assert len(tries) < 4

    def test_closing_ends_what_was_opened(self, project, row):
        """The refresher's thread, the pool's and the store; once."""
        service = Service(project.embedding())
        server = service.opened().server

        service.close()
        service.close()

        assert (project.n_opened, project.n_closed) == (1, 1)
        assert not server.refresher.alive

    def test_what_was_never_opened_is_closed_without_a_word(self, project):
        """An application that was only loaded, as by a migration."""
        Service(project.embedding()).close()

        assert project.n_closed == 0


class TestAccess:
    def test_off_leaves_it_to_the_application(self, shop, row):
        """Its own users have been judged before; it has whatever name it has."""
        answer = predict(shop("off"), row, base_url="https://shop.example")

        assert answer.status_code == 200

    def test_without_keys_only_this_machine_may_ask(self, shop, row):
        """Nobody opens a model to the world by registering a blueprint."""
        answer = predict(shop(), row, base_url="https://shop.example")

        assert answer.status_code == 403

    def test_with_a_key_any_machine_may(self, shop, project, row):
        """If it shows the key."""
        secret = project.key()
        app = shop()

        without = predict(app, row, base_url="https://shop.example")
        bearer = {"Authorization": f"Bearer {secret}"}
        shown = predict(app, row, base_url="https://shop.example", headers=bearer)

        assert (without.status_code, shown.status_code) == (401, 200)
        assert without.get_json()["type"] == "urn:holdfast:problem:key-needed"
        assert "WWW-Authenticate" in without.headers


class TestBehindAServer:
    @pytest.fixture
    def url(self, shop):
        """A real, threaded server of the application."""
        server = make_server("127.0.0.1", 0, shop(max_body_bytes=2000), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.port}/model"
        server.shutdown()
        thread.join()
        server.server_close()

    def test_requests_at_the_same_time_are_each_answered(self, url, project, row):
        """By the one event loop that all threads of the server share."""
        with httpx2.Client(base_url=url, trust_env=False) as client:

            def ask(number):
                body = {"features": row | {"tenure": number}, "entity": str(number)}
                return client.post("/v1/predict", json=body).json()["prediction_id"]

            with ThreadPoolExecutor(8) as pool:
                ids = list(pool.map(ask, range(40)))

        logged = [project.world.store.predictions.get(prediction_id) for prediction_id in ids]
        assert [one.features["tenure"] for one in logged] == list(range(40))

    def test_bodies_in_pieces_are_read(self, url, row):
        """Without a Content-Length, up to the same bound."""
        with httpx2.Client(base_url=url, trust_env=False) as client:
            body = json.dumps({"features": row}).encode()
            small = client.post("/v1/predict", content=iter([body[:9], body[9:]]), headers=JSON)
            large = client.post("/v1/predict", content=iter([b" " * 1500] * 2), headers=JSON)

        assert (small.status_code, large.status_code) == (200, 413)

    def test_a_head_has_no_body(self, url):
        """And the headers of the GET."""
        with httpx2.Client(base_url=url, trust_env=False) as client:
            response = client.head("/health/ready")

        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-type"] == "application/json"


class TestBodies:
    def test_a_body_without_a_length_is_bounded(self, shop):
        """It is watched while it arrives."""
        app = shop(max_body_bytes=100)

        response = app.test_client().post(
            "/model/v1/predict",
            base_url=LOCAL,
            headers=JSON,
            input_stream=io.BytesIO(b" " * 200_000),
            environ_overrides={"wsgi.input_terminated": True},
        )

        assert response.status_code == 413
        assert "larger than 100 bytes" in response.get_json()["detail"]

    def test_the_applications_own_bound_is_a_problem_report_too(self, shop, row):
        """Whichever is the smaller one."""
        app = shop()
        app.config["MAX_CONTENT_LENGTH"] = 10

        response = predict(app, row)

        assert response.status_code == 413
        assert response.mimetype == "application/problem+json"
