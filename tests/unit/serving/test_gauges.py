"""How a worker stands, and how several stand together."""

from __future__ import annotations

import os
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from holdfast.serving import create_app, gauges
from holdfast.serving.commons import Bulletin, Commons, shared_memory
from holdfast.serving.gauges import gauge, of_all_workers, report_of, resident_bytes


@pytest.fixture
def pair():
    """Two workers' views of one memory."""
    descriptor = shared_memory(2)
    yield [Commons(descriptor, number=number, n_workers=2) for number in (1, 2)]
    os.close(descriptor)


@pytest.fixture
def clients(serving, pair):
    """Clients of two workers on one store."""
    apps = [create_app(serving.ports, commons=commons) for commons in pair]
    with (
        TestClient(apps[0], base_url="http://localhost") as first,
        TestClient(apps[1], base_url="http://localhost") as second,
    ):
        yield first, second


class TestSeveralWorkers:
    def test_any_of_them_tells_the_sum_and_each_ones_state(self, clients, row):
        """A scrape reaches one by chance; the truth must not depend on which."""
        first, second = clients
        first.post("/v1/predict", json={"rows": [{"features": row}] * 2})
        second.post("/v1/predict", json={"features": row | {"plan": "weekly"}})

        texts = [client.get("/metrics").text for client in clients]

        for text in texts:
            names = [family.name for family in text_string_to_metric_families(text)]
            assert len(names) == len(set(names)) > 10
            assert "\nholdfast_predictions_logged_total 3\n" in text
            assert '\nholdfast_unseen_categories_total{feature="plan"} 1\n' in text
            assert "\nholdfast_commit_duration_seconds_count 2\n" in text
            assert '\nholdfast_model_loaded{worker="1"} 1\n' in text
            assert '\nholdfast_model_loaded{worker="2"} 1\n' in text
            assert "\nholdfast_workers 2\n" in text
            assert "\nholdfast_workers_up 2\n" in text

    def test_the_status_counts_over_all_of_them(self, clients, row):
        """A person who looks twice must not see two numbers."""
        first, second = clients
        first.post("/v1/predict", json={"features": row})
        second.post("/v1/predict", json={"features": row})

        counted = [client.get("/v1/status").json()["serving"]["n_rows"] for client in clients]

        assert counted == [2, 2]

    def test_each_says_who_it_is_and_how_many_are_at_work(self, clients):
        """For a person who asks why one of them is not ready."""
        answers = [client.get("/health/ready").json() for client in clients]

        assert [answer["worker"] for answer in answers] == [1, 2]
        assert answers[0]["checks"]["workers"] == {"ok": True, "detail": "2 of 2 are at work"}
        assert clients[1].get("/health/live").json() == {"status": "live", "worker": 2}

    def test_one_without_a_model_makes_none_ready(self, clients, pair):
        """A request may reach it, whoever was asked whether all is well."""
        other = report_of(clients[1].app.state.server)
        pair[1].publish(Bulletin(pid=other.pid, at=other.at, is_ready=False, gauges=[]))

        response = clients[0].get("/health/ready")

        assert response.status_code == 503
        assert response.json()["checks"]["workers"] == {
            "ok": False,
            "detail": "2 of 2 are at work; not ready: 2",
        }


class TestOfAllWorkers:
    def test_tells_figures_apart_by_worker(self):
        """Under one heading each, as Prometheus demands."""
        reports = {
            number: Bulletin(
                pid=1, at=time.monotonic(), is_ready=True, gauges=[gauge("g", "G.", number, a="b")]
            )
            for number in (2, 1)
        }

        (family,) = of_all_workers(reports)

        assert [(one.labels, one.value) for one in family.samples] == [
            ({"a": "b", "worker": "1"}, 1),
            ({"a": "b", "worker": "2"}, 2),
        ]


class TestResidentBytes:
    def test_is_what_a_process_has_in_use(self):
        """More than an interpreter, less than a machine."""
        assert 2**23 < resident_bytes() < 2**36

    def test_is_the_peak_where_nothing_else_is_told(self, monkeypatch, tmp_path):
        """macOS has no /proc."""
        monkeypatch.setattr(gauges, "_STATM", tmp_path / "absent")

        assert 2**23 < resident_bytes() < 2**36
