"""The command that plays a history: by rows, by time, and a project's own."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import structlog
from typer.testing import CliRunner

from holdfast.cli.app import app
from holdfast.domain.errors import HoldfastError, InputError
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Label, Prediction, PredictionRequest, Role
from holdfast.loop.promote import promote
from holdfast.loop.register import register
from holdfast.settings import CONFIG_FILE, load_settings
from holdfast.testing.project import START, example_bundle, world_rows
from holdfast.wiring.control import open_control

DAY = timedelta(days=1)
TOML = """
[data]
target = "left"
[registry]
mlflow = ""
[monitor]
window = "2d"
label_maturity = "0d"
"""


@pytest.fixture(autouse=True)
def _own_logging():
    """What opening a project says about the log ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(name="history", scope="module")
def _history(tmp_path_factory):
    """1,400 rows over five weeks, one of them without a row."""
    table, labels = world_rows(1400, seed=3)
    weeks = np.repeat([0, 1, 2, 4, 5, 6, 7], 200)
    times = np.datetime64("2026-03-05T00", "s") + weeks * np.timedelta64(7, "D")
    times = times + np.tile(np.arange(200) * 3000, 7).astype("timedelta64[s]")
    rows = table.append_column("at", pa.array(times)).append_column(
        "left", pa.array(np.where(labels, "yes", "no").tolist())
    )
    file = tmp_path_factory.mktemp("history") / "rows.csv"
    pa_csv.write_csv(rows, file)
    return file


def run(*words):
    """Run the command in this process; an error of the house is the test's."""
    done = CliRunner().invoke(app, ["replay", *map(str, words)])
    if isinstance(done.exception, HoldfastError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


class TestAFile:
    def test_policies_stand_side_by_side(self, history, tmp_path):
        """The first is told of in full; the JSON has them all."""
        told = run(
            history, "--target", "left", "--window", 250, "--project", tmp_path, "--drop", "at",
            "--policy", "never", "--policy", "periodic:2", "--json", tmp_path / "out.json",
        )  # fmt: skip

        policies = json.loads((tmp_path / "out.json").read_text())["summary"]["policies"]
        assert list(policies) == ["never", "periodic:2", "every_window", "every_window_competing"]
        assert policies["periodic:2"]["retrains"] == 1
        assert "every_window_competing" in told
        assert "The first 750 rows train the first model; 2 windows follow" in told.replace(
            "\n", " "
        )

    def test_windows_may_be_lengths_of_time(self, history, tmp_path):
        """One without rows is told of."""
        told = run(
            history, "--target", "left", "--window", "7d", "--time", "at", "--policy", "never",
            "--project", tmp_path, "--json", tmp_path / "out.json",
            "--picture", tmp_path / "p.svg", "--html", tmp_path / "p.html",
        )  # fmt: skip

        windows = json.loads((tmp_path / "out.json").read_text())["windows"]
        assert [window["n"] for window in windows] == [0, 200, 200, 200, 200]
        assert "no rows" in told
        assert "1 of the windows are empty." in told.replace("\n", " ")
        assert "2026-03-26" in (tmp_path / "p.svg").read_text()
        assert "<table>" in (tmp_path / "p.html").read_text()

    def test_writes_the_files_to_play_by_hand(self, history, tmp_path):
        """In the order that their README says."""
        run(
            history, "--target", "left", "--window", 250, "--policy", "never", "--drop", "at",
            "--project", tmp_path, "--write-batches", tmp_path / "by-hand",
        )  # fmt: skip

        names = {file.name for file in (tmp_path / "by-hand").iterdir()}
        assert names == {
            "README.md", "warm-up.csv", "window-0001.csv", "labels-0001.csv",
            "window-0002.csv", "labels-0002.csv",
        }  # fmt: skip
        window = pa_csv.read_csv(tmp_path / "by-hand" / "window-0001.csv")
        assert window.num_rows == 250
        assert "left" not in window.column_names

    def test_parquet_stays_parquet(self, history, tmp_path):
        """Its types would be lost in text."""
        pq.write_table(pa_csv.read_csv(history), tmp_path / "rows.parquet")

        run(
            tmp_path / "rows.parquet", "--target", "left", "--window", 300, "--policy", "never",
            "--project", tmp_path, "--write-batches", tmp_path / "b", "--drop", "at",
        )  # fmt: skip

        assert pq.read_table(tmp_path / "b" / "warm-up.parquet").num_rows == 900

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ((), "one of both"),
            (("--window", "7d"), "nothing says when a row was"),
            (("--picture", "p.gif"), r"End it in .svg or .png"),
            (("--from-log", "--write-batches", "b"), "reads no file"),
        ],
    )
    def test_refuses_what_does_not_go_together(self, history, tmp_path, words, says):
        """Before minutes go into it."""
        data = () if not words else (history,)
        with pytest.raises(InputError, match=says):
            run(*data, "--target", "left", "--project", tmp_path, *words)


@pytest.fixture(name="project")
def _project(tmp_path):
    """A project with four days of labelled traffic in its log, a month ago."""
    (tmp_path / CONFIG_FILE).write_text(TOML, encoding="utf-8")
    settings = load_settings(tmp_path)
    with open_control(settings, create=True) as ports:
        bundle = example_bundle()
        record = register(
            bundle,
            objects=ports.objects,
            events=ports.events,
            predictions=ports.predictions,
            releases=ports.releases,
            clock=ports.clock,
            actor="cli",
            origin="train",
        )
        promote(ports, record.version, reason="a test", actor="cli")
        table, labels = world_rows(1200, seed=9)
        moments = [START + i * 4 * DAY / 1200 for i in range(1200)]
        answers = [
            Prediction(
                prediction_id=PredictionId(uuid7(moment)),
                model_version=record.version,
                score=0.5,
                positive=True,
                threshold=0.5,
                predicted_at=moment,
                role=Role.CHAMPION,
            )
            for moment in moments
        ]
        columns = [table.column(name).to_pylist() for name in bundle.contract.names]
        requests = [PredictionRequest(values=row) for row in zip(*columns, strict=True)]
        ports.predictions.append(bundle.contract, requests, answers)
        facts = [
            Label(
                positive=bool(label), observed_at=one.predicted_at, prediction_id=one.prediction_id
            )
            for one, label in zip(answers, labels, strict=True)
        ]
        ports.labels.record(facts, received_at=START + 2 * DAY, maturity=DAY)
    return tmp_path


class TestItsOwnHistory:
    def test_is_played_from_the_log_and_nothing_is_written(self, project, tmp_path):
        """The events and the folder of releases are as they were."""
        with open_control(load_settings(project)) as ports:
            before = list(ports.events.events())

        told = run(
            "--from-log", "--project", project, "--policy", "periodic:1", "--json", project / "o"
        )

        with open_control(load_settings(project)) as ports:
            assert list(ports.events.events()) == before
        played = json.loads((project / "o").read_text())
        sizes = [window["n"] for window in played["windows"]]
        assert sizes == [600, 600]
        words = told.replace("\n", " ")
        assert "Of 1,200 logged rows 1,200 are labelled by now and are played" in words
        assert "2,000 reference rows of v1" in words
