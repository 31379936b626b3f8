"""Whether the server lives, may get traffic, and how the project stands."""

from __future__ import annotations

import threading

from holdfast.domain.errors import StoreUnavailableError
from holdfast.serving import health


class TestLive:
    def test_lives_without_a_model_or_a_store(self, world):
        """A restart would mend neither."""
        world.store_failure = StoreUnavailableError("gone")
        with world.client() as client:
            response = client.get("/health/live")

        assert (response.status_code, response.json()) == (200, {"status": "live"})


class TestReady:
    def test_is_ready_with_a_model_and_a_store_that_takes_writes(self, client):
        """Each check says in words what it found."""
        response = client.get("/health/ready")

        assert response.status_code == 200
        assert response.json()["checks"] == {
            "model": {"ok": True, "detail": "v1 answers."},
            "store": {"ok": True, "detail": "takes writes"},
            "queue": {"ok": True, "detail": "has room"},
        }

    def test_is_not_ready_without_a_model(self, world):
        """Traffic would only get 503s."""
        with world.client() as client:
            response = client.get("/health/ready")

        assert response.status_code == 503
        assert response.json()["checks"]["model"]["ok"] is False
        assert response.json()["checks"]["store"]["ok"] is True

    def test_names_the_release_that_could_not_be_loaded(self, world):
        """The first release may be corrupt: then there is nothing that could serve on."""
        world.deploy("v1", damaged="contract.json")
        with world.client() as client:
            response = client.get("/health/ready")

        assert response.status_code == 503
        assert "contract.json has another digest" in response.json()["checks"]["model"]["detail"]

    def test_is_not_ready_while_the_store_takes_no_writes(self, client, serving):
        """A full disk; the store's own words stay in the server."""
        serving.store_failure = StoreUnavailableError("/secret/path: disk full")

        response = client.get("/health/ready")

        assert response.status_code == 503
        assert response.json()["checks"]["store"] == {
            "ok": False,
            "detail": "takes no writes (StoreUnavailableError)",
        }

    def test_names_a_trouble_that_anybody_may_read(self, client, serving):
        """What to do about a full disk is another matter than what to do about a broken one."""
        serving.store_failure = StoreUnavailableError("/secret/path", trouble="the disk is full")

        response = client.get("/health/ready")

        found = response.json()["checks"]["store"]
        assert found == {"ok": False, "detail": "takes no writes: the disk is full"}

    def test_a_store_that_hangs_takes_no_writes(self, client, serving, monkeypatch):
        """A probe that waits for it would only time out, and say nothing."""
        go_on = threading.Event()
        monkeypatch.setattr(health, "_PROBE_SECONDS", 0.05)
        monkeypatch.setattr(serving, "hang", lambda: go_on.wait(5))

        response = client.get("/health/ready")
        go_on.set()

        assert response.status_code == 503
        assert response.json()["checks"]["store"] == {
            "ok": False,
            "detail": "took no write within 0.05 seconds",
        }

    def test_is_not_ready_while_its_queue_is_full(self, client):
        """Whatever came would be a 503; another server may have room."""
        work = client.app.state.server.work
        for _ in range(work.limit):
            work.enter()

        full = client.get("/health/ready")
        work.leave(work.limit)
        again = client.get("/health/ready")

        assert (full.status_code, again.status_code) == (503, 200)
        assert full.json()["checks"]["queue"] == {
            "ok": False,
            "detail": f"is full: {work.limit} of {work.limit} requests are under way",
        }

    def test_is_not_ready_once_the_refresher_has_ended(self, client, serving):
        """Without it a rollback would pass this server by."""
        client.app.state.server.refresher.stop()

        response = client.get("/health/ready")

        assert response.status_code == 503
        assert "refresher" in response.json()["checks"]["model"]["detail"]


class TestStatus:
    def test_tells_what_is_in_production_and_what_was_counted(self, client, row):
        """The store's figures, and this process's own beside them."""
        client.post("/v1/predict", json={"features": row})

        status = client.get("/v1/status").json()

        assert (status["champion"], status["previous"]) == ("v1", None)
        assert status["n_predictions_by_version"] == {"v1": 1}
        assert status["labels"] == {
            "accepted": 0,
            "late": 0,
            "duplicate": 0,
            "conflicting": 0,
            "orphan": 0,
            "forgotten": 0,
        }
        assert status["last_decision"] is None
        assert status["serving"]["n_rows"] == 1

    def test_a_store_that_is_away_is_a_503(self, client, serving, failing):
        """As everywhere else."""
        failing(serving.store.views, "status", StoreUnavailableError("gone"))

        response = client.get("/v1/status")

        assert response.status_code == 503
