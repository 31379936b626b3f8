"""How Holdfast is built and shipped: the workflow, the Dockerfile and the compose file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def load(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Strict)


class Strict(yaml.SafeLoader):  # type: ignore[misc]  # as above
    """Refuses a key that is there twice, of which YAML would take the last."""

    def construct_mapping(self, node, deep=False):
        keys = [
            self.construct_object(key) for key, _ in node.value if not key.tag.endswith("merge")
        ]
        assert len(keys) == len(set(keys)), f"a key is there twice: {keys}"
        return super().construct_mapping(node, deep)


class TestWorkflow:
    @pytest.fixture
    def jobs(self):
        return load(WORKFLOW)["jobs"]

    def test_runs_on_pushes_and_on_requests_with_no_rights_but_to_read(self):
        """YAML reads the key `on` as true."""
        workflow = load(WORKFLOW)

        assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}
        assert set(workflow[True]) == {"push", "pull_request"}
        assert workflow["permissions"] == {"contents": "read"}

    def test_makes_only_what_the_makefile_has(self, jobs):
        """And lints, tests both tiers, and builds the images."""
        targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))

        runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        made = [target for run in runs for target in re.findall(r"\bmake ([a-z-]+)", run)]

        assert len(made) == len(runs)
        assert set(made) <= targets
        assert set(made) == {"lint", "test-fast", "test-slow", "test-images"}

    def test_tests_every_python_that_the_package_claims(self, jobs):
        """A version that nobody tests is not supported."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        claimed = re.findall(r":: Python :: (3\.\d+)", "\n".join(project["classifiers"]))

        assert jobs["tests"]["strategy"]["matrix"]["python"] == claimed

    def test_every_job_ends_by_itself_and_every_step_does_one_thing(self, jobs):
        """Of a fixed runner; actions are of a fixed version."""
        for job in jobs.values():
            assert job["timeout-minutes"] <= 60
            assert re.fullmatch(r"ubuntu-\d+\.\d+", job["runs-on"])
            for step in job["steps"]:
                assert ("uses" in step) != ("run" in step)
                assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/x@v1"))


class TestDockerfile:
    @pytest.fixture
    def text(self):
        return (DEPLOY / "Dockerfile").read_text(encoding="utf-8")

    def test_pulls_nothing_but_the_base_image(self, text):
        """A `# syntax=` line would pull a front end, which offline builds cannot."""
        stages = re.findall(r"^FROM (\S+) AS (\S+)$", text, flags=re.MULTILINE)
        named = {name for _, name in stages}

        assert {source for source, _ in stages} - named == {"${PYTHON_IMAGE}"}
        assert "# syntax=" not in text.partition("\nARG")[0].replace("`# syntax=`", "")
        assert {"serve", "control"} <= named

    def test_copies_only_what_the_context_lets_through(self, text):
        """.dockerignore shuts everything out but what it names."""
        ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        let_in = {line[1:] for line in ignore if line.startswith("!")}
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE)

        assert {name for line in copied for name in line.split()} == let_in
        assert all((ROOT / name).exists() for name in let_in)

    def test_holds_no_address_and_no_secret_of_a_package_index(self, text):
        """They come in as a secret mount, and stay out of the layers."""
        assert "http://" not in text
        assert "https://" not in text
        for tool in ("pip", "uv"):
            uses = re.findall(rf"^.*/build/bin/{tool} ", text, flags=re.MULTILINE)
            assert len(uses) == text.count(f"--mount=type=secret,id={tool},target=/etc/")


class TestCompose:
    @pytest.fixture
    def compose(self):
        return load(DEPLOY / "compose.yaml")

    def test_is_read_by_old_and_new_compose(self, compose):
        """1.29 knows no top-level name; newer ones warn of a version."""
        assert set(compose) == {"x-confined", "services", "volumes"}

    def test_confines_both_services(self, compose):
        """No writable file system but the volume and /tmp, no capabilities, none to be got."""
        assert set(compose["services"]) == {"serve", "control"}
        for name, service in compose["services"].items():
            assert service["init"] is True  # or a stop while it starts waits for the SIGKILL
            assert service["read_only"] is True
            assert service["tmpfs"] == ["/tmp"]
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
            assert service["volumes"] == ["project:/project"]
            assert service["build"]["target"] == name
            assert "privileged" not in service

    def test_publishes_on_this_machine_alone_unless_told(self, compose):
        """Keys travel in clear: who opens it to others has thought of TLS."""
        assert compose["services"]["serve"]["ports"] == ["${HOLDFAST_PUBLISH:-127.0.0.1:8000}:8000"]
        assert "ports" not in compose["services"]["control"]

    def test_names_every_variable_in_the_example(self):
        """With the same default; and the name, which an old compose file cannot hold."""
        text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
        read = dict(re.findall(r"\$\{(\w+):-([^}]+)\}", text))

        example = (DEPLOY / ".env.example").read_text(encoding="utf-8")

        assert dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE)) == {
            "COMPOSE_PROJECT_NAME": "holdfast",
            **read,
        }


class TestOwnFiles:
    def test_speak_of_no_machine_and_of_nothing_left_undone(self):
        """As all other text of the project, which test_docs reads."""
        places = re.compile(r"/(?:root|work|home)/\S|\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
        files = [WORKFLOW, ROOT / ".dockerignore", *DEPLOY.iterdir()]

        found = {
            p.name: places.findall(p.read_text(encoding="utf-8")) for p in files if p.is_file()
        }

        assert {name: words for name, words in found.items() if words} == {}
