"""Histories whose drift is known, played through the whole loop by the published command."""

from __future__ import annotations

import json

import pytest
from tests.harness import run

pytestmark = pytest.mark.slow

WINDOW_KEYS = {
    "start", "end", "n", "roc_auc", "brier", "log_loss", "accuracy", "model_version", "alerts",
    "decision", "reasons",
}  # fmt: skip
MEANS = {"mean_roc_auc", "mean_brier", "mean_log_loss", "mean_accuracy"}
COUNTS = {"retrains", "promotions", "alerts", "fits", "cpu_seconds"}
PEERS_EVERY_WINDOW = 0.804  # mean ROC AUC of retraining each window on all mature rows


@pytest.fixture(scope="module")
def injected(data_folder, tmp_path_factory):
    """Rainfall whose features were disturbed from row 12,000 on."""
    file = data_folder / "noaa_rainfall_injected" / "rainfall_data.csv.gz"
    return replayed(file, "rain", tmp_path_factory.mktemp("injected"))


@pytest.fixture(scope="module")
def control(data_folder, tmp_path_factory):
    """The same weather, undisturbed."""
    file = data_folder / "noaa_weather_nse" / "weather.csv"
    return replayed(file, "target", tmp_path_factory.mktemp("control"))


class TestADriftAtAKnownRow:
    def test_is_answered_by_a_retraining_that_mends_it(self, injected):
        """The model breaks at row 12,000; the very next window is scored by another one."""
        by_start = {window["start"]: window for window in injected["windows"]}

        before = by_start[11_000]["roc_auc"]
        assert by_start[12_000]["roc_auc"] < before - 0.2, "the drift does harm"
        assert by_start[12_000]["decision"] == "retrain"
        assert any("ROC AUC fell" in reason for reason in by_start[12_000]["reasons"])
        assert by_start[13_000]["model_version"] != by_start[12_000]["model_version"]
        late = [w["roc_auc"] for start, w in by_start.items() if start >= 15_000]
        assert late
        assert min(late) >= 0.70

    def test_costs_few_retrainings(self, injected):
        """As good as retraining each window, nearly, for a fifth of its retrainings."""
        summary = injected["summary"]

        assert summary["mean_roc_auc"] >= 0.77
        assert summary["retrains"] <= 5
        assert summary["mean_roc_auc"] > summary["policies"]["never"]["mean_roc_auc"] + 0.05

    def test_beside_every_window_as_others_measured_it(self, injected):
        """The yardstick is the published one: logistic regression on all mature rows."""
        every = injected["summary"]["policies"]["every_window"]

        assert every["retrains"] == len(injected["windows"]) == 15
        assert abs(every["mean_roc_auc"] - PEERS_EVERY_WINDOW) <= 0.005


class TestAHistoryWithoutInjectedDrift:
    def test_gains_over_never_and_leaves_the_model_mostly_alone(self, control):
        """A season is no reason to retrain each month: three new models in fifteen windows."""
        summary = control["summary"]
        never = summary["policies"]["never"]

        assert summary["mean_roc_auc"] >= never["mean_roc_auc"]
        assert summary["mean_brier"] <= never["mean_brier"]
        assert summary["promotions"] <= summary["retrains"] <= 3


class TestTheJson:
    @pytest.mark.parametrize("name", ["injected", "control"])
    def test_has_the_keys_that_other_tools_read(self, name, request):
        """Other tools compare these files: keys, ends exclusive, every policy alike."""
        played = request.getfixturevalue(name)
        windows, summary = played["windows"], played["summary"]

        assert set(played) == {"schema_version", "windows", "summary"}
        assert all(set(window) == WINDOW_KEYS for window in windows)
        assert [(w["start"], w["end"]) for w in windows] == [
            (start, start + 1000) for start in range(3000, 18_000, 1000)
        ]
        assert set(summary) == {*MEANS, *COUNTS, "policies"}
        assert {"never", "every_window", "every_window_competing"} < set(summary["policies"])
        assert all(set(policy) == {*MEANS, *COUNTS} for policy in summary["policies"].values())
        assert summary["retrains"] == sum(w["decision"] == "retrain" for w in windows)


def replayed(file, target, folder):
    done = run(
        "replay", file, "--target", target,
        "--window", 1000, "--label-delay", 1, "--json", "out.json", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    def refuse(number):
        raise AssertionError(f"{number} is not JSON")

    return json.loads((folder / "out.json").read_text(), parse_constant=refuse)
