"""Alerts by Apprise: Slack, e-mail, PagerDuty, Teams, webhooks and a hundred more.

Each delivery is a process of its own. It can be ended when it hangs; what it may connect to
can be held for all of Apprise's plug-ins alike; and the control plane imports none of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from functools import lru_cache
from hashlib import scrypt
from typing import TYPE_CHECKING

from holdfast.domain.errors import UndeliveredError
from holdfast.domain.evidence import Severity
from holdfast.domain.notices import NoticeKind
from holdfast.ports.notifier import Channel

if TYPE_CHECKING:
    from holdfast.domain.notices import Notice

__all__ = ["AppriseNotifier", "channel_named"]

_PROGRAM = "holdfast.adapters.notifiers.apprise_delivery"
_CALL = re.compile(r"@(?=everyone|here|channel|all)|<(?=[!@#&])", re.IGNORECASE)
_TYPES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}


def _calling_nobody(text: str) -> str:
    """Break what chat programs take for a call: categories are words that clients send."""
    return _CALL.sub(lambda found: f"{found[0][0]}\u200b{found[0][1:]}", text)


@lru_cache
def channel_named(url: str) -> str:
    """Return the name of an address's channel, which tells nothing of its secrets.

    A plain digest of an address could be tried against a list of likely passwords.
    """
    scheme = re.match(r"[a-zA-Z0-9]+", url)
    digest = scrypt(url.encode(), salt=b"holdfast/channel", n=2**13, r=8, p=1, dklen=5).hex()
    return f"notifier/{scheme[0].lower() if scheme else 'unknown'}-{digest}"


class AppriseNotifier:
    """Delivers notices to one address."""

    def __init__(
        self,
        url: str,
        *,
        model_name: str,
        least: Severity = Severity.WARNING,
        dashboard: str | None = None,
        allow_private: bool = False,
        allow_redirects: bool = False,
        timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        """Take one address in; nothing is connected to yet.

        Args:
            url: In Apprise's form, with its secrets.
            model_name: What a notice calls the project's model.
            least: What is less loud is not sent.
            dashboard: Where a person can look, if the project has said so.
            allow_private: Whether it may connect to private, loopback and link-local addresses.
            allow_redirects: Whether an answer may send it elsewhere.
            timeout: After that long a delivery is ended, and has failed.
        """
        self.channel = Channel(name=channel_named(url), least=least)
        self._url, self._model_name, self._dashboard = url, model_name, dashboard
        self._rules = {"allow_private": allow_private, "allow_redirects": allow_redirects}
        self._timeout = timeout.total_seconds()

    def notify(self, notice: Notice) -> None:
        """Deliver one notice.

        Raises:
            UndeliveredError: If it was not taken, was refused, or took too long.
        """
        over = notice.kind is NoticeKind.RESOLVED
        order = {
            "url": self._url,
            "title": _calling_nobody(notice.title(self._model_name)),
            "body": _calling_nobody(notice.body(self._model_name, dashboard=self._dashboard)),
            "type": "success" if over else _TYPES[notice.alert.severity],
            **self._rules,
        }
        reason = self._run(json.dumps(order))
        if reason is not None:
            raise UndeliveredError(self.channel.name, reason=reason)

    def _run(self, order: str) -> str | None:
        """Return why an order was not carried out; None if it was."""
        try:
            done = subprocess.run(  # noqa: S603 - our own program; the order goes by its input
                [sys.executable, "-P", "-m", _PROGRAM],  # -P: import nothing of this folder
                input=order,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it did not answer within {self._timeout:g} s ([alerts] timeout)"
        if done.returncode != 0 or not done.stdout:
            return f"the delivery broke off (exit code {done.returncode})"
        said: str | None = json.loads(done.stdout.splitlines()[-1])["failure"]
        return said
