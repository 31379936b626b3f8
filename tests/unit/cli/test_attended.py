"""A command beside another one: it is missed when it dies."""

from __future__ import annotations

import sys

from structlog.testing import capture_logs
from tests.harness import await_that

from holdfast.cli.attended import Attended

COUNTS = """
import sys
with open(sys.argv[1], "a") as file:
    file.write("x")
{then}
"""


def command(path, *, then):
    return [sys.executable, "-ISc", COUNTS.format(then=then), str(path)]


class TestAttended:
    def test_starts_again_what_ended_by_itself_and_says_so(self, tmp_path):
        """Again and again, with pauses that grow."""
        path = tmp_path / "starts"

        with capture_logs() as said:
            attended = Attended(command(path, then="sys.exit(5)"), name="loop", first_pause=0.1)
            await_that(lambda: path.exists() and len(path.read_text()) >= 3, "two new starts")
            attended.stop()

        assert [(one["event"], one["exit_code"]) for one in said[:2]] == [("loop_died", 5)] * 2
        assert [one["restarted_after"] for one in said[:2]] == [0.1, 0.2]

    def test_ends_it_without_a_word_when_asked_to(self, tmp_path):
        """That is no death."""
        path = tmp_path / "starts"

        with capture_logs() as said:
            attended = Attended(command(path, then="sys.stdin.read()"), name="loop")
            await_that(lambda: path.exists() and path.read_text() == "x", "it has started")
            attended.stop()

        assert said == []
        assert path.read_text() == "x"

    def test_takes_no_note_of_an_end_that_was_to_come(self, tmp_path):
        """Ctrl-C ends both, and the command may be the quicker one."""
        path = tmp_path / "starts"

        with capture_logs() as said:
            attended = Attended(command(path, then="sys.exit(0)"), name="loop", first_pause=60)
            await_that(lambda: attended._process.poll() is not None, "it has ended")
            attended.let_end()
            attended.stop()

        assert said == []
        assert path.read_text() == "x"
