"""What the acceptance tests begin with: real data, and projects on it."""

from __future__ import annotations

import csv

import pytest
from tests.harness import NO_MIRROR, Project, run


@pytest.fixture(scope="session")
def telco_csv(data_folder):
    return data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"


@pytest.fixture(scope="session")
def telco_rows(telco_csv):
    """The file's rows, as a client of the server would send them: (features, label)."""
    with telco_csv.open(newline="") as file:
        return [as_request(row) for row in csv.DictReader(file)]


@pytest.fixture(scope="session")
def _trained_telco(telco_csv, tmp_path_factory):
    """A project on Telco with its first model: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("trained")
    made = run("init", telco_csv, "--target", "Churn", "--dir", "p", cwd=folder)
    assert made.returncode == 0, made.stderr
    project = Project(folder / "p", dict(NO_MIRROR))
    project.ok("train")
    return project


@pytest.fixture
def telco(_trained_telco, tmp_path):
    """A trained project of the test's own."""
    return _trained_telco.copied_to(tmp_path / "telco")


def as_request(row):
    """Return one row of the CSV file as JSON values, and its label's word."""
    features = {name: text for name, text in row.items() if name not in {"customerID", "Churn"}}
    for name in ("SeniorCitizen", "tenure"):
        features[name] = int(features[name])
    for name in ("MonthlyCharges", "TotalCharges"):
        features[name] = float(features[name]) if features[name].strip() else None
    return features, row["Churn"]
