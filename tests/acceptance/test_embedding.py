"""A real project inside real applications, as the how-to shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.harness import NO_MIRROR, Project, environment

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "embed-in-your-app.md"
BODY = {"features": {"age": 30.0}, "id": "one"}

# An application's whole life in a process of its own: a request, then the end of the program.
LIFE = """
import sys
from flask import Flask
from holdfast.integrations.flask import blueprint

app = Flask(__name__)
app.register_blueprint(blueprint(project="churn", url_prefix="/model"))
answer = app.test_client().post(
    "/model/v1/predict", json={"features": {"age": 30.0}, "id": "one"}, base_url="http://localhost"
)
print(answer.status_code)
heavy = {"pandas", "pyarrow", "sklearn", "mlflow", "xgboost", "scipy", "matplotlib", "onnx"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


# A server that loads the application and then forks its workers, as gunicorn --preload does.
FORKING = """
import os
from flask import Flask
from holdfast.integrations.flask import blueprint

app = Flask(__name__)
app.register_blueprint(blueprint(project="churn", url_prefix="/model"))

def work(name):
    body = {"features": {"age": 30.0}, "id": name}
    client = app.test_client()
    answer = client.post("/model/v1/predict", json=body, base_url="http://localhost")
    os._exit(0 if answer.status_code == 200 else 1)

children = []
for name in ("a", "b"):
    child = os.fork()
    if child == 0:
        work(name)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""


@pytest.fixture
def examples():
    """The page's pieces of Python, in order."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A trained project in the folder that the page names, seen from where the page stands."""
    folder = tmp_path / "churn"
    folder.mkdir()
    lines = [f"{20 + i % 60},{'yes' if i * 7 % 60 < i % 60 else 'no'}" for i in range(600)]
    (folder / "data.csv").write_text("\n".join(["age,left", *lines]) + "\n")
    (folder / "holdfast.toml").write_text('[data]\npath = "data.csv"\ntarget = "left"\n')
    project = Project(folder, dict(NO_MIRROR))
    project.ok("train")
    monkeypatch.chdir(tmp_path)
    return project


@pytest.mark.slow
class TestExamples:
    def test_each_application_of_the_page_serves_the_project(self, project, examples):
        """Copied and run; all of them write into the one log of the project."""
        flask, fastapi, judged = (self.application(text) for text in examples)

        first = flask.test_client().post("/model/v1/predict", json=BODY).get_json()
        with TestClient(fastapi, base_url="http://localhost") as client:
            second = client.post("/model/v1/predict", json=BODY).json()
            status = client.get("/model/v1/status").json()
        stranger = judged.test_client().post("/model/v1/predict", json=BODY)
        known = judged.test_client().post(
            "/model/v1/predict", json=BODY, headers={"X-User": "ann", "Host": "shop.example"}
        )

        assert first["model_version"] == "v1"
        assert first == second == known.get_json()  # the same id: given again, from the log
        assert status["n_predictions"] == 1
        assert stranger.status_code == 403

    @staticmethod
    def application(text):
        names = {"__name__": "shop"}
        exec(compile(text, str(PAGE), "exec"), names)
        return names["app"]


@pytest.mark.slow
class TestProcesses:
    def test_workers_that_were_forked_write_into_one_log(self, project, tmp_path):
        """Each opens the project for itself; nothing was open before the fork."""
        done = self.run(FORKING, tmp_path)

        assert done.stdout == "[0, 0]\n", done.stderr
        assert project.json("status")["n_predictions"] == 2

    def test_a_program_ends_by_itself_and_what_it_answered_is_logged(self, project, tmp_path):
        """No thread of ours keeps a process alive, and nothing heavy was loaded for it."""
        done = self.run(LIFE, tmp_path)

        assert (done.returncode, done.stdout.split("\n")[:2]) == (0, ["200", "[]"]), done.stderr
        assert "Traceback" not in done.stderr
        assert project.json("status")["n_predictions"] == 1

    @staticmethod
    def run(program, folder):
        return subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", program],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
