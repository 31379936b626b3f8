"""The built wheel, as a user gets it: what is in it, and that it works on its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.slow


def run(*command, cwd=None, check=True):
    """Run a command as from a terminal that knows nothing of this environment."""
    kept = ("PATH", "HOME", "SSL_CERT_FILE", "OMP_NUM_THREADS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=check,
        timeout=240,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--wheel", "--python", sys.executable, "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def installed(wheel: Path, folder: Path, *, extra: str) -> Path:
    """Install the wheel into a new environment and return its `holdfast`."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    locked = ("--constraint", ROOT / "requirements.lock")
    run(UV, "pip", "install", "--python", python, *locked, f"holdfast{extra} @ {wheel.as_uri()}")
    return folder / "bin" / "holdfast"


class TestContents:
    def test_carries_what_it_needs_at_run_time(self, wheel):
        """Migrations, templates, static files with their licences, the mark of being typed."""
        names = set(zipfile.ZipFile(wheel).namelist())

        for needed in (
            "holdfast/py.typed",
            "holdfast/adapters/stores/sql/migrations/env.py",
            "holdfast/adapters/stores/sql/migrations/versions/v0001_first.py",
            "holdfast/serving/templates/status.html",
            "holdfast/serving/static/swagger-ui/swagger-ui-bundle.js",
            "holdfast/serving/static/swagger-ui/LICENSE",
        ):
            assert needed in names
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)

    def test_carries_nothing_else(self, wheel):
        """No tests, no benchmarks, no caches."""
        names = zipfile.ZipFile(wheel).namelist()

        top = {name.split("/")[0].split("-")[0] for name in names}
        assert top == {"holdfast"}
        assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


class TestEverything:
    def test_initialises_and_trains_on_real_data(self, wheel, tmp_path, data_folder):
        """With all extras, the first two commands of the tour, in an empty folder."""
        holdfast = installed(wheel, tmp_path / "venv", extra="[all]")
        data = data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"

        version = run(holdfast, "--version").stdout
        run(holdfast, "init", data, "--target", "Churn", "--dir", tmp_path / "p")
        trained = run(holdfast, "train", "--json", cwd=tmp_path / "p").stdout

        assert version.startswith("holdfast 0.")
        assert json.loads(trained)["metrics"]["roc_auc"] >= 0.83


class TestBase:
    def test_names_the_extra_that_training_needs(self, wheel, tmp_path):
        """The slim install serves; what it cannot do it says in one line, with the remedy."""
        holdfast = installed(wheel, tmp_path / "venv", extra="")
        (tmp_path / "holdfast.toml").write_text('[data]\ntarget = "x"\npath = "x.csv"\n')

        helped = run(holdfast, "--help")
        failed = run(holdfast, "train", cwd=tmp_path, check=False)

        assert "Keeps a deployed tabular model true" in helped.stdout
        assert failed.returncode == 1
        assert failed.stderr.count("\n") == 1
        assert 'Run: pip install "holdfast[all]"' in failed.stderr

    def test_serves_a_project_that_was_trained_elsewhere(self, wheel, tmp_path, data_folder):
        """A server needs none of what training needs."""
        holdfast = installed(wheel, tmp_path / "venv", extra="")
        trainer = Path(sys.executable).with_name("holdfast")
        data = data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"
        run(trainer, "init", data, "--target", "Churn", "--dir", tmp_path / "p")
        run(trainer, "train", cwd=tmp_path / "p")

        server = subprocess.Popen(
            [holdfast, "serve", "--port", "0"],
            cwd=tmp_path / "p",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with server:
            assert server.stdout is not None
            said = server.stdout.readline()  # it speaks once it answers
            url = next(word for word in said.split() if word.startswith("http://"))
            with urllib.request.urlopen(f"{url}/health/ready", timeout=10) as answer:
                ready = json.load(answer)
            server.terminate()

        assert ready["status"] == "ready"
