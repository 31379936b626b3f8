"""`init` and `train` on every public data set here, as published: nothing is edited by hand.

In this process: to start twenty-two would take longer than what they do.
"""

from __future__ import annotations

import gzip
import json
from itertools import islice

import pytest
from tests.harness import NO_MIRROR
from typer.testing import CliRunner

from holdfast.cli.app import app

pytestmark = pytest.mark.slow

N_LINES = 2_001  # of each file; enough to learn something, and few enough for eleven sets

# folder: what is named on the command line, target, options, dropped, suspected
SETS = {
    "telco_ibm": ("Telco-Customer-Churn.csv", "Churn", [], ["customerID"], []),
    "cell2cell": ("cell2celltrain.csv.gz", "Churn", [], ["CustomerID"], []),
    "churn_bigml": (".", "Churn", [], [], []),
    "bank_marketing": ("bank-additional-full.csv.gz", "y", [], None, ["duration"]),
    "elec2": ("electricity.csv.gz", "class", [], ["vicprice", "vicdemand", "transfer"], []),
    "noaa_rainfall_injected": ("rainfall_data.csv.gz", "rain", [], [""], []),
    "noaa_weather_nse": ("weather.csv", "target", [], [], []),
    "sea_concepts": (
        "SEA_training_data.csv",
        "class",
        ["--no-header", "--labels", "SEA_training_class.csv"],
        [],
        [],
    ),
    "circle_known_drift": ("dataCircleGSev3Sp3Train.csv", "c3", ["--no-header"], [], []),
    "default_credit_card_uci": (
        "UCI_Credit_Card.csv.gz",
        "default.payment.next.month",
        [],
        ["ID"],
        [],
    ),
    "german_credit": ("german.csv", "credit", [], [], []),
}


def cut(source, target):
    """Copy a folder's tables, the first lines of each."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.name.endswith((".csv", ".csv.gz")):
            opener = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rb") as whole, opener(target / path.name, "wb") as head:
                head.writelines(islice(whole, N_LINES))


def ok(*words):
    """Run a command that succeeds, and return what it says."""
    done = CliRunner().invoke(app, list(words), env=NO_MIRROR)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("folder", SETS)
class TestEverySet:
    def test_trains_without_hand_editing(self, folder, data_folder, tmp_path, monkeypatch):
        """From the published bytes to a champion, by two commands and no editor."""
        file, target, options, dropped, suspected = SETS[folder]
        cut(data_folder / folder, tmp_path / "data")
        monkeypatch.chdir(tmp_path / "data")

        said = ok("init", file, "--target", target, *options, "--dir", ".")
        trained = json.loads(ok("train", "--json"))

        named = [line for line in said.splitlines() if line.startswith("  dropped ")]
        if dropped is not None:
            assert [line.split("'")[1] for line in named] == dropped
        assert list(trained["suspects"]) == suspected
        assert all(f"note: '{name}' alone " in said for name in suspected)
        assert trained["champion"] == trained["version"] == "v1"
        assert 0.4 < trained["metrics"]["roc_auc"] <= 1.0


def test_every_folder_has_its_line(data_folder):
    """A set that is added is tried, too."""
    assert {folder.name for folder in data_folder.iterdir() if folder.is_dir()} == set(SETS)
