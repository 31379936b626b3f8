"""The mount, and its life within that of the application; answers are in the contract tests."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from holdfast.domain.errors import NoStoreError
from holdfast.integrations.asgi import mount_embedding

LOCAL = "http://localhost"


class TestMount:
    def test_stands_beside_routes_of_fastapi(self, project, row):
        """The application's own routes and documentation are as they were."""
        app = FastAPI()

        @app.get("/hello")
        async def hello():
            return {"hello": "world"}

        mount_embedding(app, project.embedding(), "/model")

        with TestClient(app, base_url=LOCAL) as client:
            answer = client.post("/model/v1/predict", json={"features": row})
            own = client.get("/hello")
            paths = client.get("/openapi.json").json()["paths"]
            pages = [client.get(f"/model{page}").status_code for page in ("/", "/docs", "/metrics")]

        assert answer.json()["decision"] == "Yes"
        assert own.json() == {"hello": "world"}
        assert list(paths) == ["/hello"]
        assert pages == [200, 200, 200]

    @pytest.mark.parametrize("path", ["", "/", "model", "/model/"])
    def test_a_path_that_cannot_be_mounted_at_is_refused(self, project, path):
        """At once, with one that can."""
        with pytest.raises(ValueError, match="'/holdfast'"):
            mount_embedding(Starlette(), project.embedding(), path)

    def test_off_leaves_it_to_the_application(self, project, row):
        """Its own users have been judged before; it has whatever name it has."""
        app = Starlette()
        mount_embedding(app, project.embedding("off"), "/model")

        with TestClient(app, base_url="https://shop.example") as client:
            answer = client.post("/model/v1/predict", json={"features": row})

        assert answer.status_code == 200

    def test_keys_open_it_to_other_machines(self, project, row):
        """Its path is judged as it is seen below the mount."""
        secret = project.key()
        app = Starlette()
        mount_embedding(app, project.embedding(), "/model")

        with TestClient(app, base_url="https://shop.example") as client:
            body = {"features": row}
            without = client.post("/model/v1/predict", json=body)
            shown = client.post("/model/v1/predict", json=body, headers={"X-API-Key": secret})

        assert (without.status_code, shown.status_code) == (401, 200)


class TestLifespan:
    def test_the_applications_own_runs_inside(self, project):
        """It finds the model at work when it begins and until it has ended, and keeps its state."""
        seen = []

        @asynccontextmanager
        async def lifespan(_app):
            seen.append((project.n_opened, project.n_closed))
            yield {"greeting": "hello"}
            seen.append((project.n_opened, project.n_closed))

        async def greet(request):
            return JSONResponse(request.state.greeting)

        app = Starlette(lifespan=lifespan, routes=[Route("/", greet)])
        mount_embedding(app, project.embedding(), "/model")

        with TestClient(app, base_url=LOCAL) as client:
            greeting = client.get("/").json()

        assert greeting == "hello"
        assert seen == [(1, 0), (1, 0)]
        assert project.n_closed == 1

    def test_two_projects_in_one_application(self, project):
        """Each is opened and closed."""
        app = Starlette()
        for path in ("/churn", "/fraud"):
            mount_embedding(app, project.embedding(), path)

        with TestClient(app, base_url=LOCAL) as client:
            found = [client.get(f"{path}/v1/model").status_code for path in ("/churn", "/fraud")]

        assert found == [200, 200]
        assert (project.n_opened, project.n_closed) == (2, 2)

    def test_without_it_every_request_is_told_why(self, project, row):
        """A mount deeper in other mounts is not started by anybody."""
        app = Starlette()
        mount_embedding(app, project.embedding(), "/model")

        response = TestClient(app, base_url=LOCAL).post("/model/v1/predict", json={"features": row})

        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert "lifespan" in response.json()["detail"]
        assert project.n_opened == 0

    def test_what_cannot_be_opened_stops_the_start(self, project, tmp_path):
        """As `holdfast serve` would stop: with the error's own words."""
        project.failure = NoStoreError(tmp_path)
        app = Starlette()
        mount_embedding(app, project.embedding(), "/model")

        with pytest.raises(NoStoreError), TestClient(app, base_url=LOCAL):
            pytest.fail("it started")

        assert project.n_closed == 0
