"""Old rows leave, people are forgotten, and what was exported can be used again."""

from __future__ import annotations

import csv
import json
from datetime import timedelta

import pyarrow.parquet
import pytest

pytestmark = pytest.mark.slow

NAME = "7590-VHVEG"  # the first customer of the file


@pytest.fixture(name="project")
def _project(telco, telco_csv):
    """All customers scored, logged and labelled, 70 days ago, and some of them today."""
    clock = telco.time_lapse()
    telco.variables["HOLDFAST_DATA__ENTITY"] = "customerID"
    said = telco.ok("score", telco_csv, "-o", "old.parquet", "--log")
    assert "7,043 rows scored and logged" in said
    telco.ok("label", "old.parquet")
    telco.ok("check")
    clock.set_to(clock.now() + timedelta(days=70))
    telco.ok("score", "old.parquet", "-o", "new.csv", "--log")
    return telco


def ids(path):
    return pyarrow.parquet.read_table(path).column("prediction_id").to_pylist()


def traces(project):
    """Return the files of the store in which the name stands."""
    files = (project.folder / ".holdfast").glob("holdfast.db*")
    return [path.name for path in files if NAME.encode() in path.read_bytes()]


def entities(path):
    return pyarrow.parquet.read_table(path).column("entity").to_pylist()


class TestTheDaysOfTheLog:
    def test_are_exported_dropped_and_forgotten(self, project):
        """
        An export, retention by a tick, an archived day against an exported one in a drift
        report, a status that tells what is where, and a person who is nowhere any more.
        """
        self.export(project)
        self.let_old_rows_go(project)
        self.compare_days(project)
        self.forget(project)

    @staticmethod
    def export(project):
        exported = project.json("export", "--to", "exported")
        again = project.json("export", "--to", "exported")

        assert (exported["n_days"], exported["n_written"], again["n_written"]) == (2, 2, 0)
        assert exported["n_rows"] == 2 * 7043
        assert "is the archive" in project.refused("export", "--to", "archive")

    @staticmethod
    def let_old_rows_go(project):
        assert "[store] retention" in project.refused("keep")
        project.variables["HOLDFAST_STORE__RETENTION"] = "58d"
        assert "At least '59d'" in project.refused("keep")
        project.variables["HOLDFAST_STORE__RETENTION"] = "60d"
        project.ok("check")

        status = project.json("status")
        assert (status["n_predictions"], status["n_dropped"]) == (7043, 7043)
        assert status["labels"]["accepted"] == 0
        assert project.json("events")[0]["kind"] == "rows_dropped"
        assert "nothing from before" in project.ok("keep")
        (day,) = (project.folder / "archive").rglob("*.parquet")
        assert sorted(ids(day)) == sorted(ids(project.folder / "old.parquet"))

    @staticmethod
    def compare_days(project):
        (old,) = (project.folder / "archive").rglob("day=*")
        (new,) = (
            day for day in (project.folder / "exported").rglob("day=*") if day.name > old.name
        )
        own = ("position", "prediction_id", "entity", "predicted_at")
        drops = [word for name in own for word in ("--drop", name)]

        project.ok("drift", old, new, *drops, "--json", "drift.json")

        report = json.loads((project.folder / "drift.json").read_text(encoding="utf-8"))
        verdicts = {feature["name"]: feature["verdict"] for feature in report["features"]}
        assert verdicts["tenure"] == "stable"
        assert verdicts["score"] == "stable"

    @staticmethod
    def forget(project):
        (day,) = (project.folder / "archive").rglob("*.parquet")
        with (project.folder / "new.csv").open(newline="") as file:
            new = next(row for row in csv.DictReader(file) if row["customerID"] == NAME)
        assert NAME in entities(day)
        assert "holdfast.db" in traces(project)

        done = project.json("forget", "--entity", NAME)

        assert (done["n_predictions"], done["n_archived_rows"], done["scrubbed"]) == (1, 1, True)
        assert traces(project) == []
        assert (len(entities(day)), NAME in entities(day)) == (7042, False)
        assert project.json("events")[0]["kind"] == "entity_erased"
        late = project.folder / "late.csv"
        late.write_text(f"entity,label\n{NAME},Yes\n", encoding="utf-8")
        assert "1 forgotten" in project.ok("label", late)
        assert traces(project) == []
        with project.serving() as server:
            gone = server.client.get(f"/v1/predictions/{new['prediction_id']}")
            assert gone.status_code == 404
