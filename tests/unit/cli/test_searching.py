"""Tests of what a search shows."""

from __future__ import annotations

from holdfast.cli import searching
from holdfast.cli.progress import progress_bar
from holdfast.cli.searching import shown_search


class TestShownSearch:
    def test_is_silent_where_nobody_looks_on(self, capsys):
        """A pipe or a log gets the answer alone."""
        with shown_search() as progress:
            progress("xgboost", 1, 0.2)

        assert capsys.readouterr() == ("", "")

    def test_has_a_line_for_each_trainer(self, monkeypatch):
        """With its trials so far, and the best of them."""
        bar = progress_bar()
        monkeypatch.setattr(searching, "progress_bar", lambda: bar)

        with shown_search() as progress:
            progress("xgboost", 1, 0.2)
            progress("xgboost", 2, 0.15)
            progress("logistic_regression", 1, 0.3)

        assert [task.description for task in bar.tasks] == [
            "xgboost: 2 trials, best Brier score 0.1500",
            "logistic_regression: 1 trial, best Brier score 0.3000",
        ]
