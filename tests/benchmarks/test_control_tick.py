"""The benchmark of a control tick, at a thousandth of its size."""

import json

import pytest
from benchmarks.control_tick import RESULT, Plan, budgets, main, row_of

ROOT = RESULT.parents[2]
SMALL = Plan(sizes=(3_000, 6_000), new=150, days=2, pool=500)


class TestControlTick:
    def test_measures_ticks_of_a_process_that_runs(self, tmp_path, capsys):
        """Every row of history is counted, each day of it was judged, and nothing retrains."""
        result = tmp_path / "tick.json"

        main(["--dir", str(tmp_path), "--out", str(result)], SMALL)

        found = json.loads(result.read_text())
        sizes = found["sizes"]
        assert [size["rows"] for size in sizes] == [3_000, 6_000]
        assert all(size["retrainings"] == 0 for size in sizes)
        assert sizes[1]["events"] > sizes[0]["events"] > 2 * 3_000 / 150
        parts = sizes[0]["first_of_a_day"]["parts"]
        assert {"profile_new", "observe", "detect", "caught_up"} <= parts.keys()
        assert sizes[0]["again"]["median"] > 0
        assert "tick: " in capsys.readouterr().out
        assert [path.name for path in tmp_path.iterdir()] == ["tick.json"]


class TestBudgets:
    @pytest.mark.parametrize(("took", "holds"), [(0.29, True), (0.31, False)])
    def test_hold_for_the_largest_history(self, took, holds):
        """And it must not be slower than the one before it by more than runs differ."""
        sizes = [{"first_of_a_day": {"median": each}} for each in (0.01, 0.2, took)]

        found = budgets({"sizes": sizes})

        assert found["tick"]["holds"] is holds
        assert not found["growth"]["holds"]
        assert found["growth"]["found"] == took / 0.2


class TestPage:
    def test_shows_the_figures_of_the_published_run(self):
        """The table of `the-loop.md` is that run's."""
        run = json.loads(RESULT.read_text(encoding="utf-8"))
        page = (ROOT / "docs/explanation/the-loop.md").read_text(encoding="utf-8")

        for size in run["sizes"]:
            assert row_of(size) in page
