"""A model and a service of somebody else's, watched on a real telecom's customers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.harness import NO_MIRROR, Project

pytestmark = pytest.mark.slow

NUMBERS = ["tenure", "MonthlyCharges", "TotalCharges"]
CONFIG = '[model]\nname = "churn"\n[data]\ntarget = "Churn"\npositive = "Yes"\n'
DAYS = 10


@pytest.fixture(scope="module")
def table(telco_csv):
    """The customers as their owner reads them."""
    read = pd.read_csv(telco_csv)
    read["TotalCharges"] = pd.to_numeric(read["TotalCharges"], errors="coerce")
    return read


@pytest.fixture(scope="module")
def words(table):
    return [c for c in table.columns if c not in {"customerID", "Churn", *NUMBERS}]


@pytest.fixture(scope="module")
def pipeline(table, words):
    """Their own pipeline, fitted on the first 3,000 customers."""
    prepared = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("words", OneHotEncoder(handle_unknown="ignore"), words),
        ]
    )
    fitted = make_pipeline(prepared, LogisticRegression(max_iter=1000))
    return fitted.fit(inputs(table[:3000], words), table["Churn"][:3000])


def inputs(table, words):
    return table[[*NUMBERS, *words]].astype(dict.fromkeys(words, str))


@pytest.fixture(scope="module")
def _bare(tmp_path_factory, table, words, pipeline):
    """A project that holds nothing but a model trained elsewhere: made once, then copied."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "holdfast.toml").write_text(CONFIG)
    types = [
        *((name, FloatTensorType([None, 1])) for name in NUMBERS),
        *((name, StringTensorType([None, 1])) for name in words),
    ]
    (folder / "churn.onnx").write_bytes(to_onnx(pipeline, initial_types=types).SerializeToString())
    kinds = dict.fromkeys(NUMBERS, "numeric") | dict.fromkeys(words, "categorical")
    said = {"target": "Churn", "positive": "Yes", "threshold": 0.3, "features": kinds}
    (folder / "contract.json").write_text(json.dumps(said))
    table[3000:5000].to_csv(folder / "held_out.csv", index=False)
    return Project(folder, dict(NO_MIRROR))


@pytest.fixture
def project(_bare, tmp_path):
    """A bare project of the test's own."""
    return _bare.copied_to(tmp_path / "own")


@pytest.fixture(scope="module")
def _registered(_bare, tmp_path_factory):
    project = _bare.copied_to(tmp_path_factory.mktemp("registered") / "own")
    register(project)
    return project


@pytest.fixture
def watching(_registered, tmp_path):
    """A project of the test's own in which the model is registered."""
    return _registered.copied_to(tmp_path / "watching")


def register(project, *more):
    return project.json(
        "register", "churn.onnx", "--contract", "contract.json", "--reference", "held_out.csv",
        "--held-out", *more,
    )  # fmt: skip


def logged(table, words, pipeline, *, until):
    """What their service wrote down of the last 2,000 customers, over ten days."""
    rows = table[5000:7000]
    scores = pipeline.predict_proba(inputs(rows, words))[:, 1]
    moments = [until - timedelta(days=DAYS) * (1 - i / len(rows)) for i in range(len(rows))]
    return [
        {
            "request": f"r-{i}",
            "customer": row["customerID"],
            "at": moment.isoformat(),
            "p": float(score),
            "features": {
                name: None if pd.isna(row[name]) else row[name] for name in [*NUMBERS, *words]
            },
            "came_true": row["Churn"],
        }
        for i, (row, score, moment) in enumerate(
            zip(rows.to_dict("records"), scores, moments, strict=True)
        )
    ]


OPTIONS = ("--score", "p", "--time", "at", "--entity", "customer", "--id", "request")


class TestAModelTrainedElsewhere:
    def test_is_registered_served_and_answers_as_it_did_at_home(
        self, project, table, words, pipeline
    ):
        """scikit-learn's own pipeline, exported with an input a column, without a change."""
        found = register(project)

        assert (found["version"], found["champion"]) == ("v1", "v1")
        assert 0.80 < found["metrics"]["roc_auc"] < 0.90
        rows = table[5000:5200]
        with project.serving() as server:
            answers = server.predict_all(
                [
                    {
                        name: None
                        if pd.isna(row[name])
                        else (str(row[name]) if name in words else row[name])
                        for name in [*NUMBERS, *words]
                    }
                    for row in rows.to_dict("records")
                ]
            )
        expected = pipeline.predict_proba(inputs(rows, words))[:, 1]
        assert [a["score"] for a in answers] == pytest.approx(expected.tolist(), abs=1e-5)
        assert all(finding["healthy"] for finding in project.json("doctor"))

    def test_is_a_challenger_where_a_champion_serves(self, telco, project):
        """And stays one until somebody promotes it: the guard wants labels first."""
        for name in ("churn.onnx", "contract.json", "held_out.csv"):
            (telco.folder / name).write_bytes((project.folder / name).read_bytes())

        found = register(telco)

        assert (found["version"], found["champion"]) == ("v2", "v1")
        refused = telco.refused("promote", "v2")
        assert "The guard does not let v2 pass" in refused

    def test_is_refused_with_what_was_found_and_what_is_needed(self, project):
        """One line, and nothing is registered."""
        said = json.loads((project.folder / "contract.json").read_text())
        del said["features"]["tenure"]
        (project.folder / "contract.json").write_text(json.dumps(said))

        refused = project.refused(
            "register", "churn.onnx", "--contract", "contract.json", "--reference", "held_out.csv"
        )

        assert refused.startswith("churn.onnx: it takes 'tenure' (float, any × 1)")
        assert "the contract has 2 numeric or boolean features" in refused


class TestAServiceRunElsewhere:
    def test_is_watched_by_its_log(self, watching, table, words, pipeline):
        """
        JSON lines with torn ones among them: logged once, labelled, judged, reported.
        """
        now = datetime.now(UTC)
        records = logged(table, words, pipeline, until=now)
        lines = [json.dumps({k: v for k, v in r.items() if k != "came_true"}) for r in records]
        path = watching.folder / "service.jsonl"
        path.write_text("\n".join([lines[0][:40], *lines, '{"request": "r-1", "at"']))

        first = watching.json("log", path, *OPTIONS)
        again = watching.json("log", path, *OPTIONS)

        assert (first["read"], first["new"], first["rejected"]) == (2002, 2000, 2)
        assert (again["new"], again["known"], again["rejected"]) == (0, 2000, 2)
        kept = (watching.folder / "service.jsonl.rejected.jsonl").read_text().splitlines()
        assert [json.loads(line)["number"] for line in kept] == [1, 2002]
        assert watching.json("status")["n_predictions"] == 2000

        path.write_text("\n".join(json.dumps(record) for record in records))
        labelled = watching.json("log", path, *OPTIONS, "--label", "came_true")
        assert labelled["new"] == 0
        assert labelled["labels"]["accepted"] == 2000

        watching.variables["HOLDFAST_MONITOR__LABEL_MATURITY"] = "1d"
        ticked = watching.json("check")
        assert ticked["n_rows"] > 1000
        assert ticked["drift"]["share_drifted"] == 0
        assert ticked["n_labelled"] > 1000
        assert 0.80 < ticked["performance"]["roc_auc"] < 0.90
        assert ticked["decision"] == "keep"
        watching.ok("report", "--html", "report.html")
        assert "MonthlyCharges" in (watching.folder / "report.html").read_text()

    def test_shows_its_drift(self, watching, table, words, pipeline):
        """Prices rise in their world; it is their log, in Parquet, that tells us."""
        records = logged(table, words, pipeline, until=datetime.now(UTC))
        flat = [
            {k: v for k, v in r.items() if k != "features"}
            | r["features"]
            | {"MonthlyCharges": r["features"]["MonthlyCharges"] + 25}
            for r in records
        ]
        pq.write_table(pa.Table.from_pylist(flat), watching.folder / "service.parquet")

        watching.ok("log", "service.parquet", *OPTIONS)
        done = watching.run("check", "--json", "--fail-on", "drift")

        ticked = json.loads(done.stdout)
        assert done.returncode == 3
        drifted = [f["name"] for f in ticked["drift"]["features"] if f["verdict"] == "drifted"]
        assert drifted == ["MonthlyCharges"]

    def test_of_a_text_file_takes_what_fits(self, watching, table, words, pipeline):
        """One bad cell makes no column of text, one short row no unreadable file."""
        records = logged(table, words, pipeline, until=datetime.now(UTC))[:100]
        flat = [{k: v for k, v in r.items() if k != "features"} | r["features"] for r in records]
        frame = pd.DataFrame(flat).astype({"tenure": object})
        frame.loc[7, "tenure"] = "seven"
        frame.loc[8, "p"] = np.nan
        path = watching.folder / "service.csv"
        path.write_text(frame.to_csv(index=False) + "r-100,torn")

        said = watching.ok("log", path, *OPTIONS, "--label", "came_true")

        assert "Read 101 records: 98 new, 0 logged before, 3 rejected." in said
        assert "1 × 'tenure' needs a number, found text" in said
        assert "1 × 'p' is absent" in said
        assert "1 × it has too few or too many fields" in said
        assert "Labels: 98 accepted" in said
