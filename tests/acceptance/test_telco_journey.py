"""The whole loop on a real telecom's customers, by commands and HTTP, nothing edited by hand."""

from __future__ import annotations

import csv
import json
import threading
from contextlib import contextmanager
from datetime import timedelta

import httpx2
import pyarrow.csv
import pyarrow.parquet
import pytest
from tests.harness import PATIENCE, Project, await_that, refusal, run

pytestmark = pytest.mark.slow

SWAP_SECONDS = 2.0  # in which a promotion or a rollback reaches every server


class TestTheTelcoJourney:
    def test_goes_from_a_file_to_a_served_model_and_back(self, telco_csv, telco_rows, tmp_path):
        """
        Train, serve, predict, label, check, retrain, explain, promote and roll back:
        each step with what the one before it left, as a person would take it.
        """
        project, trained = self.trained(telco_csv, tmp_path)
        clock = project.time_lapse()

        assert trained["metrics"]["roc_auc"] >= 0.83
        assert trained["champion"] == trained["version"] == "v1"

        with project.serving() as server:
            ids = self.predict_for_ten_days(server, clock, telco_rows[:3000])
            self.label_by_http(server, ids[:1500], telco_rows)
            self.label_by_file(project, ids[1500:], telco_rows[1500:3000])
            clock.set_to(clock.now() + timedelta(days=30))  # 40 days after the first one
            server.predict_all([features for features, _ in telco_rows[3000:4000]])
            self.check_finds_nothing(project)
            self.refuse_a_retraining_that_gains_nothing(project)
            self.ask_what_is_and_why(project)
            self.retrain_on_a_changed_world(project, server, telco_rows)
            self.go_back_and_forth(project, server, telco_rows[0][0])

        findings = project.json("doctor")
        assert all(finding["healthy"] for finding in findings), findings

    @staticmethod
    def trained(telco_csv, tmp_path):
        made = run("init", telco_csv, "--target", "Churn", "--dir", "p", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        assert "'customerID'" in made.stdout, "the identifier is left out, and named"
        project = Project(tmp_path / "p")
        return project, project.json("train")

    @staticmethod
    def predict_for_ten_days(server, clock, rows):
        single = server.predict(rows[0][0], id="first", entity="7590-VHVEG")
        again = server.predict(rows[0][0], id="first", entity="7590-VHVEG")
        unseen = server.predict(rows[0][0] | {"PaymentMethod": "Carrier pigeon"})

        assert again == single, "the same id gets the logged answer"
        assert single["decision"] in {"Yes", "No"}
        assert single["positive"] == (single["score"] >= single["threshold"])
        assert 0 < unseen["score"] < 1
        assert server.get("/v1/status")["serving"]["n_unseen_categories"] == {"PaymentMethod": 1}
        assert server.get("/v1/status")["n_predictions"] == 2, "the replayed one counts once"

        answers = []
        for day in batched(rows, len(rows) // 10):
            answers += server.predict_all([features for features, _ in day])
            clock.set_to(clock.now() + timedelta(days=1))
        return [answer["prediction_id"] for answer in answers]

    @staticmethod
    def label_by_http(server, ids, rows):
        labels = [
            {"prediction_id": one, "label": label}
            for one, (_, label) in zip(ids, rows, strict=False)
        ]
        for batch in batched(labels, 1000):
            counts = server.post("/v1/labels", {"labels": batch})
            assert counts["accepted"] == len(batch)
        assert server.post("/v1/labels", labels[0])["duplicate"] == 1
        logged = server.get(f"/v1/predictions/{ids[0]}")
        assert logged["label"] == rows[0][1]
        assert logged["features"]["tenure"] == rows[0][0]["tenure"]

    @staticmethod
    def label_by_file(project, ids, rows):
        path = project.folder / "labels.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["prediction_id", "Churn"])
            writer.writerows((one, label) for one, (_, label) in zip(ids, rows, strict=True))

        counts = project.json("label", path)

        assert counts["accepted"] == len(ids)
        assert project.json("status")["labels"]["accepted"] == 3000

    @staticmethod
    def check_finds_nothing(project):
        ticked = project.json("check")

        assert ticked["n_rows"] == 1000
        assert ticked["decision"] == "keep", ticked
        assert ticked["drift"]["share_drifted"] == 0
        assert ticked["n_labelled"] >= 1500
        # Rows of the training file: boosted trees rank those better than the .84 of fresh ones.
        assert 0.81 < ticked["performance"]["roc_auc"] < 0.94

    @staticmethod
    def refuse_a_retraining_that_gains_nothing(project):
        said = project.ok("retrain", "--reason", "to see whether the newest rows help")

        assert "Guard: refuse" in said
        assert "v1 stays in production" in said

    @staticmethod
    def ask_what_is_and_why(project):
        status, events = project.json("status"), project.json("events")
        newest = events[0]
        story = project.ok("explain", newest["event_id"])

        assert status["deployment"]["version"] == "v1"
        assert status["last_decision"]["body"]["decision"]["action"] == "keep"
        assert newest["kind"] == "challenger_judged"
        assert "is no proven gain" in story
        assert "passed recall" in story
        assert "to see whether the newest rows help" in project.ok("explain", events[1]["seq"])

    @staticmethod
    def retrain_on_a_changed_world(project, server, rows):
        write_changed_world(project.folder / "changed.csv", rows[4000:])
        with hammered(server, rows[0][0]) as answers:
            said = project.ok("retrain", "--data", "changed.csv")
            seconds = await_that(lambda: answers[-1][1] == "v2", "v2 answers", within=SWAP_SECONDS)

        assert "v2 is in production now; it was v1" in said
        assert seconds < SWAP_SECONDS
        assert {status for status, _ in answers} == {200}
        assert_one_swap(answers, "v1", "v2")

    @staticmethod
    def go_back_and_forth(project, server, row):
        with hammered(server, row) as answers:
            project.ok("rollback", "--reason", "the offer has ended")
            await_that(lambda: answers[-1][1] == "v1", "v1 answers again", within=SWAP_SECONDS)
        assert_one_swap(answers, "v2", "v1")

        refused = project.refused("promote", "v2")
        assert "The guard does not let v2 pass" in refused
        assert "holdfast promote v2 --force" in refused

        with hammered(server, row) as answers:
            project.ok("promote", "v2", "--force", "--reason", "the offer is back")
            await_that(lambda: answers[-1][1] == "v2", "v2 answers again", within=SWAP_SECONDS)
        assert_one_swap(answers, "v1", "v2")

        project.ok("rollback", "--to", "v1")
        status = project.json("status")
        assert status["deployment"]["version"] == "v1"
        assert "forced: not judged by the guard" in project.ok("events")
        by_version = server.get("/v1/status")["n_predictions_by_version"]
        assert by_version["v1"] >= 4002
        assert by_version["v2"] > 0


class TestAFileAsTheWindow:
    def test_with_another_concept_is_learnt_and_promoted(self, telco, telco_rows):
        """A labelled file in which a segment turned around: harm, a retraining, a gain."""
        write_changed_world(telco.folder / "changed.csv", telco_rows[4000:])

        ticked = telco.json("check", "--data", "changed.csv")

        assert ticked["decision"] == "retrain", ticked
        assert ticked["performance"]["roc_auc"] < 0.6
        assert any(alert["trigger"] == "performance" for alert in ticked["alerts"])
        assert ticked["guard"]["outcome"] == "accept"
        assert ticked["promoted"] == "v2"
        assert telco.json("status")["deployment"]["previous"] == "v1"

    def test_without_labels_is_judged_for_drift_alone(self, telco, telco_rows):
        """Prices that rose are drift; whether they harm cannot be known yet, so: watch."""
        dearer = [
            (row | {"MonthlyCharges": row["MonthlyCharges"] + 25}, label)
            for row, label in telco_rows[:2000]
        ]
        write_csv(telco.folder / "dearer.csv", dearer, labelled=False)

        done = telco.run("check", "--data", "dearer.csv", "--json", "--fail-on", "drift")

        ticked = json.loads(done.stdout)
        assert done.returncode == 3, "what --fail-on names was found"
        assert ticked["decision"] == "alert"
        assert ticked["performance"] is None
        drifted = [f["name"] for f in ticked["drift"]["features"] if f["verdict"] == "drifted"]
        assert drifted == ["MonthlyCharges"]


class TestScore:
    def test_scores_files_as_the_server_scores_rows(self, telco, telco_csv, telco_rows):
        """Bulk and single scores come from the same release: they are the same numbers."""
        with telco.serving() as server:
            served = server.predict_all([features for features, _ in telco_rows[:500]])

        telco.ok("score", telco_csv, "-o", "scores.csv")
        telco.ok("score", telco_csv, "-o", "scores.parquet")

        by_csv = pyarrow.csv.read_csv(telco.folder / "scores.csv")
        by_parquet = pyarrow.parquet.read_table(telco.folder / "scores.parquet")
        expected = [answer["score"] for answer in served]
        assert by_csv.num_rows == by_parquet.num_rows == len(telco_rows)
        assert by_csv["score"].to_pylist()[:500] == pytest.approx(expected, abs=1e-6)
        assert by_parquet["score"].to_pylist()[:500] == pytest.approx(expected, abs=1e-6)
        assert by_csv["decision"].to_pylist()[:500] == [answer["decision"] for answer in served]
        assert set(by_parquet["model_version"].to_pylist()) == {"v1"}
        assert by_csv["customerID"][0].as_py() == "7590-VHVEG", "the file's own columns stay"


class TestDrift:
    def test_compares_two_files_without_a_project(self, telco_rows, tmp_path):
        """Halves of one file are alike; a raised price is found, and named."""
        dearer = [
            (row | {"MonthlyCharges": row["MonthlyCharges"] + 25}, label)
            for row, label in telco_rows[3500:]
        ]
        write_csv(tmp_path / "a.csv", telco_rows[:3500])
        write_csv(tmp_path / "b.csv", telco_rows[3500:])
        write_csv(tmp_path / "dearer.csv", dearer)

        alike = run("drift", "a.csv", "b.csv", "--json", "-", cwd=tmp_path)
        raised = run("drift", "a.csv", "dearer.csv", "--json", "r.json", cwd=tmp_path)

        assert alike.returncode == raised.returncode == 0, alike.stderr + raised.stderr
        assert json.loads(alike.stdout)["share_drifted"] == 0
        report = json.loads((tmp_path / "r.json").read_text())
        assert set(report) >= {"schema_version", "n_reference", "n_current", "features"}
        assert (report["n_reference"], report["n_current"]) == (3500, 3543)
        found = {f["name"]: f for f in report["features"]}
        assert [name for name, f in found.items() if f["verdict"] == "drifted"] == [
            "MonthlyCharges"
        ]
        (tmp_path / "narrow.csv").write_text("tenure\n3\n4\n")
        said = refusal(run("drift", "a.csv", "narrow.csv", cwd=tmp_path))
        assert "is in the reference rows, but not in the current ones" in said
        methods = {test["method"] for test in found["MonthlyCharges"]["tests"]}
        assert "kolmogorov_smirnov" in methods


def batched(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def write_csv(path, rows, *, labelled=True):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(
            file, [*rows[0][0], "Churn"], extrasaction="raise" if labelled else "ignore"
        )
        writer.writeheader()
        writer.writerows(
            features | ({"Churn": label} if labelled else {}) for features, label in rows
        )


def write_changed_world(path, rows):
    """A competitor comes: who is bound by a contract leaves, and who is free to go stays."""
    turned = {"Yes": "No", "No": "Yes"}
    write_csv(
        path,
        [
            (row, label if row["Contract"] == "Month-to-month" else turned[label])
            for row, label in rows
        ],
    )


@contextmanager
def hammered(server, row):
    """Ask one question after another meanwhile; gives (status, model version) of each answer."""
    answers, stopping, first = [], threading.Event(), threading.Event()

    def ask():
        with httpx2.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
            while not stopping.is_set():
                response = client.post("/v1/predict", json={"features": row})
                answers.append((response.status_code, response.json().get("model_version")))
                first.set()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        assert first.wait(PATIENCE)
        yield answers
    finally:
        stopping.set()
        thread.join()


def assert_one_swap(answers, before, after):
    """No request failed, and the versions changed once, for good."""
    versions = [version for _, version in answers]
    assert {status for status, _ in answers} == {200}
    assert versions == sorted(versions, key=[before, after].index)
    assert {*versions} == {before, after}
