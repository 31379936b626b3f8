"""The serving benchmark: its load, its judgement, and a small run of the whole."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from benchmarks.serving import Bodies, budgets, main
from benchmarks.serving_load import figures_of, load

ROOT = Path(__file__).resolve().parents[2]
ANSWER = b'{"prediction_id":"a"}'
REFUSAL = b'{"title":"not now"}'


async def loaded(requests, connections, *, answers):
    """Load a server that gives these answers, in two pieces each; return what it saw, too."""
    seen = []
    left = iter(answers)

    async def serve(reader, writer):
        with suppress(asyncio.IncompleteReadError):  # the client is done
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen.append(head)
                status, body = next(left)
                writer.write(b"HTTP/1.1 %b\r\nContent-Len" % status)
                await writer.drain()
                writer.write(b"gth: %d\r\n\r\n%b" % (len(body), body))
                if status.startswith(b"4"):
                    break
        writer.close()
        await writer.wait_closed()
        closed.set()

    closed = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        found = await load("127.0.0.1", port, requests, connections)
    finally:
        await closed.wait()
        server.close()
        await server.wait_closed()
    return found, seen


class TestLoad:
    def test_sends_each_request_once_and_counts_the_answers(self):
        """A refusal is no acknowledged row, and it is not passed over."""
        requests = [b"POST /%d HTTP/1.1\r\n\r\n" % i for i in range(7)]
        answers = [(b"200 OK", ANSWER)] * 6 + [(b"503 Not now", REFUSAL)]

        found, seen = asyncio.run(loaded(requests, 3, answers=answers))
        figures = figures_of(found, connections=3, seconds=0.5, busy=0.4)

        assert sorted(seen) == requests
        assert (figures["requests"], figures["failed"], figures["acknowledged_rows"]) == (7, 1, 6)
        assert (figures["requests_per_second"], figures["load_busy"]) == (14, 0.4)
        assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]

    def test_breaks_off_where_a_connection_does(self):
        """Else it would wait for ever, or report a rate of what was left."""
        requests = [b"POST / HTTP/1.1\r\n\r\n"] * 3

        with pytest.raises(ConnectionError):
            asyncio.run(loaded(requests, 1, answers=[(b"400 Bad", REFUSAL)] * 3))


class TestBodies:
    def test_are_new_rows_each_time(self, tmp_path):
        """A row that was sent before would be in the server's caches."""
        bodies = Bodies(folder=tmp_path, rng=np.random.default_rng(1))

        first, second = (bodies.single(20).read_text().splitlines() for _ in range(2))
        (batch,) = bodies.batches(1, 30).read_text().splitlines()

        assert len({*first, *second}) == 40
        assert len(json.loads(first[0])["features"]) == 20
        assert len(json.loads(batch)["rows"]) == 30


def part(**figures):
    return {"requests_per_second": 1_000.0, "p50_ms": 1.0, "p99_ms": 9.0, **figures}


@pytest.fixture
def found():
    """Figures that hold all budgets."""
    server = {name: part() for name in ("one_connection", "many_connections", "batches_of_1000")}
    return {
        "fsync": {"median_ms": 0.5},
        "with_log": {**server, "ready_seconds": 1.4, "peak_megabytes": 140.0},
        "without_log": {"many_connections": part(requests_per_second=2_000.0)},
        "mlflow": {"many_connections": part(requests_per_second=20.0)},
        "score": {"rows_per_second": 300_000.0},
    }


class TestBudgets:
    def test_hold_where_the_figures_do(self, found):
        """All of them are judged."""
        judged = budgets(found)

        assert len(judged) == 8
        assert all(one["holds"] for one in judged.values())

    @pytest.mark.parametrize(
        ("name", "path", "value"),
        [
            ("p99_ms_at_16_connections", ("with_log", "many_connections", "p99_ms"), 10.1),
            (
                "p50_ms_above_the_fsync_at_1_connection",
                ("with_log", "one_connection", "p50_ms"),
                1.6,
            ),
            ("p50_ms_of_a_batch_of_1000", ("with_log", "batches_of_1000", "p50_ms"), 26),
            (
                "share_of_the_rate_without_log",
                ("without_log", "many_connections", "requests_per_second"),
                2_500.0,
            ),
            (
                "times_the_rate_of_mlflow",
                ("mlflow", "many_connections", "requests_per_second"),
                26.0,
            ),
        ],
    )
    def test_break_one_by_one(self, found, name, path, value):
        """Each looks at its own figure."""
        server, part_name, figure = path
        found[server] = {**found[server], part_name: part(**{figure: value})}

        broken = [key for key, one in budgets(found).items() if not one["holds"]]

        assert broken == [name]

    @pytest.mark.parametrize(
        ("name", "part_name", "figure", "value"),
        [
            ("seconds_until_ready", "with_log", "ready_seconds", 1.6),
            ("peak_megabytes", "with_log", "peak_megabytes", 151.0),
            ("rows_scored_per_second", "score", "rows_per_second", 190_000.0),
        ],
    )
    def test_look_at_the_process_too(self, found, name, part_name, figure, value):
        """How long it takes to start, how much it holds, how fast it scores in bulk."""
        found[part_name] = {**found[part_name], figure: value}

        broken = [key for key, one in budgets(found).items() if not one["holds"]]

        assert broken == [name]

    def test_say_nothing_of_a_peer_that_was_not_measured(self, found):
        """Neither a pass nor a failure."""
        found["mlflow"] = {"not_measured": "it did not start here"}

        assert "times_the_rate_of_mlflow" not in budgets(found)


@pytest.mark.slow
class TestTheScript:
    def test_measures_a_server_with_and_without_its_log(self, tmp_path, monkeypatch):
        """In small: the log has each acknowledged row, whatever the rates are here."""
        output = tmp_path / "serving.json"
        words = ["--requests", "200", "--mlflow", "0", "--rows", "2000"]
        words += ["--dir", tmp_path, "--output", output]
        monkeypatch.setattr(sys, "argv", ["serving.py", *map(str, words)])

        main()

        found = json.loads(output.read_text())
        ours = found["with_log"]
        assert ours["logged_rows"] == ours["acknowledged_rows"] > 200 + 5 * 1_000
        assert ours["many_connections"]["failed"] == 0
        assert found["without_log"]["many_connections"]["acknowledged_rows"] == 200
        assert found["mlflow"] == {"not_measured": "not asked for"}
        assert found["fsync"]["median_ms"] > 0
        assert found["score"]["rows"] == 2_000
        assert ours["ready_seconds"] > 0
        assert 20 < ours["peak_megabytes"] < 400
        assert 0 < ours["many_connections"]["load_busy"] < 1


class TestPage:
    def test_shows_the_figures_of_the_published_run(self):
        """The table of `the-store.md` is that run's."""
        run = json.loads((ROOT / "benchmarks/results/serving.json").read_text(encoding="utf-8"))
        page = (ROOT / "docs/explanation/the-store.md").read_text(encoding="utf-8")
        ours, bare = run["with_log"], run["without_log"]

        def of(kind, key):
            return ours[kind][key], bare[kind][key]

        rate, rate_bare = of("many_connections", "requests_per_second")
        many = ours["many_connections"]
        assert (
            f"| one row, 16 connections | {rate:,.0f} a second; p50 {many['p50_ms']:.1f} ms, "
            f"p99 {many['p99_ms']:.1f} ms | {rate_bare:,.0f} a second |"
        ) in page
        p50, p50_bare = of("one_connection", "p50_ms")
        assert f"| one row, one connection | p50 {p50:.2f} ms | p50 {p50_bare:.2f} ms |" in page
        p50, p50_bare = of("batches_of_1000", "p50_ms")
        assert f"| 1,000 rows, one connection | p50 {p50:.1f} ms | p50 {p50_bare:.1f} ms |" in page
        peer = run["mlflow"]["many_connections"]["requests_per_second"]
        assert f"{peer:.0f} times a second" in page
        assert f"fsync took {run['fsync']['median_ms']:.2f} ms" in page
