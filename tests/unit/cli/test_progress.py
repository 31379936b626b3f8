"""Tests of the progress bar."""

from __future__ import annotations

from holdfast.cli.progress import progress_bar


class TestProgressBar:
    def test_is_silent_where_nobody_looks_on(self, capsys):
        """A pipe or a log gets the answer alone, not even an empty line."""
        with progress_bar() as bar:
            bar.update(bar.add_task("Scoring", total=2), completed=1)

        assert capsys.readouterr() == ("", "")
