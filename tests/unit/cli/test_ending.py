"""A child that does not outlive its parent."""

from __future__ import annotations

import signal
import subprocess
import sys

CHILD = """
import signal
from holdfast.cli.ending import end_with_parent
end_with_parent()
print("watches", flush=True)
signal.pause()
"""


class TestEndWithParent:
    def test_asks_the_process_to_stop_once_its_input_ends(self):
        """As it does when the one that holds its other end is killed."""
        with subprocess.Popen([sys.executable, "-c", CHILD], stdin=-1, stdout=-1) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            said = process.stdout.readline()
            running = process.poll() is None

            process.stdin.close()
            code = process.wait(timeout=20)

        assert said == b"watches\n"
        assert running
        assert code == -signal.SIGTERM
