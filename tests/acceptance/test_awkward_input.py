"""Input that is not as it should be: a clear answer, and nothing is lost.

Each refusal is one line that says what was found and what to do; `Project.refused` and
`refusal` see to it that there is no traceback and that the exit code is 1.
"""

from __future__ import annotations

import random
import socket
import sqlite3

import pytest
from tests.harness import NO_MIRROR, Project, refusal, run

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def init(tmp_path):
    """Runs `holdfast init` on a file of this text, and returns what became of it."""

    def init(text, *words, target="y"):
        (tmp_path / "data.csv").write_text(text)
        return run("init", "data.csv", "--target", target, *words, cwd=tmp_path)

    return init


@pytest.fixture(scope="class")
def server(_trained_telco, tmp_path_factory):
    """A server on a project that the tests of a class share: none of them changes its model."""
    project = _trained_telco.copied_to(tmp_path_factory.mktemp("shared") / "telco")
    with project.serving() as server:
        yield server


@pytest.fixture
def row(telco_rows):
    return dict(telco_rows[0][0])


class TestAFile:
    def test_that_is_missing_is_named(self, tmp_path):
        """The path as it was given, so that a slip of the pen is seen."""
        said = refusal(run("init", "nothere.csv", "--target", "y", cwd=tmp_path))

        assert said == "nothere.csv: there is no such file. Check the path."

    def test_that_is_empty_is_refused(self, init):
        """An export that failed leaves such files."""
        said = refusal(init(""))

        assert said == "data.csv: the file is empty. Export the data again."

    def test_with_a_header_alone_is_refused(self, init):
        """Its only line may be data without a header: that is said, too."""
        said = refusal(init("a,b,y\n"))

        assert "has a header but no rows" in said
        assert "--no-header" in said

    def test_with_an_all_missing_column_is_used_without_it(self, init, tmp_path):
        """Nothing can be learnt from it; it is named, and training goes on."""
        done = init(labelled_rows("no", "yes", b=lambda _: ""))

        assert done.returncode == 0, done.stderr
        assert "dropped 'b': missing in each row" in done.stdout
        trained = Project(tmp_path, dict(NO_MIRROR)).json("train")
        assert trained["champion"] == "v1"


class TestATarget:
    def test_that_is_not_there_is_answered_with_the_nearest(self, init):
        """A misspelt name costs one look, not a search."""
        said = refusal(init(labelled_rows("no", "yes"), target="yy"))

        assert said == "Target 'yy': there is no such column. Did you mean 'y'?"

    def test_with_one_class_is_refused(self, init):
        """There is nothing to tell apart."""
        said = refusal(init(labelled_rows("no")))

        assert "holds one class only, 'no'" in said
        assert "Add rows of the other class" in said

    def test_with_three_classes_is_refused(self, init):
        """Each class is named with its count: often one of them is a typing error."""
        said = refusal(init(labelled_rows("no", "yes", "maybe")))

        assert "holds 3 classes, two are needed" in said
        assert all(f"'{word}' (" in said for word in ("no", "yes", "maybe"))
        assert "Merge or remove classes" in said


class TestARequest:
    def test_without_a_feature_is_refused_and_the_feature_named(self, server, row):
        """An absent key is a slip; a missing value is sent as null."""
        del row["tenure"]

        problem = self.refused(server, {"features": row})

        assert problem["errors"] == [
            {"row": 0, "field": "tenure", "problem": "is absent; send null if it is unknown"}
        ]

    def test_with_an_unknown_feature_is_refused_and_the_nearest_named(self, server, row):
        """A misspelt extra feature would else be lost without a word."""
        problem = self.refused(server, {"features": row | {"tenur": 3}})

        (error,) = problem["errors"]
        assert error["field"] == "tenur"
        assert "did you mean 'tenure'?" in error["problem"]

    def test_of_a_wrong_type_is_refused_without_echoing_it(self, server, row):
        """What was sent may be personal; field and kind are enough to mend it."""
        problem = self.refused(server, {"features": row | {"tenure": "some-secret"}})

        (error,) = problem["errors"]
        assert error == {"row": 0, "field": "tenure", "problem": "needs a number, found text"}
        assert "some-secret" not in str(problem)

    def test_of_several_rows_names_the_wrong_one(self, server, row):
        """All or nothing: the good rows of the batch are not logged either."""
        before = server.get("/v1/status")["n_predictions"]
        rows = [{"features": row}, {"features": row | {"tenure": [1]}}]

        problem = self.refused(server, {"rows": rows})

        assert [error["row"] for error in problem["errors"]] == [1]
        assert server.get("/v1/status")["n_predictions"] == before

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
    def test_with_a_number_that_json_does_not_have_says_what_to_send(self, server, value):
        """Python's own encoder writes them; strict JSON has none."""
        body = f'{{"features": {{"tenure": {value}}}}}'

        response = server.client.post("/v1/predict", content=body, headers=JSON)

        assert response.status_code == 400
        assert response.headers["content-type"] == "application/problem+json"
        assert "send null for a missing value" in response.json()["detail"]

    def test_with_a_number_beyond_any_model_is_refused(self, server, row):
        """1e999 is valid JSON, and infinite once it is read."""
        body = '{"features": {"tenure": 1e999}}'

        response = server.client.post("/v1/predict", content=body, headers=JSON)

        assert response.status_code in {400, 422}
        assert "Traceback" not in response.text

    def test_with_an_unseen_category_is_scored_and_counted(self, server, row):
        """New products appear every month: the prediction is wanted all the same."""
        before = server.get("/v1/status")["serving"]["n_unseen_categories"].get("Contract", 0)

        answer = server.predict(row | {"Contract": "Five year"})

        assert 0 < answer["score"] < 1
        after = server.get("/v1/status")["serving"]["n_unseen_categories"]["Contract"]
        assert after == before + 1
        logged = server.get(f"/v1/predictions/{answer['prediction_id']}")
        assert logged["features"]["Contract"] == "Five year"

    def test_with_a_used_id_and_another_row_is_a_conflict(self, server, row):
        """The logged answer would be about another customer."""
        server.predict(row, id="order-1")

        response = server.client.post(
            "/v1/predict", json={"features": row | {"tenure": 60}, "id": "order-1"}
        )

        assert response.status_code == 409
        assert "use a new id" in response.json()["detail"]

    @staticmethod
    def refused(server, body):
        response = server.client.post("/v1/predict", json=body)
        assert response.status_code == 422, response.text
        assert response.headers["content-type"] == "application/problem+json"
        return response.json()


class TestALabel:
    def test_that_contradicts_the_first_is_recorded_without_effect(self, server, row):
        """The first one stands: nothing is silently overwritten."""
        prediction_id = server.predict(row)["prediction_id"]
        server.post("/v1/labels", {"prediction_id": prediction_id, "label": "Yes"})

        counts = server.post("/v1/labels", {"prediction_id": prediction_id, "label": "No"})

        assert counts["conflicting"] == 1
        assert counts["fates"] == ["conflicting"]
        assert server.get(f"/v1/predictions/{prediction_id}")["label"] == "Yes"

    def test_of_an_unknown_prediction_is_kept_as_an_orphan(self, server):
        """It may be ahead of its prediction, which comes by another way."""
        body = {"prediction_id": "00000000-0000-7000-8000-000000000000", "label": "Yes"}

        counts = server.post("/v1/labels", body)

        assert counts["orphan"] == 1
        assert server.get("/v1/status")["labels"]["orphan"] >= 1

    def test_of_another_word_is_refused_with_the_two_that_are_taken(self, server, row):
        """Else 'yes' and 'Yes' would be two classes."""
        prediction_id = server.predict(row)["prediction_id"]

        response = server.client.post(
            "/v1/labels", json={"prediction_id": prediction_id, "label": "perhaps"}
        )

        assert response.status_code == 422
        assert "'Yes', 'No'" in response.json()["detail"]

    def test_in_a_file_is_counted_and_explained(self, telco, row):
        """What a count means, and what to do about it, stands below it."""
        with telco.serving() as server:
            known = server.predict(row)["prediction_id"]
        (telco.folder / "labels.csv").write_text(
            f"prediction_id,label\n{known},Yes\n{known},No\nsomeone-else,No\n"
        )

        said = telco.ok("label", "labels.csv")

        assert "1 accepted" in said
        assert "1 conflicting" in said
        assert "1 orphan" in said
        assert "check the ids" in said


class TestAProject:
    def test_that_is_not_there_is_told_how_to_make_one(self, tmp_path):
        """The first command of whoever stands in the wrong folder."""
        for command in ("train", "serve", "status", "doctor"):
            said = refusal(run(command, cwd=tmp_path))

            assert said.startswith(f"There is no holdfast.toml in {tmp_path}")
            assert "holdfast init DATA --target COLUMN" in said

    def test_without_a_model_is_told_to_train(self, init, tmp_path):
        """Nothing can be served, asked or judged yet."""
        assert init(labelled_rows("no", "yes")).returncode == 0
        project = Project(tmp_path)

        for command in ("serve", "status", "check"):
            assert project.refused(command).endswith("Make one with: holdfast train"), command

    def test_with_a_misspelt_key_is_told_the_right_one(self, telco):
        """A key that nobody reads would be a policy that nobody follows."""
        text = telco.config.read_text()
        telco.config.write_text(text.replace("cooldown =", "cooldwon ="))

        said = telco.refused("status")

        assert "[policy] cooldwon is not a setting" in said
        assert "did you mean 'cooldown'?" in said
        assert telco.refused("serve") == said

    def test_whose_store_is_a_newer_versions_is_left_alone(self, telco):
        """Writing into tables of another meaning would destroy them."""
        self.relabel_schema(telco, "9999")

        said = telco.refused("status")

        assert "schema 9999" in said
        assert "pip install --upgrade holdfast" in said
        for command in ("serve", "migrate"):
            assert telco.refused(command) == said

    def test_whose_store_is_no_database_is_told_to_restore_it(self, telco):
        """The doctor does not send its patient to the doctor."""
        (telco.folder / ".holdfast" / "holdfast.db").write_bytes(b"this was a database once" * 99)

        assert telco.refused("status").endswith("Restore it from a backup.")
        done = telco.run("doctor")
        assert done.returncode == 1
        assert "WRONG store" in done.stdout
        assert "Run: holdfast doctor" not in done.stdout

    @staticmethod
    def relabel_schema(project, version):
        database = sqlite3.connect(project.folder / ".holdfast" / "holdfast.db")
        with database:
            database.execute("UPDATE holdfast_schema SET version_num = ?", [version])
        database.close()


class TestAPort:
    def test_in_use_is_named_with_a_way_out(self, telco):
        """Most often it is another server of one's own."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            said = telco.refused("serve", "--port", port)

        assert said.startswith(f"127.0.0.1:{port} is in use by another program")
        assert "--port" in said.partition("choose")[2]


def labelled_rows(*words, b=lambda rng: rng.choice("xyz")):
    rng = random.Random(1)
    lines = [f"{rng.random():.3f},{b(rng)},{words[i % len(words)]}" for i in range(300)]
    return "\n".join(["a,b,y", *lines]) + "\n"
