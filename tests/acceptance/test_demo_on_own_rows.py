"""The demo on real rows: says what is real, finds what was made, and leaves a project."""

from __future__ import annotations

import pytest
from tests.harness import NO_MIRROR, refusal, run

pytestmark = pytest.mark.slow


class TestDemoOnOwnRows:
    def test_plays_telco(self, data_folder, tmp_path):
        """Harmless months are left alone, the harmful one is answered by a retraining."""
        file = data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"

        words = ("demo", "--data", file, "--target", "Churn", "--rows", 2_000)
        done = run(*words, cwd=tmp_path, timeout=180, **NO_MIRROR)

        assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        assert "7,043 real rows" in lines[0]
        assert lines[1].startswith("No cell is changed: the drift is made by drawing some rows")
        months = [line for line in lines if " -> " in line and line[:3].isalpha()]
        assert [line[:3] for line in months] == [
            "Jan",
            "Feb",
            "Mar",
            "Apr",
            "May",
            "Jun",
            "Jul",
            "Aug",
        ]
        assert not any("retrained" in line for line in months[:4])
        assert any("retrained, promoted v2" in line for line in months[4:])
        assert (tmp_path / "demo" / "holdfast.toml").exists()

    def test_refuses_a_file_that_is_too_small(self, tmp_path):
        """Half of it would train no model worth watching."""
        (tmp_path / "few.csv").write_text("x,y\n" + "1,a\n2,b\n" * 100)

        words = ("demo", "--data", "few.csv", "--target", "y")
        done = run(*words, cwd=tmp_path, timeout=60, **NO_MIRROR)

        assert "Only 200 of the 600 labelled rows" in refusal(done)

    def test_needs_to_know_the_target(self, tmp_path):
        """One without the other is a slip of the hand."""
        done = run("demo", "--data", "few.csv", cwd=tmp_path)

        assert done.returncode == 2
        assert "--data and --target go together" in done.stderr
