"""Tests of where a process's own log goes."""

from __future__ import annotations

import logging
import threading

import pytest
import structlog

from holdfast.wiring.logs import log_to_stderr


@pytest.fixture(autouse=True)
def _nothing_configured():
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


class TestLogToStderr:
    def test_leaves_standard_output_to_the_answer(self, capsys):
        """`holdfast label --json | jq` must not meet a line about an effect that failed."""
        log_to_stderr()

        structlog.get_logger("any").warning("effect_failed")

        written = capsys.readouterr()
        assert written.out == ""
        assert "effect_failed" in written.err

    def test_commands_are_silent_about_what_went_well(self, capsys):
        """Only a server, which asks for it, says that it has loaded a model."""
        log_to_stderr()
        structlog.get_logger("any").info("champion_swapped")

        assert capsys.readouterr().err == ""

        structlog.reset_defaults()
        log_to_stderr(least=logging.INFO)
        structlog.get_logger("any").info("champion_swapped")

        assert "champion_swapped" in capsys.readouterr().err

    def test_each_line_of_a_worker_says_whose_it_is(self, capsys):
        """Also one that a thread of it writes, as when a model is swapped."""
        log_to_stderr(worker=3)

        thread = threading.Thread(target=structlog.get_logger("any").warning, args=("swapped",))
        thread.start()
        thread.join()

        assert "worker=3" in capsys.readouterr().err

    def test_lets_a_program_around_holdfast_decide(self, capsys):
        """Whoever embeds Holdfast has chosen where the log goes."""
        structlog.configure(logger_factory=structlog.PrintLoggerFactory())

        log_to_stderr()
        structlog.get_logger("any").warning("effect_failed")

        assert "effect_failed" in capsys.readouterr().out
