"""A project's own trainers, through the command line: they compete, fail, and are contained."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest
from tests.harness import NO_MIRROR, Project

pytestmark = pytest.mark.slow

OWN = """
    import os
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    def forest():
        return RandomForestClassifier(n_estimators=20, min_samples_leaf=10)

    class Crashing(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            os.abort()
"""


@pytest.fixture(name="project")
def _project(tmp_path):
    """A project that names these trainers; its data are learnable from one column."""
    lines = [
        f"{20 + i % 60},{'ab'[i % 2]},{'yes' if i * 7 % 60 < i % 60 else 'no'}" for i in range(600)
    ]
    (tmp_path / "data.csv").write_text("\n".join(["age,plan,left", *lines]) + "\n")
    (tmp_path / "our_models.py").write_text(dedent(OWN))

    def of(*trainers):
        (tmp_path / "holdfast.toml").write_text(
            '[data]\npath = "data.csv"\ntarget = "left"\n'
            f"[train]\ntrainers = {json.dumps(trainers)}\n"
        )
        return Project(tmp_path, dict(NO_MIRROR))

    return of


class TestOwnTrainers:
    def test_compete_with_the_built_in_ones(self, project):
        """
        The best by Brier score is released; what each reached stands in card and event. The
        built-in ones are searched before, in the same child process.
        """
        folder = project("logistic_regression", "xgboost", "our_models:forest")

        launched = json.loads(folder.ok("train", "--search", "2", "--json"))

        competition = launched["competition"]
        assert set(competition) == {"logistic_regression", "xgboost", "our_models:forest"}
        assert launched["trainer"] == min(competition, key=competition.get)
        assert launched["failures"] == {}
        trials = {name: found["n_trials"] for name, found in launched["search"].items()}
        assert trials == {"logistic_regression": 2, "xgboost": 2}

    def test_make_the_same_release_twice(self, project, tmp_path):
        """Byte for byte: its id is the digest of its files, and names them all."""
        folder = project("our_models:forest")

        first, second = (json.loads(folder.ok("train", "--json")) for _ in range(2))

        assert first["release_id"] == second["release_id"]

    def test_may_crash_while_the_others_go_on(self, project):
        """A crash of its process is a failure that is written down."""
        folder = project("our_models:Crashing", "logistic_regression")

        launched = json.loads(folder.ok("train", "--json"))

        assert launched["trainer"] == "logistic_regression"
        assert launched["failures"] == {"our_models:Crashing": "its process crashed (SIGABRT)"}

    def test_end_in_one_line_if_none_is_left(self, project):
        """No traceback, no release, and the reason."""
        folder = project("our_models:Crashing")

        done = folder.run("train")

        assert done.returncode == 1
        assert "'our_models:Crashing'" in done.stderr
        assert "its process crashed (SIGABRT)" in done.stderr
        assert "Traceback" not in done.stderr
