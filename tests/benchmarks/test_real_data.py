"""The benchmark on real data itself: one small set, and the page."""

from __future__ import annotations

import json

import pytest
from benchmarks.real_data import (
    PAGE,
    RESULT,
    SETS,
    _parity,
    compared,
    drawn_again,
    filled,
    result_of,
    table,
)
from benchmarks.real_data_peers import PEERS

from benchmarks import real_data
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.cli.opening import training_data
from holdfast.loop.develop import develop
from holdfast.policy.thresholds import FBeta
from holdfast.settings import settings_for

INTERVAL = {"value": 0.8, "low": 0.7, "high": 0.9}


@pytest.fixture(scope="module")
def german(data_folder, tmp_path_factory):
    """The smallest set: its settings as `init` would write them, and its rows."""
    settings = settings_for(
        tmp_path_factory.mktemp("german"),
        data={
            "path": data_folder / SETS["german_credit"].file,
            "target": SETS["german_credit"].target,
            "positive": "2",
        },
    )
    return settings, training_data(settings, None)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    """Trainers that need no child process: it takes a second to start."""
    monkeypatch.setattr(real_data, "trainers_of", lambda _: (LogisticRegressionTrainer(),))


def reported(rows, *, seed):
    """What `train` says of the tested model."""
    return develop(
        rows.features,
        rows.labels,
        feature_specs=rows.feature_specs,
        target=rows.target,
        data_digest=rows.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=FBeta(),
        seed=seed,
        ordered=False,
    ).metrics.figures["roc_auc"]


def row(*, high=0.01, seconds=10.0):
    """What was found of one data set."""
    peer = {"roc_auc": 0.8, "ours_better_by": -0.02, "low": -0.05, "high": high}
    return {
        "rows": 1000,
        "features": 20,
        "test_rows": 200,
        "trainer": "xgboost",
        **dict.fromkeys(("roc_auc", "pr_auc", "recall", "each_row_held_out_once"), INTERVAL),
        "threshold": 0.3,
        "onnx_difference": 3e-8,
        "init_seconds": 1.0,
        "train_seconds": seconds,
        "serve_seconds": 1.0,
        "peers": {name: {**peer, "fit_seconds": 0.1} for name in PEERS},
    }


def drawn(mean=0.85):
    one = {"mean": mean, "least": 0.8, "greatest": 0.9, "each": [mean]}
    return {"holdfast": one, **dict.fromkeys(PEERS, one)}


class TestCompared:
    def test_fits_the_peers_on_the_same_rows(self, german):
        """Each beside the model that `train` reported, with a paired interval."""
        settings, rows = german

        found = compared(rows, settings, "logistic_regression", reported(rows, seed=0))

        assert set(found) == set(PEERS)
        for one in found.values():
            assert 0.65 < one["roc_auc"] < 0.9
            assert one["low"] < one["ours_better_by"] < one["high"]
        # The same method on the same rows: they hardly differ.
        assert found["scikit-learn LogisticRegression"]["ours_better_by"] == pytest.approx(
            0, abs=0.02
        )

    def test_refuses_to_speak_of_another_model(self, german):
        """Whose ROC AUC is not the one that was reported."""
        settings, rows = german

        with pytest.raises(RuntimeError, match="another ROC AUC than `train` reported"):
            compared(rows, settings, "logistic_regression", reported(rows, seed=1))


class TestDrawnAgain:
    def test_draws_other_test_rows_each_time(self, german):
        """For ours and the peers alike; the mean lies between the ends."""
        settings, rows = german

        found = drawn_again(rows, settings, 2)

        assert set(found) == {"holdfast", *PEERS}
        for one in found.values():
            assert len(set(one["each"])) == 2
            assert one["least"] <= one["mean"] <= one["greatest"]


class TestParity:
    def test_is_read_from_the_card(self):
        """In its words; a card without it is no card of a release."""
        assert _parity("- export: repeats the trained model's scores to 3.1e-08\n") == 3.1e-8
        with pytest.raises(RuntimeError, match="does not say"):
            _parity("nothing")


class TestResult:
    @pytest.mark.parametrize(
        ("high", "seconds", "mean", "holds"),
        [
            (0.01, 10.0, 0.85, True),
            (-0.001, 10.0, 0.85, False),
            (0.01, 14.0, 0.85, False),
            (0.01, 10.0, 0.83, False),
        ],
    )
    def test_holds_if_no_peer_is_better_and_all_is_in_time(self, high, seconds, mean, holds):
        """A peer beyond the interval, a budget overrun, or Telco below its aim fails the run."""
        found = {name: row(high=high, seconds=seconds) for name in SETS}

        assert result_of(found, drawn(mean), seconds=100.0)["holds"] is holds

    def test_says_who_is_better_and_what_is_slow(self):
        """By name."""
        found = {name: row() for name in SETS} | {"telco_ibm": row(high=-0.01, seconds=20.0)}

        result = result_of(found, drawn(), seconds=100.0)

        assert result["beyond_budget"] == {"telco_ibm": 22.0}
        assert set(result["significantly_worse_than"]) == {f"telco_ibm: {peer}" for peer in PEERS}


class TestPage:
    def test_its_figures_are_those_of_the_published_run(self):
        """
        A page that was edited by hand, or a run that never reached it, would show here; and
        without a published run the page shows no figure.
        """
        page = PAGE.read_text(encoding="utf-8")
        if not RESULT.exists():
            assert filled(page, {}) == page
            return
        result = json.loads(RESULT.read_text(encoding="utf-8"))

        assert filled(page, result) == page
        assert set(result["sets"]) == set(SETS)

    def test_no_peer_is_better_beyond_the_interval(self):
        """In the published run; and its budgets held."""
        if not RESULT.exists():
            return
        result = json.loads(RESULT.read_text(encoding="utf-8"))

        assert result["significantly_worse_than"] == {}
        assert result["beyond_budget"] == {}
        assert result["holds"]

    def test_has_a_line_for_each_set_in_both_tables(self):
        """Ours, and beside the peers."""
        text = table(result_of({name: row() for name in SETS}, drawn(), seconds=1.0))

        assert all(text.count(f"| {name} |") == 2 for name in SETS)
        assert all(peer in text for peer in PEERS)
