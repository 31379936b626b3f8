"""Tests of holdfast.wiring.trainers."""

from __future__ import annotations

import importlib
import sys
from textwrap import dedent
from typing import Any

import pytest

from holdfast.adapters.trainers.estimator import EstimatorTrainer
from holdfast.domain.errors import PluginError, SettingsError
from holdfast.settings import settings_for
from holdfast.wiring import trainers as wiring
from holdfast.wiring.trainers import trainers_of

OWN = """
    from sklearn.linear_model import LogisticRegression

    class Trainer:
        name = "our_own"

        def fit(self, rows, labels, *, contract, seed, weights=None):
            raise NotImplementedError

    def ridge():
        return LogisticRegression(C=0.1)

    lasso = LogisticRegression(C=0.2)
    number = 7

    def failing():
        raise OSError("no such table")

    class Scoring:
        def fit(self, X, y): ...
        def predict_proba(self, X): ...
"""


@pytest.fixture(name="named")
def _named(tmp_path, monkeypatch):
    """Return the trainers that a project names, in whose folder `our_trainers` lies."""
    (tmp_path / "our_trainers.py").write_text(dedent(OWN))
    monkeypatch.setattr(sys, "path", list(sys.path))

    def of(*names, **train):
        asked = settings_for(
            tmp_path, data={"target": "left"}, train={"trainers": list(names), **train}
        )
        contained: list[Any] = list(trainers_of(asked))
        return [one.trainer for one in contained]

    yield of
    sys.modules.pop("our_trainers", None)


@pytest.fixture(name="installed")
def _installed(tmp_path, monkeypatch):
    """Install a distribution whose entry point `forest` gives this."""

    def of(target):
        info = tmp_path / "our_forests-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-forests\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[holdfast.trainers]\nforest = {target}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()

    return of


class TestTrainersOf:
    def test_makes_the_ones_that_are_named(self, named):
        """In their order; every one works in the same child process."""
        made = named("xgboost", "logistic_regression", "hist_gradient_boosting")

        assert [one.name for one in made] == [
            "xgboost", "logistic_regression", "hist_gradient_boosting"
        ]  # fmt: skip

    def test_contains_them_within_the_limits(self, tmp_path):
        """All share one child: to start it takes a second."""
        settings = settings_for(
            tmp_path,
            data={"target": "left"},
            train={"trainers": ["xgboost", "logistic_regression"], "memory_limit_mb": 512},
        )

        first, second = trainers_of(settings)

        assert first.workshop is second.workshop  # type: ignore[attr-defined] # contained ones
        assert first.workshop._memory_limit == 512 << 20  # type: ignore[attr-defined] # the same

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("logistic_regresion", "Did you mean 'logistic_regression'?"),
            ("perceptron", "It takes logistic_regression, xgboost, hist_gradient_boosting, or a"),
        ],
    )
    def test_refuses_one_that_is_not_known(self, named, name, hint):
        """And says which was meant, or which there are."""
        with pytest.raises(SettingsError) as caught:
            named(name)

        assert repr(name) in str(caught.value)
        assert hint in str(caught.value)

    def test_refuses_one_that_is_named_twice(self, named):
        """It would compete with itself, under one name."""
        with pytest.raises(SettingsError, match="'xgboost' is named twice"):
            named("xgboost", "xgboost")

    @pytest.mark.parametrize(("target", "penalty"), [("ridge", 0.1), ("lasso", 0.2)])
    def test_takes_a_classifier_of_the_project(self, named, target, penalty):
        """A factory or the thing itself, from a module in the project's folder."""
        (trainer,) = named(f"our_trainers:{target}")

        assert isinstance(trainer, EstimatorTrainer)
        assert trainer.name == f"our_trainers:{target}"
        assert trainer.estimator.get_params()["C"] == penalty

    def test_takes_a_trainer_of_the_project(self, named):
        """One that is written to the port, and does its own export."""
        (trainer,) = named("our_trainers:Trainer")

        assert trainer.name == "our_own"

    @pytest.mark.parametrize(
        ("name", "found"),
        [
            ("no_such_module:x", "cannot be used: No module named 'no_such_module'"),
            ("our_trainers:nothing", "has no attribute 'nothing'"),
            ("our_trainers:failing", "OSError: no such table"),
            ("our_trainers:number", "gives 'int', which lacks fit and name"),
            ("our_trainers:Scoring", "gives 'Scoring', which lacks get_params and set_params"),
        ],
    )
    def test_refuses_what_is_no_trainer(self, named, name, found):
        """It says what was found, and where it was looked for or what is needed."""
        with pytest.raises(SettingsError) as caught:
            named(name)

        assert found in str(caught.value)
        assert name in str(caught.value)

    def test_takes_a_trainer_of_a_package(self, named, installed):
        """By the name of its entry point."""
        installed("our_trainers:ridge")

        (trainer,) = named("forest")

        assert (trainer.name, trainer.estimator.C) == ("forest", 0.1)

    def test_refuses_a_package_that_offers_no_trainer(self, named, installed):
        """The package is named, since the project cannot mend it."""
        installed("our_trainers:number")

        with pytest.raises(PluginError, match=r"package 'our-forests'.*lacks fit and name"):
            named("forest")


class TestMemoryLimit:
    @pytest.mark.parametrize(
        ("written", "expected"), [("1073741824\n", 768 << 20), ("max\n", None), (None, None)]
    )
    def test_heeds_the_container(self, tmp_path, monkeypatch, written, expected):
        """The machine may have more than the container may take."""
        file = tmp_path / "memory.max"
        if written is not None:
            file.write_text(written)
        monkeypatch.setattr(wiring, "_CGROUP_LIMIT", file)

        found = wiring._memory_limit(None)

        machines = found > 768 << 20
        assert machines if expected is None else found == expected
