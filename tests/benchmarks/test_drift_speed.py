"""The speed benchmark: its rows, its judgement, and a small run of each part."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.drift_speed import budgets, main, reference_of, report_on
from benchmarks.drift_speed_rows import COLUMNS, CONTRACT, NUMBERS, WORDS, fresh_rows, write_folder
from benchmarks.drift_speed_scan import SETTINGS

from benchmarks import drift_speed
from holdfast.drift.report import compare
from holdfast.drift.rows import count_rows


class TestFreshRows:
    def test_are_fourteen_numbers_and_six_words(self):
        """As the budget names them, in Arrow, some of them missing."""
        table = fresh_rows(2_000, np.random.default_rng(1))

        kinds = [field.type for field in table.schema]
        assert table.column_names == list(COLUMNS)
        assert (kinds.count(pa.float64()), kinds.count(pa.string())) == (14, 6)
        assert (len(NUMBERS), len(WORDS)) == (14, 6)
        missing = [column.null_count for column in table.columns]
        assert missing[::2] == [0] * 10
        assert min(missing[1::2]) > 0

    def test_two_windows_share_their_distributions_and_no_row(self):
        """Else a report on them would say drift, or there would be nothing to count anew."""
        before, after = (fresh_rows(20_000, np.random.default_rng(seed)) for seed in (1, 2))
        reference = reference_of(20_000, seed=1)

        counted = [count_rows(rows, CONTRACT, reference.grid) for rows in (before, after)]
        report = compare(*counted, grid=reference.grid)

        assert report.share_drifted == 0.0
        assert not before.slice(0, 5).equals(after.slice(0, 5))


class TestWriteFolder:
    def test_writes_all_rows_in_files_of_their_own(self, tmp_path):
        """The last file holds what is left; no two files hold the same rows."""
        size = write_folder(tmp_path / "rows", n_rows=2_500, rows_per_file=1_000, seed=1)

        files = sorted((tmp_path / "rows").iterdir())
        tables = [pq.read_table(path) for path in files]
        assert [table.num_rows for table in tables] == [1_000, 1_000, 500]
        assert size == sum(path.stat().st_size for path in files)
        assert not tables[0].equals(tables[1])

    @pytest.mark.parametrize("setting", SETTINGS)
    def test_every_scan_reads_every_row(self, setting, tmp_path):
        """A scan that stopped early would be a fast one."""
        write_folder(tmp_path / "rows", n_rows=2_500, rows_per_file=1_000, seed=1)

        assert SETTINGS[setting](tmp_path / "rows") == 2_500


class TestReportOn:
    def test_covers_all_columns(self):
        """A report on fewer would be faster."""
        reference = reference_of(3_000, seed=1)

        assert report_on(fresh_rows(3_000, np.random.default_rng(2)), reference) == 20


class TestBudgets:
    def test_each_bound_is_held_on_its_own_side(self):
        """Seconds and bytes from above, ratios from below."""
        good = {
            "in_memory": {"median_seconds": 0.25, "times_faster": 300.0},
            "memory": {"above": 100_000_000},
            "cold": {"median_seconds": 3.0},
            "folder": {"share_of_scan_speed": 0.35, "peak": 2**30},
        }
        bad = {
            "in_memory": {"median_seconds": 0.26, "times_faster": 299.0},
            "memory": {"above": 100_000_001},
            "cold": {"median_seconds": 3.01},
            "folder": {"share_of_scan_speed": 0.34, "peak": 2**30 + 1},
        }

        assert [check["holds"] for check in budgets(good).values()] == [True] * 6
        assert [check["holds"] for check in budgets(bad).values()] == [False] * 6

    def test_what_was_not_measured_is_no_budget_held(self):
        """A part left out, or a peer that did not run, has no line at all."""
        found = budgets({"in_memory": {"median_seconds": 0.1, "times_faster": None}})

        assert list(found) == ["report_seconds"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_small_run_measures_every_part(tmp_path, monkeypatch):
    """All but the peer, on few rows: each figure is there, and the command tells the budgets."""
    output = tmp_path / "speed.json"
    arguments = ["--rows", "20000", "--folder-rows", "40000", "--repetitions", "1"]
    places = ["--evidently", "0", "--dir", str(tmp_path), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["drift_speed.py", *arguments, *places])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as CI does, and a user does not
    monkeypatch.setenv("DO_NOT_TRACK", "1")

    code = main()

    result = json.loads(output.read_text(encoding="utf-8"))
    assert code == (0 if result["holds"] else 1)
    assert result["memory"]["features"] == result["cold"]["features"] == 20
    assert result["memory"]["above"] < result["memory"]["peak"]
    assert set(result["folder"]["scan_by_setting"]) == set(SETTINGS)
    assert set(result["checks"]) == {
        "report_seconds",
        "memory_above_data",
        "cold_seconds",
        "share_of_scan_speed",
        "folder_memory",
    }
    assert result["checks"]["memory_above_data"]["holds"]
    assert result["checks"]["folder_memory"]["holds"]
    assert result["machine"]["omp_num_threads"] is None
    assert list(tmp_path.iterdir()) == [output]


class TestPage:
    def test_its_figures_are_those_of_the_published_run(self):
        """A page that was edited by hand, or a run that never reached it, would show here."""
        page = drift_speed.PAGE.read_text(encoding="utf-8")
        result = json.loads(drift_speed.RESULT.read_text(encoding="utf-8"))

        assert drift_speed.filled(page, result) == page
        assert "| what | found |" in page

    def test_the_published_run_was_a_whole_one(self):
        """All parts, of a million rows and of twenty million."""
        result = json.loads(drift_speed.RESULT.read_text(encoding="utf-8"))

        assert (result["in_memory"]["rows"], result["cold"]["rows"]) == (1_000_000, 1_000_000)
        assert result["folder"]["rows"] == 20_000_000
        assert result["in_memory"]["evidently_seconds"]
