"""What a process counts of its own work."""

from __future__ import annotations

import threading

from holdfast.domain.predictions import LabelCounts, LabelFate
from holdfast.serving.cells import Tally
from holdfast.serving.metrics import Metrics


def figures(metrics):
    """Return every figure by name, suffix and labels."""
    return {
        (family.name + sample.suffix, *sample.labels.items()): sample.value
        for family in metrics.families()
        for sample in family.samples
    }


class TestMetrics:
    def test_counts_requests_by_method_route_and_status(self):
        """And times them by route."""
        metrics = Metrics()
        metrics.answered("GET", "/v1/model", "200", 0.004)
        metrics.answered("GET", "/v1/model", "503", 0.2)

        found = figures(metrics)

        route = (("method", "GET"), ("route", "/v1/model"))
        assert found["holdfast_http_requests_total", *route, ("status", "503")] == 1
        assert found["holdfast_http_request_duration_seconds_bucket", *route, ("le", "0.005")] == 1
        assert found["holdfast_http_request_duration_seconds_count", *route] == 2

    def test_a_method_of_a_clients_own_making_is_no_label(self):
        """Else anyone could fill the memory with names."""
        metrics = Metrics()
        for number in range(100):
            metrics.answered(f"X{number}", "/v1/model", "405", 0.001)

        requests = [key for key in figures(metrics) if key[0] == "holdfast_http_requests_total"]

        assert [dict(key[1:])["method"] for key in requests] == ["other"]

    def test_counts_rows_and_times_commits(self):
        """A commit of answers given again logs no row, but is one."""
        metrics = Metrics()
        metrics.committed(0.003, n_rows=5)
        metrics.committed(0.3, n_rows=0)

        found = figures(metrics)

        assert found["holdfast_predictions_logged_total",] == 5
        assert found["holdfast_commit_duration_seconds_count",] == 2
        assert found["holdfast_commit_duration_seconds_bucket", ("le", "0.005")] == 1

    def test_counts_labels_by_fate(self):
        """Every fate stands there from the start, so that a rate can be taken of it."""
        metrics = Metrics()
        metrics.labelled(LabelCounts(accepted=2, orphan=1))
        metrics.labelled(LabelCounts(accepted=1))

        found = figures(metrics)

        labels = {dict(key[1:])["fate"]: n for key, n in found.items() if "labels" in key[0]}
        assert labels == dict.fromkeys(LabelFate, 0) | {"accepted": 3, "orphan": 1}

    def test_counts_what_shadows_did(self):
        """A worker that takes the place of another goes on from its counts, as with the rest."""
        tally = Tally()
        Metrics(tally).shadowed("scored", 5)
        Metrics(tally).shadowed("scored", 2)

        found = figures(Metrics(tally))

        rows = {dict(key[1:])["fate"]: n for key, n in found.items() if "shadow_rows" in key[0]}
        assert rows == {"scored": 7, "dropped": 0}

    def test_loses_nothing_between_threads(self):
        """Requests are answered in many."""
        metrics = Metrics()

        def count():
            for _ in range(500):
                metrics.answered("GET", "/", "200", 0.001)
                metrics.committed(0.001, n_rows=1)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = figures(metrics)
        assert found["holdfast_predictions_logged_total",] == 2000
        assert sum(n for key, n in found.items() if key[0].endswith("requests_total")) == 2000
