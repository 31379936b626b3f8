"""Which channels reach people."""

from __future__ import annotations

from holdfast.domain.errors import UndeliveredError
from holdfast.domain.evidence import Severity
from holdfast.domain.notices import NoticeKind
from holdfast.loop.try_channels import try_channels
from holdfast.testing.fakes import InMemoryNotifier
from holdfast.testing.project import START


class Refusing(InMemoryNotifier):
    def notify(self, notice):
        raise UndeliveredError(self.channel.name, reason="it answered HTTP 403")


class TestTryChannels:
    def test_says_of_each_what_came_of_it(self):
        """One that fails keeps none of the others from being tried."""
        mail, chat, pager = InMemoryNotifier("mail"), Refusing("chat"), InMemoryNotifier("pager")
        mail.down = True

        came = try_channels([mail, chat, pager], now=START)

        assert came == {
            "notifier/mail": "no dial tone",
            "notifier/chat": "it answered HTTP 403",
            "notifier/pager": None,
        }

    def test_sends_what_says_that_nothing_is_wrong(self):
        """Also to those that hear of critical alerts alone."""
        pager = InMemoryNotifier("pager", least=Severity.CRITICAL)

        try_channels([pager], now=START)

        (notice,) = pager.told
        assert notice.kind is NoticeKind.TRIED
        assert "nothing is wrong" in notice.body("churn")
