"""One address: what its deliveries are told, and what becomes of those that fail."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.adapters.notifiers import apprise
from holdfast.adapters.notifiers.apprise import AppriseNotifier, channel_named
from holdfast.domain.errors import UndeliveredError
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.notices import Notice, NoticeKind

SECRET = "hunter2"
URL = f"slack://{SECRET}/B/C"


def notice(severity=Severity.CRITICAL, kind=NoticeKind.RAISED):
    return Notice(
        kind=kind,
        alert=Alert(trigger=Trigger.HARM, severity=severity, subject="loss", message="it rose"),
        model_version=ModelVersion("v1"),
        event_id=EventId("019b76da-a800-7000-8000-000000000001"),
        at=datetime(2026, 7, 1, tzinfo=UTC),
    )


@pytest.fixture(name="orders")
def _orders(monkeypatch):
    """Take the place of the delivering process; every delivery is taken."""
    taken = []

    def run(command, **options):
        taken.append((command, options["input"]))
        return subprocess.CompletedProcess(command, 0, stdout='noise\n{"failure": null}\n')

    monkeypatch.setattr(subprocess, "run", run)
    return taken


@pytest.fixture(name="programs")
def _programs(tmp_path, monkeypatch):
    """Put a program of one's own in the place of the one that delivers."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(apprise, "_PROGRAM", "delivering")

    def write(text):
        (tmp_path / "delivering.py").write_text(text)

    return write


class TestAppriseNotifier:
    def test_hands_the_address_on_where_no_other_process_sees_it(self, orders):
        """A list of processes shows their arguments to everyone on the machine."""
        AppriseNotifier(URL, model_name="churn").notify(notice())

        ((command, given),) = orders
        assert SECRET not in " ".join(command)
        assert json.loads(given)["url"] == URL

    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            (notice(Severity.INFO), "info"),
            (notice(Severity.WARNING), "warning"),
            (notice(Severity.CRITICAL), "failure"),
            (notice(Severity.CRITICAL, NoticeKind.RESOLVED), "success"),
        ],
    )
    def test_says_how_bad_it_is_in_apprises_words(self, orders, said, kind):
        """By which Slack and others choose a colour."""
        AppriseNotifier(URL, model_name="churn").notify(said)

        assert json.loads(orders[0][1])["type"] == kind

    def test_names_the_dashboard_if_there_is_one(self, orders):
        """Where a person looks next."""
        AppriseNotifier(URL, model_name="churn", dashboard="https://ops/churn").notify(notice())

        assert "Dashboard: https://ops/churn" in json.loads(orders[0][1])["body"]

    @pytest.mark.parametrize("call", ["@everyone", "@Channel", "<!here>", "<@U123>"])
    def test_calls_nobody_by_words_that_clients_sent(self, orders, call):
        """A category that training never saw may be anything."""
        said = notice()
        said = replace(said, alert=replace(said.alert, message=f"unseen: {call}"))

        AppriseNotifier(URL, model_name="churn").notify(said)

        order = json.loads(orders[0][1])
        assert call not in order["title"] + order["body"]
        assert call[1:] in order["title"]

    def test_refuses_private_addresses_and_redirects_unless_told_otherwise(self, orders):
        """The safe way is the default one."""
        AppriseNotifier(URL, model_name="churn").notify(notice())

        order = json.loads(orders[0][1])
        assert (order["allow_private"], order["allow_redirects"]) == (False, False)

    def test_ends_a_delivery_that_hangs(self, programs):
        """A channel that never answers must not stop the loop."""
        programs("import threading\nthreading.Event().wait()\n")
        patient = AppriseNotifier(URL, model_name="churn", timeout=timedelta(seconds=0.3))

        with pytest.raises(UndeliveredError, match=r"did not answer within 0\.3 s"):
            patient.notify(notice())

    @pytest.mark.parametrize("text", ["import nothing_like_it\n", "raise SystemExit(0)\n"])
    def test_a_delivery_that_breaks_off_has_failed(self, programs, text):
        """Its traceback, which may hold the address, is dropped."""
        programs(text)

        with pytest.raises(UndeliveredError, match="the delivery broke off"):
            AppriseNotifier(URL, model_name="churn").notify(notice())

    @pytest.mark.slow
    def test_connects_to_nothing_on_this_machine(self):
        """By the real process, which says why, and names neither address nor password."""
        local = AppriseNotifier(f"json://u:{SECRET}@127.0.0.1:9/{SECRET}", model_name="churn")

        with pytest.raises(UndeliveredError, match=r"127\.0\.0\.1, which is not") as caught:
            local.notify(notice())

        assert "[alerts] allow_private" in str(caught.value)
        assert SECRET not in str(caught.value)


class TestChannelNamed:
    def test_tells_the_service_and_no_secret(self):
        """The name stands in the store and in the log."""
        name = channel_named(URL)

        assert name.startswith("notifier/slack-")
        assert SECRET not in name

    def test_is_the_same_everywhere_and_another_for_another_address(self):
        """A server owes what another process delivers."""
        channel_named.cache_clear()
        first = channel_named(URL)
        channel_named.cache_clear()

        assert channel_named(URL) == first
        assert channel_named(f"{URL}/") != first
