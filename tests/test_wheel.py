"""What is shipped: the wheel holds what it needs, and works where nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx2
import pytest
from tests.harness import PATIENCE, Process, address_in, environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")  # its cache makes an installation a matter of seconds


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--wheel", "--quiet", "--out-dir", folder, cwd=ROOT)
    (built,) = folder.glob("holdfast-*.whl")
    return built


@pytest.fixture(scope="module")
def everything(wheel, tmp_path_factory):
    """The command of an environment in which `holdfast[all]` is installed."""
    return installed(tmp_path_factory.mktemp("all"), f"holdfast[all] @ {wheel.as_uri()}")


@pytest.fixture(scope="module")
def base(wheel, tmp_path_factory):
    """The command of an environment in which `holdfast` alone is installed."""
    return installed(tmp_path_factory.mktemp("base"), f"holdfast @ {wheel.as_uri()}")


@pytest.fixture(scope="module")
def trained(everything, data_folder, tmp_path_factory):
    """A project on Telco made by the installed wheel alone."""
    folder = tmp_path_factory.mktemp("trained")
    csv = data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"
    run(everything, "init", csv, "--target", "Churn", "--dir", "p", cwd=folder)
    answer = json.loads(run(everything, "train", "--json", cwd=folder / "p").stdout)
    assert answer["metrics"]["roc_auc"] >= 0.83
    return folder / "p"


class TestTheWheel:
    def test_holds_all_that_is_not_python(self, wheel):
        """Forgotten, each of these is noticed first by whoever has installed it."""
        names = set(zipfile.ZipFile(wheel).namelist())

        assert {
            "holdfast/py.typed",
            "holdfast/serving/templates/docs.html",
            "holdfast/serving/templates/status.html",
            "holdfast/serving/static/holdfast.css",
            "holdfast/serving/static/docs.js",
            "holdfast/adapters/stores/sql/migrations/env.py",
            "holdfast/adapters/stores/sql/migrations/versions/v0001_first.py",
        } <= names
        source = ROOT / "src"
        shipped = {str(path.relative_to(source)) for path in files_of(source / "holdfast")}
        assert shipped <= names

    def test_holds_the_licences_of_what_it_ships(self, wheel):
        """Our own, and that of the scripts of others."""
        names = zipfile.ZipFile(wheel).namelist()

        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
        vendored = {name.rpartition("/")[0] for name in names if name.endswith("-bundle.js")}
        assert vendored
        assert all(f"{folder}/LICENSE" in names for folder in vendored)

    def test_holds_nothing_else(self, wheel):
        """No tests, no caches, no data."""
        names = zipfile.ZipFile(wheel).namelist()

        assert {name.partition("/")[0].partition("-")[0] for name in names} == {"holdfast"}
        assert not [name for name in names if "__pycache__" in name or "/test_" in name]


class TestInstalledWithEverything:
    def test_says_which_it_is_and_what_it_can(self, everything, tmp_path):
        """The first two things that anybody asks of it."""
        version = run(everything, "--version", cwd=tmp_path).stdout
        helped = run(everything, "--help", cwd=tmp_path).stdout

        assert version.startswith("holdfast 0.")
        assert "Keeps a deployed tabular model true while its data drifts" in helped

    def test_trains_on_real_data(self, everything, trained):
        """From a file to a model in production, and the doctor is content."""
        status = json.loads(run(everything, "status", "--json", cwd=trained).stdout)

        assert status["deployment"]["version"] == "v1"
        assert "WRONG" not in run(everything, "doctor", cwd=trained).stdout


class TestInstalledAlone:
    def test_says_in_one_line_what_training_needs(self, base, trained):
        """A server's environment; whoever trains there by mistake learns how to."""
        done = run(base, "train", cwd=trained, fails=True)

        assert done.stderr.splitlines() == [
            'Error: pyarrow is not installed. Run: pip install "holdfast[all]"'
        ]

    def test_serves_what_was_trained_elsewhere(self, base, trained):
        """The slim server needs nothing of the control plane."""
        server = Process.of([base, "serve", "--port", "0"], cwd=trained)
        try:
            url = address_in(server.line())
            with httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client:
                row = client.get("/v1/model").json()["example"]
                answer = client.post("/v1/predict", json={"features": row}).json()
                page = client.get("/").text
        finally:
            server.stop()

        assert answer["model_version"] == "v1"
        assert "predicts <strong>Churn</strong>" in page


def uv(*words, cwd):
    done = subprocess.run(
        [UV, *words], cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def installed(folder, what):
    uv("venv", "--quiet", "--python", sys.executable, "v", cwd=folder)
    lock = ROOT / "requirements.lock"
    uv("pip", "install", "--quiet", "--python", "v", "--constraint", lock, what, cwd=folder)
    return str(folder / "v" / "bin" / "holdfast")


def run(command, *words, cwd, fails=False):
    done = subprocess.run(
        [command, *map(str, words)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if fails else 0), done.stderr
    return done


def files_of(folder):
    return [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
