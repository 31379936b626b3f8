"""Dates from the file to the answer: found by init, learnt from, served and scored alike."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from tests.harness import NO_MIRROR
from typer.testing import CliRunner

from holdfast.adapters.clocks.file import FileClock
from holdfast.cli.app import app
from holdfast.serving.calls import Call
from holdfast.serving.core import find
from holdfast.serving.limits import ServingLimits
from holdfast.serving.openapi import openapi_document
from holdfast.serving.problems import problem_reply
from holdfast.serving.server import new_server, running
from holdfast.settings import load_settings
from holdfast.wiring.online import open_online

NEWEST = date(2026, 1, 31)
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project on rows whose customers leave soon after they signed, as often as it is spring."""
    folder = tmp_path_factory.mktemp("dated")
    rng = np.random.default_rng(5)
    with (folder / "rows.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["charges", "plan", "signed_on", "seen_at", "left"])
        rows.writerows(_row(rng) for _ in range(1_200))
        rows.writerow([60.0, "plus", NEWEST.isoformat(), "", "yes"])
    monkey = pytest.MonkeyPatch()
    for name, value in NO_MIRROR.items():
        monkey.setenv(name, value)
    monkey.setenv("HOLDFAST_CLOCK__FILE", str(folder / "clock"))
    FileClock(folder / "clock").set_to(NOON)
    said = run("init", folder / "rows.csv", "--target", "left", "--dir", folder)
    trained = run("train", "--project", folder)
    yield folder, said, trained
    monkey.undo()


def _row(rng):
    age = int(rng.integers(1_500))
    signed = NEWEST - timedelta(days=age)
    seen = datetime(2026, 1, 31) - timedelta(minutes=int(rng.integers(100_000)))  # noqa: DTZ001  # as files have it
    spring = np.sin(2 * np.pi * signed.month / 12)
    left = rng.random() < 1 / (1 + np.exp(age / 300 - 2 - spring))
    plan = ["basic", "plus", "NA"][rng.integers(3)]
    when = seen.isoformat(sep=" ") if rng.random() < 0.9 else ""
    return round(rng.normal(60, 20), 2), plan, signed.isoformat(), when, "yes" if left else "no"


def run(*words):
    """Run a command in this process and return what it says."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def server(project):
    folder = project[0]
    FileClock(folder / "clock").set_to(NOON)
    with open_online(load_settings(folder)) as ports:
        ports.champion.refresh()
        serving = new_server(ports, ServingLimits())
        with running(serving):
            yield serving


def ask(server, *rows, **beside):
    """Return status and content of the answer to some rows."""
    body = {"rows": [{"features": row, **beside} for row in rows]}
    reply = asyncio.run(answered(server, "POST", "/v1/predict", json.dumps(body).encode()))
    return reply.status, json.loads(reply.body)


async def answered(server, method, path, body=b""):
    """Do as every transport does."""
    operation, parameters = find(method, path)
    try:
        return await operation.run(server, Call(body=body, parameters=parameters))
    except Exception as error:  # noqa: BLE001  # what a transport's outermost edge does
        return problem_reply(error, request_id="r")


ROW = {"charges": 50, "plan": "plus", "signed_on": "2025-03-31", "seen_at": "2026-03-05T11:00Z"}


class TestDates:
    def test_are_found_and_learnt_from(self, project):
        """What is made of them is said, and to which day their ages are counted."""
        folder, said, trained = project
        config = (folder / "holdfast.toml").read_text()

        assert '"signed_on"  date, as its age in days and its month and weekday' in config
        assert "age is counted to 2026-01-31, the newest date in the file" in said
        auc = float(trained.split("roc_auc")[1].split()[0])
        assert auc > 0.7  # nothing but the dates tells the classes apart

    def test_give_the_same_score_online_as_in_bulk(self, project, server):
        """The same rows at the same moment, by the server and by `holdfast score`."""
        folder = project[0]
        with (folder / "rows.csv").open(newline="") as file:
            rows = [_as_json(row) for row in csv.DictReader(file)][:200]

        status, answered = ask(server, *rows)
        run("score", folder / "rows.csv", "-o", folder / "scored.csv", "--project", folder)

        assert status == 200, answered
        with (folder / "scored.csv").open(newline="") as file:
            bulk = [float(row["score"]) for row in csv.DictReader(file)][:200]
        online = [one["score"] for one in answered["predictions"]]
        assert online == pytest.approx(bulk, abs=1e-7)

    def test_grow_older_though_the_row_is_the_same(self, project, server):
        """Ten days later another score, and to the same id the answer that was given."""
        clock = FileClock(project[0] / "clock")
        first = ask(server, ROW, id="one")[1]["predictions"][0]

        clock.set_to(NOON + 10 * DAY)
        again = ask(server, ROW, id="one")
        later = ask(server, ROW, id="two")[1]["predictions"][0]
        other = ask(server, ROW | {"signed_on": "2025-04-01"}, id="one")

        assert again == (200, {"predictions": [first]})
        assert later["score"] < first["score"]
        assert other[0] == 409

    def test_are_logged_as_they_were_counted(self, server):
        """A retraining learns from the age at the time of the question."""
        answer = ask(server, ROW)[1]["predictions"][0]

        logged = server.ports.predictions.get(answer["prediction_id"]).features

        assert logged["signed_on (age in days)"] == 339.0
        assert logged["seen_at (age in days)"] == pytest.approx(1 / 24)
        assert (
            logged["signed_on (month, cosine)"] == 0.5
        )  # March, two months of twelve after January

    def test_that_are_missing_leave_their_features_missing(self, server):
        """If training knew that; else the row is refused as for any other feature."""
        status, answered = ask(server, ROW | {"seen_at": None}, ROW | {"seen_at": "N/A"})
        refused = ask(server, ROW | {"signed_on": None})[1]

        assert status == 200, answered
        id_ = answered["predictions"][1]["prediction_id"]
        assert server.ports.predictions.get(id_).features["seen_at (age in days)"] is None
        assert refused["errors"][0]["field"] == "signed_on"

    @pytest.mark.parametrize("wrong", ["31.03.2025", "yesterday", 20250331, True, [], "2025-02-30"])
    def test_that_are_none_are_refused(self, server, wrong):
        """The answer names row and field."""
        status, refused = ask(server, ROW, ROW | {"signed_on": wrong})

        assert status == 422
        (issue,) = refused["errors"]
        assert (issue["row"], issue["field"]) == (1, "signed_on")
        assert "needs a date or time in ISO form" in issue["problem"]

    def test_stand_in_the_example_that_is_shown(self, server):
        """A client can send it as it is."""
        reply = asyncio.run(answered(server, "GET", "/v1/model"))

        example = json.loads(reply.body)["example"]
        assert list(example) == ["charges", "plan", "signed_on", "seen_at"]
        assert ask(server, example)[0] == 200

    def test_are_what_the_document_asks_for(self, server):
        """Not the features that come of them."""
        document = openapi_document(server.ports.champion.current())

        features = document["components"]["schemas"]["Features"]
        assert features["required"] == list(features["properties"]) == list(ROW)
        assert features["properties"]["signed_on"]["type"] == "string"
        assert features["properties"]["seen_at"]["type"] == ["string", "null"]
        assert ask(server, features["examples"][0])[0] == 200


def _as_json(row):
    seen = row["seen_at"].replace(" ", "T") or None
    plan = None if row["plan"] == "NA" else row["plan"]
    return {
        "charges": float(row["charges"]),
        "plan": plan,
        "signed_on": row["signed_on"],
        "seen_at": seen,
    }
