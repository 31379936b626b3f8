"""Whatever is sent to the operations: an answer that is documented, and never half of one."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.adapters.stores.sql import SqlStore
from holdfast.loop.online import OnlinePorts
from holdfast.loop.swap import Champion
from holdfast.serving.bodies import check_announced, decode_object
from holdfast.serving.calls import Call
from holdfast.serving.core import find
from holdfast.serving.limits import ServingLimits
from holdfast.serving.payloads import read_predict
from holdfast.serving.problems import problem_reply
from holdfast.serving.server import new_server, running
from holdfast.serving.typed_bodies import TypedBodies
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore
from holdfast.testing.online import TINY_CONTRACT, TinyRuntime, deploy, put_tiny_release

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = ServingLimits(max_rows=4, max_explained_rows=2, max_body_bytes=200_000)
PREDICT, LABELS = "/v1/predict", "/v1/labels"
REFUSALS = {400, 409, 413, 422}  # as docs/reference/http.md has them for these two routes

# JSON as text, so that it can be of kinds that no encoder writes.
AWKWARD = st.sampled_from(
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "01", "1.", ".5"),
        *("9" * 400, "-" + "9" * 5000, "1e5000000", "18446744073709551616", "3.5e38", "1e39"),
        *('"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\x00"', '"\\ud83d\\ude00"', '"\\x"'),
        *('""', '" "', '"\\n"', '"\u202e"', '"\ufeff"', f'"{"é" * 300}"', f'"{"x" * 70_000}"'),
        *("[" * 5000, "[" * 100 + "]" * 100, '{"a":' * 2000, "{}", "[]", "null", "true", "tru"),
        *('"2026-02-30T00:00:00Z"', '"9999-12-31T23:59:59-23:59"', '"0001-01-01T00:00:00+14:00"'),
        *('{"features": 1, "features": {}}', '{"tenure": 1, "tenure": 2}'),
    ]
)
SCALARS = st.one_of(
    AWKWARD,
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.integers().map(str),
    st.text().map(json.dumps),
    st.text().map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(["Yes", "No", "monthly", "a", "2026-01-01"]).map(json.dumps),
)


def object_of(fields):
    """Return JSON text of an object whose fields come as pairs, twice the same one too."""
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in fields) + "}"


def objects(known, values, *, others=True):
    """Objects of known keys, each there or not, or there twice, and sometimes of others."""
    key = st.sampled_from(known) if not others else st.sampled_from([*known, "x", "", "tenur"])
    return st.lists(st.tuples(key, values), max_size=8).map(object_of)


def whole(fields):
    """Objects that have every field."""
    return st.tuples(*fields.values()).map(
        lambda values: object_of(zip(fields, values, strict=True))
    )


FITTING = whole(
    {
        "tenure": st.sampled_from(["3", "3.5", "-1e30", "0"]),
        "charges": st.sampled_from(["null", "70.5", "1e-300"]),
        "senior": st.sampled_from(["true", "false"]),
        "plan": st.sampled_from(["null", '"monthly"', '"\\u00e9"', '"new"', '" a "']),
    }
)
NEARLY = st.one_of(
    FITTING,
    whole({"tenure": SCALARS, "charges": SCALARS, "senior": SCALARS, "plan": SCALARS}),
    objects(TINY_CONTRACT.names, SCALARS),
)
ROWS = st.one_of(
    whole({"features": FITTING, "id": SCALARS}),
    whole({"features": FITTING, "entity": SCALARS}),
    whole({"features": FITTING}),
    objects(("features", "id", "entity", "explain"), NEARLY | SCALARS),
)
ASKED = st.one_of(
    ROWS,
    st.lists(ROWS, max_size=6).map(lambda rows: f'{{"rows":[{",".join(rows)}]}}'),
    objects(("rows", "features", "explain", "id"), SCALARS | st.lists(ROWS).map(",".join)),
    SCALARS,
)
TOLD = st.one_of(
    whole({"entity": SCALARS, "label": SCALARS}),
    whole({"prediction_id": SCALARS, "label": SCALARS, "observed_at": SCALARS}),
    objects(("prediction_id", "entity", "at", "label", "observed_at"), SCALARS),
)
LABELLED = TOLD | st.lists(TOLD, max_size=6).map(lambda rows: f'{{"labels":[{",".join(rows)}]}}')


def as_bytes(texts):
    """Mostly UTF-8, sometimes cut off, sometimes not text at all."""
    encoded = texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
    cut = st.tuples(encoded, st.integers(0, 40)).map(lambda one: one[0][: -one[1] or None])
    return st.one_of(encoded, encoded, encoded, cut, st.binary(max_size=200))


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Ask a server over a real store; returns the status, the answer and how many rows came."""
    with served(tmp_path_factory.mktemp("store")) as (server, store), asyncio.Runner() as runner:

        def ask(path, body):
            before = store.views.status().n_predictions
            reply = runner.run(answered(server, path, body))
            return reply, store.views.status().n_predictions - before

        yield ask


@contextmanager
def served(folder):
    objects_, clock = InMemoryObjectStore(), FakeClock(NOW)
    with SqlStore.open(f"sqlite:///{folder}/h.db", create=True, durability="relaxed") as store:
        deploy(store.events, put_tiny_release(objects_, "v1"), at=NOW)
        store.predictions.prepare(TINY_CONTRACT)
        ports = OnlinePorts(
            champion=Champion(
                releases=store.releases, objects=objects_, runtime=TinyRuntime(), clock=clock
            ),
            predictions=store.predictions,
            labels=store.labels,
            views=store.views,
            releases=store.releases,
            objects=objects_,
            clock=clock,
            keys=store.keys,
            label_maturity=timedelta(days=30),
            check_store=store.check_writable,
        )
        server = new_server(ports, LIMITS)
        with running(server):
            yield server, store


async def answered(server, path, body):
    """Do as every transport does."""
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    try:
        check_announced(headers, server.limits)
        operation, parameters = find("POST", path)
        return await operation.run(server, Call(body=body, parameters=parameters))
    except Exception as error:  # noqa: BLE001 - what a transport's outermost edge does
        return problem_reply(error, request_id="r")


def judge(reply, n_logged):
    """Hold an answer against what is documented."""
    content = json.loads(reply.body, parse_constant=pytest.fail)
    if reply.status == 200:
        answers = content.get("predictions", [content])
        assert n_logged <= len(answers)
        assert all(0 <= one["score"] <= 1 for one in answers)
    else:
        assert reply.status in REFUSALS, content
        assert content["status"] == reply.status
        assert n_logged == 0


class TestPredict:
    @settings(max_examples=150)
    @given(body=as_bytes(ASKED))
    def test_answers_or_refuses_any_body(self, ask, body):
        """Never with a 500, and a request that is refused has logged nothing."""
        judge(*ask(PREDICT, body))

    @pytest.mark.soak
    @settings(max_examples=10_000)
    @given(body=as_bytes(ASKED))
    def test_answers_or_refuses_very_many_bodies(self, ask, body):
        """As above."""
        judge(*ask(PREDICT, body))

    @settings(max_examples=200)
    @given(body=as_bytes(ASKED))
    def test_reads_a_body_in_one_way(self, body):
        """What the fast reader takes, the thorough one takes, and for the same rows."""
        fast = TypedBodies().read(body, TINY_CONTRACT, LIMITS, FakeClock(NOW))

        if fast is not None:
            assert fast == read_predict(decode_object(body), TINY_CONTRACT, LIMITS, at=NOW)

    def test_takes_what_fits(self, ask):
        """So that the others do not pass by refusing everything."""
        row = {"tenure": 3, "charges": None, "senior": True, "plan": "monthly"}
        reply, n_logged = ask(PREDICT, json.dumps({"rows": [{"features": row}] * 3}).encode())

        assert (reply.status, n_logged) == (200, 3)


class TestLabels:
    @settings(max_examples=100)
    @given(body=as_bytes(LABELLED))
    def test_are_recorded_or_refused(self, ask, body):
        """Never with a 500."""
        reply, _ = ask(LABELS, body)

        content = json.loads(reply.body)
        assert reply.status in {200, *REFUSALS}, content
        if reply.status == 200:
            assert sum(content[fate] for fate in set(content["fates"])) == len(content["fates"])

    @pytest.mark.soak
    @settings(max_examples=10_000)
    @given(body=as_bytes(LABELLED))
    def test_are_recorded_or_refused_very_often(self, ask, body):
        """As above."""
        reply, _ = ask(LABELS, body)

        assert reply.status in {200, *REFUSALS}, reply.body
