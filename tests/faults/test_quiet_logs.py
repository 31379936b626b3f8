"""Nothing that a client sends comes into a server's log or its refusals."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager

import pytest

pytestmark = pytest.mark.slow

MARK = "Zq7xKw"  # in every value that is sent
NUMBER = 86753.0951  # another one, that is not text


def row(**changes):
    return {"age": NUMBER, "plan": f"plan-{MARK}", **changes}


def predict_bodies():
    """Bodies that are taken, and some for each way to be refused."""
    yield {"features": row(), "id": f"id-{MARK}", "entity": f"entity-{MARK}"}
    yield {"features": row(age=1.0), "id": f"id-{MARK}", "entity": f"entity-{MARK}"}  # conflict
    yield {"features": row(age=MARK)}
    yield {"features": row(plan={"colour": MARK})}
    yield {"features": {"age": NUMBER}}
    yield {"features": row(), "id": MARK * 100}
    yield {"features": row(), "explain": MARK}
    yield {"features": MARK}
    yield {"rows": [MARK]}
    yield {"rows": MARK}
    yield [MARK]


def label_bodies():
    yield {"entity": f"entity-{MARK}", "label": "yes"}
    yield {"entity": f"entity-{MARK}", "label": "no"}  # conflicts
    yield {"entity": f"entity-{MARK}", "label": MARK}
    yield {"prediction_id": MARK, "label": "yes"}
    yield {"entity": f"entity-{MARK}", "label": "yes", "observed_at": MARK}
    yield {"labels": [{"colour": MARK}]}
    yield MARK


class TestAServersLog:
    def test_holds_nothing_that_clients_sent(self, project):
        """
        Rows, ids, entities, labels, keys; taken, refused, in conflict, malformed, and in
        faults of the store and of the server itself. Were `str(error)` logged in
        `problems.problem_reply`, the row would come along where it was not to be written.
        """
        key = project.ok("keys", "create", "--scope", "admin").split()
        (secret,) = [word for word in key if word.startswith("hf_")]
        with project.serving("serve", ready=False) as server:
            server.client.headers["Authorization"] = f"Bearer {secret}"
            answers = [
                server.client.post(path, json=body)
                for path, bodies in (("/v1/predict", predict_bodies), ("/v1/labels", label_bodies))
                for body in bodies()
            ]
            answers += [
                server.client.post("/v1/predict", content=f"{{{MARK}".encode()),
                server.client.post("/v1/predict", content=MARK, headers={"Content-Type": MARK}),
                server.client.get(f"/v1/predictions/{MARK}"),
                server.client.get(f"/{MARK}?{MARK}={MARK}"),
                server.client.get("/v1/model", headers={"Authorization": f"Bearer hf_{MARK}"}),
                server.client.get("/v1/model", headers={"Origin": MARK, "Host": MARK}),
                server.client.get("/v1/model", headers={"X-Request-Id": MARK * 50}),
            ]
            refuse_rows(project)
            answers += [
                server.client.post("/v1/predict", json={"features": row()}),
                server.client.post("/v1/labels", json={"entity": f"other-{MARK}", "label": "no"}),
            ]
            remove_the_table(project)
            answers.append(server.client.post("/v1/predict", json={"features": row()}))

        statuses = [answer.status_code for answer in answers]
        assert {200, 400, 401, 403, 404, 409, 415, 422, 500, 503} <= set(statuses), statuses
        log = "".join(server.process.out + server.process.err)
        assert "request_failed" in log, "the log was captured"
        for told in (MARK, str(NUMBER), secret, secret[3:]):
            assert told not in log
        for answer in answers:
            # A 404 names the id of the address, which is no part of a row.
            if answer.status_code >= 400 and answer.status_code != 404:
                assert MARK not in answer.text, answer.text
                assert str(NUMBER) not in answer.text
                assert json.loads(answer.content)["status"] == answer.status_code


def refuse_rows(project):
    """Let the store fail as nobody foresaw, with errors that quote what was to be written."""
    with opened(project) as database:
        for table in (predictions_table(database), "labels"):
            database.execute(
                f"CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )


def remove_the_table(project):
    """Take the table of predictions away from under the server."""
    with opened(project) as database:
        database.execute(f"ALTER TABLE {predictions_table(database)} RENAME TO gone")


@contextmanager
def opened(project):
    database = sqlite3.connect(project.folder / ".holdfast" / "holdfast.db")
    with closing(database), database:
        yield database


def predictions_table(database):
    (table,) = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'predictions_*'"
    ).fetchone()
    return table
