"""Schemathesis asks a running server whatever its OpenAPI document allows, and what it forbids."""

from __future__ import annotations

import subprocess

import pytest
from tests.harness import HOLDFAST

from holdfast.domain.events import verify_chain

# Each answer has a status, a type and a body that the document has; no 5xx; methods and
# bodies that it forbids are refused; a key that is needed is asked for. What it allows need
# not be taken: that an id is printable, and a label one of two words, no schema can say.
CHECKS = ("--checks", "all", "--exclude-checks", "positive_data_acceptance")


def of_size(ci, soak):
    """Parametrise over how many requests are made up for each operation, with which seed."""
    return pytest.mark.parametrize(
        ("n_examples", "seed"),
        [
            pytest.param(ci, ["--seed", "1"], marks=pytest.mark.slow),
            pytest.param(soak, [], marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
        ],
    )


class TestARunningServer:
    @of_size(10, 2000)
    def test_answers_anything_as_it_documents(self, project, control, tmp_path, n_examples, seed):
        """
        No unhandled exception in its log, and afterwards it is ready and its store sound.
        With `"type": "string"` alone in `openapi._ID` an id of null, which is taken, fails it.
        """
        with project.serving() as server:
            asked = ask_all(server, tmp_path, "--max-examples", n_examples, *seed)

            assert asked.returncode == 0, asked.stdout
            assert "8 selected / 8 total" in asked.stdout
            assert server.readiness()["status"] == "ready"
        assert_calm(server)
        with control(project) as (_, ports):
            assert verify_chain(ports.events.events()) > 0

    @pytest.mark.slow
    def test_asks_for_a_key_as_it_documents(self, project, tmp_path):
        """Without one, with a wrong one and with a right one."""
        said = project.ok("keys", "create", "--scope", "admin")
        (key,) = [word for word in said.split() if word.startswith("hf_")]
        with project.serving() as server:
            header = ("--header", f"Authorization: Bearer {key}")
            phases = ("--phases", "coverage")
            asked = ask_all(server, tmp_path, *phases, "--seed", "1", *header)

            assert asked.returncode == 0, asked.stdout
            assert server.client.get("/v1/model").status_code == 401
        assert_calm(server)


def ask_all(server, folder, *options):
    """Run Schemathesis over the whole document."""
    command = [HOLDFAST.with_name("schemathesis"), "run", f"{server.url}/openapi.json"]
    return subprocess.run(
        [*map(str, command), *CHECKS, "--no-color", *map(str, options)],
        cwd=folder,  # where it leaves its notes
        capture_output=True,
        text=True,
        check=False,
        timeout=1700,
    )


def assert_calm(server):
    """Nothing went wrong inside."""
    log = "".join(server.process.err)
    assert "Traceback" not in log
    assert "request_failed" not in log
    assert "Exception in ASGI application" not in log
