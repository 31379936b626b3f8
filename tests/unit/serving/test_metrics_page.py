"""What Prometheus is told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from holdfast import __version__
from holdfast.domain.errors import StoreUnavailableError
from holdfast.loop.hold import LEASE
from holdfast.serving import metrics_page


@pytest.fixture
def scrape(client):
    """Read the page: figures by name, with their labels."""

    def read():
        response = client.get("/metrics")
        assert response.status_code == 200
        return {
            sample.name: (sample.labels, sample.value)
            for family in text_string_to_metric_families(response.text)
            for sample in family.samples
        }

    return read


class TestGetMetrics:
    def test_names_the_release_that_answers(self, scrape, client):
        """So that a dashboard can draw a line at each promotion."""
        found = scrape()

        release_id = client.get("/v1/model").json()["release_id"]
        assert found["holdfast_model_info"] == ({"version": "v1", "release_id": release_id}, 1)
        assert found["holdfast_model_loaded"] == ({}, 1)
        assert found["holdfast_release_refused"] == ({}, 0)
        assert found["holdfast_build_info"] == ({"version": __version__}, 1)

    def test_answers_without_a_model(self, world):
        """That there is none is worth an alert."""
        with world.client() as client:
            text = client.get("/metrics").text

        assert "\nholdfast_model_loaded 0\n" in text
        assert "holdfast_model_info{" not in text

    def test_tells_of_a_release_that_was_refused(self, scrape, serving):
        """The one before serves on, and nobody would notice."""
        serving.deploy("v2", bias=2.0, damaged="model.onnx")
        serving.champion.refresh()

        found = scrape()

        assert found["holdfast_release_refused"] == ({}, 1)
        assert found["holdfast_model_info"][0]["version"] == "v1"

    def test_counts_what_was_logged_and_labelled(self, scrape, client, row):
        """Rows, not requests; a repeated request logs none."""
        body = {"rows": [{"features": row, "id": "a"}, {"features": row}]}
        client.post("/v1/predict", json=body)
        client.post("/v1/predict", json={"features": row, "id": "a"})
        client.post("/v1/labels", json={"prediction_id": "unknown", "label": "Yes"})

        found, text = scrape(), client.get("/metrics").text

        assert found["holdfast_predictions_logged_total"] == ({}, 2)
        assert '\nholdfast_labels_total{fate="orphan"} 1\n' in text
        assert found["holdfast_commit_duration_seconds_count"][1] >= 2

    def test_counts_words_that_training_never_saw(self, scrape, client, row):
        """By feature: it is the contract that names them, not the client."""
        client.post("/v1/predict", json={"features": row | {"plan": "weekly"}})

        assert scrape()["holdfast_unseen_categories_total"] == ({"feature": "plan"}, 1)

    def test_shows_how_full_the_queue_is(self, scrape, client):
        """Depth and limit, so that an alert can compare them."""
        work = client.app.state.server.work
        work.enter()

        found = scrape()
        work.leave()

        assert found["holdfast_queue_depth"] == ({}, 1)
        assert found["holdfast_queue_limit"] == ({}, work.limit)

    def test_tells_when_the_last_control_tick_ended(self, scrape, serving):
        """
        A loop that died raises no alarm of its own. Nor does one whose every tick fails: it
        holds the lease at each of them, and comes to the end of none.
        """
        serving.store.leases.acquire(LEASE, holder="a", ttl=timedelta(minutes=1))
        before = scrape()
        serving.store.ticks.ticked()
        first = scrape()["holdfast_control_last_tick_timestamp_seconds"][1]
        serving.store.leases.pass_time(timedelta(seconds=20))
        serving.store.ticks.ticked()
        second = scrape()["holdfast_control_last_tick_timestamp_seconds"][1]

        assert "holdfast_control_last_tick_timestamp_seconds" not in before
        assert second - first == 20

    def test_tells_when_the_next_tick_is_to_begin(self, scrape, serving):
        """By what a loop that runs said; one that was stopped takes its word back."""
        at = datetime(2026, 3, 2, 12, tzinfo=UTC)
        serving.store.ticks.announce(at, holder="one/1")
        announced = scrape()["holdfast_control_next_tick_timestamp_seconds"][1]
        serving.store.ticks.announce(None, holder="one/1")

        assert announced == at.timestamp()
        assert "holdfast_control_next_tick_timestamp_seconds" not in scrape()

    def test_tells_whether_somebody_is_at_work(self, scrape, serving):
        """A long retraining renews its lease, and ends no tick for hours."""
        fence = serving.store.leases.acquire(LEASE, holder="a", ttl=timedelta(minutes=1))
        first = scrape()["holdfast_control_lease_timestamp_seconds"][1]
        serving.store.leases.pass_time(timedelta(seconds=20))
        serving.store.leases.renew(fence, ttl=timedelta(minutes=1))

        second = scrape()["holdfast_control_lease_timestamp_seconds"][1]

        assert second - first == 20

    def test_answers_while_the_store_is_away(self, scrape, serving, failing):
        """Then above all; what only the store knows is left out."""
        failing(serving.store.views, "loop_times", StoreUnavailableError("gone"))

        found = scrape()

        assert "holdfast_control_last_tick_timestamp_seconds" not in found
        assert "holdfast_model_info" in found

    def test_does_not_wait_for_a_store_that_hangs(self, scrape, serving, monkeypatch):
        """A scrape that times out loses every figure."""
        go_on = threading.Event()
        monkeypatch.setattr(metrics_page, "_STORE_SECONDS", 0.05)
        monkeypatch.setattr(serving.store.views, "loop_times", lambda: go_on.wait(5))

        found = scrape()
        go_on.set()

        assert "holdfast_model_info" in found
