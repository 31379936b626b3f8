"""How long processors have worked, here and in children."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from holdfast.adapters.clocks.cpu import cpu_seconds

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


class TestCpuSeconds:
    def test_counts_work_and_not_waiting(self):
        """A policy that waits costs nothing."""
        began = cpu_seconds()

        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass

        assert 0.04 < cpu_seconds() - began < 5

    def test_counts_children_that_ended(self):
        """Trainers work in them."""
        began = cpu_seconds()

        subprocess.run([sys.executable, "-c", BUSY], check=True)

        assert cpu_seconds() - began > 0.25

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only ended children count")
    def test_counts_children_that_still_run(self):
        """The one in which trainers work stays for the next fit."""
        began = cpu_seconds()
        told = BUSY + "print('done', flush=True)\ninput()\n"

        with subprocess.Popen(
            [sys.executable, "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            used = cpu_seconds() - began
            child.communicate(b"\n")

        assert used > 0.25
