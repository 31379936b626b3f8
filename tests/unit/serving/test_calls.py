"""What passes between transports and the core."""

from __future__ import annotations

import pytest

from holdfast.serving.calls import Reply, finished, json_reply, request_id_of


class TestJsonReply:
    def test_takes_json_that_is_encoded_already(self):
        """What a thread encoded is not encoded again."""
        assert json_reply(b"{}").body == json_reply({}).body == b"{}"

    def test_keeps_every_digit(self):
        """The answer and the log hold the same number."""
        assert json_reply([0.1 + 0.2]).body == b"[0.30000000000000004]"


class TestRequestIdOf:
    @pytest.mark.parametrize("given", [None, "", "a b", "x" * 65, "é", "a\nb"])
    def test_replaces_what_is_not_short_and_plain(self, given):
        """It goes into headers and logs."""
        assert len(request_id_of(given)) == 32


class TestFinished:
    def test_adds_what_every_answer_carries(self):
        """What the answer says itself stands."""
        reply = Reply(body=b"", headers={"Cache-Control": "max-age=1", "Retry-After": "1"})

        headers = finished(reply, request_id="r").headers

        assert headers == {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "max-age=1",
            "Retry-After": "1",
            "X-Request-Id": "r",
        }
