"""The log that measures is the log that it measures."""

from __future__ import annotations

import pytest

from holdfast.domain.errors import RequestConflictError, StoreUnavailableError
from holdfast.serving.metrics import Metrics
from holdfast.serving.timed_log import TimedLog
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.fakes import InMemoryStore
from holdfast.testing.suites import PredictionLogSuite

CONTRACT = example_contract()


def figures(metrics):
    """Return commits and rows."""
    found = {
        family.name + sample.suffix: sample.value
        for family in metrics.families()
        for sample in family.samples
    }
    return (
        found["holdfast_commit_duration_seconds_count"],
        found["holdfast_predictions_logged_total"],
    )


@pytest.fixture
def store():
    return InMemoryStore()


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def log(store, metrics):
    return TimedLog(store.predictions, metrics)


class TestTimedLog:
    def test_counts_the_rows_that_are_new(self, log, metrics):
        """A request that is repeated is answered, and logs nothing."""
        log.prepare(CONTRACT)
        log.append(CONTRACT, *example_rows(3, request_ids=["a"]))
        log.append(CONTRACT, *example_rows(1, request_ids=["a"]))

        assert figures(metrics) == (2, 3)

    def test_does_not_count_what_failed(self, log, metrics, store, monkeypatch):
        """Its time would say nothing of the disk."""

        def fail(*_args, **_kwargs):
            raise StoreUnavailableError("gone")

        for method in ("append", "append_each"):
            monkeypatch.setattr(store.predictions, method, fail)

        with pytest.raises(StoreUnavailableError):
            log.append(CONTRACT, *example_rows(1))
        assert figures(metrics) == (0, 0)

    def test_refuses_what_the_log_refuses(self, log, metrics):
        """With the log's own error."""
        log.prepare(CONTRACT)
        log.append(CONTRACT, *example_rows(1, request_ids=["a"]))
        requests, predictions = example_rows(2, request_ids=["b", "a"])

        with pytest.raises(RequestConflictError):
            log.append(CONTRACT, requests, predictions)
        assert figures(metrics)[1] == 1


class TestContract(PredictionLogSuite):
    """It is a prediction log like any other."""

    @pytest.fixture
    def ledger(self, store):
        return store.labels
