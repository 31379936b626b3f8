"""Which bodies are read at all."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.serving.bodies import check_announced, decode_object, read_body
from holdfast.serving.limits import ServingLimits
from holdfast.serving.problems import RefusedError

JSON = {"Content-Type": "application/json"}


class TestCheckAnnounced:
    @pytest.mark.parametrize("size", ["9" * 5000, "-1", "+1", "1.0", "0x1", "²", ""])
    def test_refuses_what_is_no_size(self, size):
        """Python raises for numbers of more than 4,300 digits; servers pass them on."""
        headers = {"content-type": "application/json", "content-length": size}

        with pytest.raises(RefusedError) as caught:
            check_announced(headers, ServingLimits())

        assert caught.value.status == 413


class TestReadBody:
    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""]
    )
    def test_takes_json_only(self, client, kind):
        """A form of another site can send text, but no application/json unasked."""
        response = client.post("/v1/predict", content=b"{}", headers={"Content-Type": kind})

        assert response.status_code == 415
        assert "Content-Type: application/json" in response.json()["detail"]

    @pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
    def test_takes_json_however_it_is_written(self, client, kind):
        """Media types have parameters and no case."""
        response = client.post("/v1/predict", content=b"{}", headers={"Content-Type": kind})

        assert response.status_code == 422

    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Encoding": "gzip"},
            {"Content-Encoding": "br"},
            {"Content-Type": "application/json; charset=latin-1"},
        ],
    )
    def test_takes_neither_compression_nor_other_encodings(self, client, headers):
        """A small compressed body may become a large one."""
        response = client.post("/v1/predict", content=b"{}", headers=JSON | headers)

        assert response.status_code == 415

    def test_refuses_an_announced_size_before_reading(self, serving):
        """The Content-Length alone is enough."""
        with serving.client(max_body_bytes=100) as client:
            response = client.post("/v1/predict", content=b" " * 101, headers=JSON)

        assert response.status_code == 413
        assert "larger than 100 bytes" in response.json()["detail"]

    def test_refuses_a_stream_that_grows_too_large(self, serving):
        """Without a Content-Length the size is watched while the body arrives."""
        with serving.client(max_body_bytes=100) as client:
            response = client.post(
                "/v1/predict", content=(b" " * 60 for _ in range(2)), headers=JSON
            )

        assert response.status_code == 413

    def test_refuses_a_body_that_does_not_come(self):
        """A client that sends a byte a minute may not hold a connection for long."""

        async def never():
            await asyncio.Event().wait()

        limits = ServingLimits(body_seconds=0.01)

        with pytest.raises(RefusedError) as caught:
            asyncio.run(read_body({"content-type": "application/json"}, never, limits))

        assert caught.value.status == 408

    def test_puts_the_pieces_together(self):
        """However a client cuts its body up."""
        pieces = iter([(b'{"a"', True), (b"", True), (b": 1}", False)])

        async def receive():
            body, more = next(pieces)
            return {"type": "http.request", "body": body, "more_body": more}

        found = asyncio.run(
            read_body({"content-type": "application/json"}, receive, ServingLimits())
        )

        assert found == b'{"a": 1}'

    def test_says_so_where_the_client_went_away(self):
        """Half a body is none, and no error of the server."""

        async def gone():
            return {"type": "http.disconnect"}

        with pytest.raises(RefusedError, match="went away") as caught:
            asyncio.run(read_body({"content-type": "application/json"}, gone, ServingLimits()))

        assert caught.value.status == 400


class TestDecodeObject:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "The body is empty"),
            (b"  ", "The body is empty"),
            (b"[1]", "must be a JSON object"),
            (b"7", "must be a JSON object"),
            (b'{"a": 1', "input data was truncated"),
            (b'{"a": 1}x', "trailing characters"),
            (b'{"a": NaN}', "send null for a missing value"),
            (b'{"a": "\xff"}', "not valid UTF-8"),
            (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
            (b'{"a": ' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
        ],
    )
    def test_says_why_a_body_is_no_json_object(self, body, words):
        """In words, with a position, without a piece of the body."""
        with pytest.raises(RefusedError, match=words) as caught:
            decode_object(body)

        assert caught.value.status == 400

    def test_reads_an_object(self):
        """Strings, numbers, booleans, null and what is made of them."""
        assert decode_object(b'{"a": [1, 2.5, "x", true, null]}') == {
            "a": [1, 2.5, "x", True, None]
        }
