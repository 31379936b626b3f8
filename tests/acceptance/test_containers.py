"""The images and the compose file as a person uses them, in a real engine, over real HTTP."""

from __future__ import annotations

import json
import re
import socket
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from tests.engine import BASE_IMAGE, Compose, NoEngineError, running_engine
from tests.harness import await_that
from tests.test_slim import HEAVY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "artefacts"
MEGABYTE = 1_000_000
TARGETS = ("serve", "control")
ROW = {"features": {"age": 41}}

# What a process in a container can do, said by itself.
CONFINED = """
import importlib.util, json, os
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines())
def writable(path):
    try:
        open(path + "/probe", "w").close(); os.remove(path + "/probe")
    except OSError:
        return False
    return True
print(json.dumps({
    "uid": os.getuid(),
    "capabilities": int(status["CapPrm"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"],
    "writable": [path for path in ("/", "/opt/holdfast", "/tmp", "/project") if writable(path)],
    "modules": [name for name in MODULES if importlib.util.find_spec(name)],
}))
"""


@pytest.fixture(scope="module")
def engine():
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(running_engine())
        except NoEngineError as reason:
            pytest.skip(str(reason))
        yield engine


@pytest.fixture(scope="module")
def tag(engine):
    """Both images, built from this tree."""
    tag = f"test-{uuid.uuid4().hex[:8]}"
    for target in TARGETS:
        engine.build(ROOT, target, f"holdfast-{target}:{tag}")
    yield tag
    engine("image", "rm", *(f"holdfast-{target}:{tag}" for target in TARGETS))


@pytest.fixture
def compose(engine, tag):
    """The services of deploy/compose.yaml, which run nowhere else, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = ROOT / "deploy" / "compose.yaml"
    variables = {"HOLDFAST_TAG": tag, "HOLDFAST_PUBLISH": address}
    compose = Compose(engine, file, f"holdfast-{tag}", variables)
    yield compose
    compose("down", "--volumes", "--timeout", 5, ok=False)


@pytest.fixture
def data(tmp_path):
    """A folder with labelled rows, which the user of a container can read."""
    lines = [f"{20 + i % 60},{'yes' if i * 7 % 60 < i % 60 else 'no'}" for i in range(600)]
    (tmp_path / "rows.csv").write_text("\n".join(["age,left", *lines]) + "\n")
    tmp_path.chmod(0o755)
    return tmp_path


class TestContainers:
    def test_from_an_empty_volume_to_a_restart(self, engine, tag, compose, data):
        """
        One story, since each part needs the one before: the images, a project, the two
        services, their confinement, a stop in order, what a restart still knows, and a
        stop while they start.
        """
        sizes = {name: megabytes(engine, name) for name in (BASE_IMAGE, *images(tag))}
        report(sizes)
        base, serve, control = sizes.values()
        assert serve - base < 250
        assert serve < control

        mounted = ("--rm", "-T", "-v", f"{data}:/data:ro", "control")
        compose("run", *mounted, "init", "/data/rows.csv", "--target", "left")
        compose("run", *mounted, "train")
        refused = compose("run", "--rm", "-T", "serve", ok=False)
        assert refused.startswith("exit code 1\n")
        assert "holdfast keys create --scope predict" in refused
        key = compose.ask("control", "keys", "create", "--scope", "predict").strip()

        compose("up", "--detach", "--no-build")
        with httpx2.Client(base_url=address_of(compose), timeout=10, trust_env=False) as client:
            ask = Asking(client, key)
            await_that(ask.ready, "the server is ready", poll=0.1)
            assert ask.predict(key=None).status_code == 401
            answer = ask.predict().json()
            assert answer["model_version"] == "v1"

            server = confinement(compose, "serve", HEAVY | {"pip", "setuptools"})
            assert server == {
                "uid": 10001,
                "capabilities": 0,
                "no_new_privileges": "1",
                "writable": ["/tmp", "/project"],
                "modules": [],
            }
            loop = confinement(compose, "control", {"sklearn", "pyarrow", "mlflow", "pip"})
            assert loop == server | {"modules": ["mlflow", "pyarrow", "sklearn"]}

            await_that(lambda: has_ticked(compose), "the loop has ticked", poll=0.5)
            await_that(lambda: health_of(compose) == "healthy", "the probe is content", poll=0.5)

        began = time.monotonic()
        compose("stop")
        assert time.monotonic() - began < 20  # nobody waited for a SIGKILL
        states = {name: compose.container(name)["State"] for name in TARGETS}
        assert {name: state["ExitCode"] for name, state in states.items()} == dict.fromkeys(
            TARGETS, 0
        )
        assert "Traceback" not in compose("logs", "--no-color")

        compose("up", "--detach", "--no-build")
        with httpx2.Client(base_url=address_of(compose), timeout=10, trust_env=False) as client:
            ask = Asking(client, key)
            await_that(ask.ready, "the server is ready again", poll=0.1)
            status = json.loads(compose("exec", "-T", "control", "holdfast", "status", "--json"))
            assert status["n_predictions"] == 1
            assert ask.predict().status_code == 200

        compose("restart")
        began = time.monotonic()
        compose("stop")  # while they start
        assert time.monotonic() - began < 20


class Asking:
    """Asks the server from outside its container."""

    def __init__(self, client, key):
        self.client, self.key = client, key

    def ready(self):
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx2.TransportError:  # the port is there before the server is
            return False

    def predict(self, **changed):
        key = changed.get("key", self.key)
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self.client.post("/v1/predict", json=ROW, headers=headers)


def address_of(compose):
    return f"http://{compose.variables['HOLDFAST_PUBLISH']}"


def images(tag):
    return [f"holdfast-{target}:{tag}" for target in TARGETS]


def megabytes(engine, image):
    return round(engine.inspect(image)["Size"] / MEGABYTE)


def report(sizes):
    """Write the sizes down for whoever reads the artefacts of a run."""
    ARTEFACTS.mkdir(exist_ok=True)
    named = {re.sub(r":test-.*", "", name): size for name, size in sizes.items()}
    (ARTEFACTS / "image-sizes.json").write_text(json.dumps(named, indent=2) + "\n")


def confinement(compose, service, modules):
    code = f"MODULES = {sorted(modules)!r}\n{CONFINED}"
    return json.loads(compose("exec", "-T", service, "python", "-c", code))


def has_ticked(compose):
    said = compose("logs", "--no-color", "control")
    assert compose.container("control")["RestartCount"] == 0, said
    return "Decision: keep" in said


def health_of(compose):
    return compose.container("serve")["State"]["Health"]["Status"]
