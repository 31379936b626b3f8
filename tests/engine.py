"""A Docker engine for the tests: their own, started here, or the one that the machine has.

Their own needs root, Debian and no registry: the base image is made of Debian's packages. It leaves
the machine's firewall and its network as they were.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.base_image import CERTIFICATES, PACKAGES, installed, write_base
from tests.harness import await_that

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BASE_IMAGE", "Compose", "Engine", "NoEngineError", "running_engine"]

BASE_IMAGE = "python:3.11-slim"
_GIVEN = "HOLDFAST_TEST_ENGINE"  # such as unix:///var/run/docker.sock
_NEEDED = ("dockerd", "docker-compose", "dpkg-query", "setpriv")
_SECRETS = {"pip": "pip.conf", "uv": "uv.toml"}
_ROOM_BYTES = 12 * 2**30  # thrice what a run takes


class NoEngineError(Exception):
    """This machine cannot run an engine."""


@dataclass(frozen=True)
class Engine:
    """A running engine, and the client that speaks with it."""

    host: str
    folder: Path
    client: str
    build_words: tuple[str, ...] = ()  # how builds reach the package index from in here

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which clients find this engine, and no settings of a person."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "COMPOSE_"))}
        own = {"DOCKER_HOST": self.host, "DOCKER_CONFIG": str(self.folder), "DOCKER_BUILDKIT": "1"}
        path = f"{Path(self.client).parent}{os.pathsep}{os.environ['PATH']}"
        return {**kept, **own, "PATH": path}

    def __call__(self, *words: object) -> str:
        """Run a `docker` command that must succeed; return what it said."""
        return self.run(self.client, *words)

    def run(self, *words: object, ok: bool = True, **extra: str) -> str:
        """Run a command against this engine; return its standard output, or all if it may fail."""
        done = subprocess.run(
            list(map(str, words)),
            env={**self.variables, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if not ok:
            return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def build(self, tree: Path, target: str, tag: str) -> None:
        """Build one target of the tree's Dockerfile."""
        file = tree / "deploy" / "Dockerfile"
        chosen = ("--target", target, "--tag", tag, *self.build_words)
        self("build", "--quiet", "--file", file, *chosen, tree)

    def inspect(self, what: str) -> Any:
        """Return all that the engine knows of an image or a container."""
        (found,) = json.loads(self("inspect", what))
        return found


@dataclass(frozen=True)
class Compose:
    """The services of a compose file, under a name of their own."""

    engine: Engine
    file: Path
    name: str
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: object, ok: bool = True) -> str:
        """Run a compose command."""
        chosen = ("--project-name", self.name, "--file", self.file)
        return self.engine.run(*self._program(), *chosen, *words, ok=ok, **self.variables)

    def ask(self, service: str, *words: object, ok: bool = True) -> str:
        """Run a command once in a container of its own, and remove that."""
        return self("run", "--rm", "-T", service, *words, ok=ok)

    def container(self, service: str) -> Any:
        """Return all that the engine knows of a service's container, running or not."""
        mine = ("project", self.name), ("service", service), ("oneoff", "False")
        filters = [f"--filter=label=com.docker.compose.{key}={value}" for key, value in mine]
        return self.engine.inspect(self.engine("ps", "--all", "--quiet", *filters).strip())

    def _program(self) -> list[str]:
        second = self.engine.run(self.engine.client, "compose", "version", ok=False)
        if second.startswith("exit code 0\n"):
            return [self.engine.client, "compose"]
        return ["docker-compose"]


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Start an engine with a base image in it, or take the given one; end it afterwards.

    Raises:
        NoEngineError: If this machine cannot; it says what is missing.
    """
    client = _client()
    with ExitStack() as stack:
        # A short path: a socket's may not be longer than 108 bytes.
        where = tempfile.TemporaryDirectory(prefix="engine-", dir=_memory())
        folder = Path(stack.enter_context(where))
        given = os.environ.get(_GIVEN)
        if given:
            engine = Engine(given, folder, client)
            if not engine("images", "--quiet", BASE_IMAGE):
                engine("pull", "--quiet", BASE_IMAGE)
            yield engine
            return
        _refuse_without_means()
        engine = Engine(f"unix://{folder}/sock", folder, client, _ways_out(folder))
        stack.enter_context(_daemon(engine))
        archive = folder / "base.tar"
        write_base(archive)
        engine("import", archive, BASE_IMAGE)
        archive.unlink()
        yield engine


def _refuse_without_means() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoEngineError(f"our own engine needs Linux and root; or name one in {_GIVEN}")
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    missing = missing or sorted(PACKAGES - installed().keys())
    if missing:
        raise NoEngineError(f"no {', '.join(missing)}; `make ci-system` installs it")


def _memory() -> str | None:
    """Return a file system in memory with room for the images, or None: the disk does as well."""
    memory = Path("/dev/shm")
    roomy = memory.is_mount() and shutil.disk_usage(memory).free >= _ROOM_BYTES
    return str(memory) if roomy else None


@contextmanager
def _daemon(engine: Engine) -> Iterator[None]:
    """Run `dockerd`, which ends with this process, however that ends."""
    folder = engine.folder
    command = [
        "setpriv", "--pdeathsig", "TERM",
        "dockerd", "--host", engine.host, "--log-level", "warn",
        "--data-root", folder / "root", "--exec-root", folder / "exec", "--pidfile", folder / "pid",
        "--iptables=false", "--bridge=none",  # published ports go through docker-proxy
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)

    def said() -> str:
        return (folder / "log").read_text()

    def answers() -> bool:
        if daemon.poll() is not None:
            raise NoEngineError(f"dockerd does not start here: {said()}")
        return engine.run(engine.client, "version", ok=False).startswith("exit code 0\n")

    try:
        await_that(answers, f"the engine answers: {said()}", poll=0.2)
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(timeout=60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        for mount in _mounts_in(folder):  # it leaves a network namespace behind
            engine.run("umount", mount)


def _mounts_in(folder: Path) -> list[str]:
    """Return what is mounted below a folder, innermost first."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [
        at for at in (line.split()[1] for line in reversed(lines)) if at.startswith(f"{folder}/")
    ]


def _ways_out(folder: Path) -> tuple[str, ...]:
    """Return words that let a build reach the package index as this machine's own pip does."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(line.split("=", 1) for line in said.splitlines())
    # Those of the base image, which are this machine's; there may be one that opens TLS.
    pip = [f"cert = {CERTIFICATES}"]
    uv = ["system-certs = true"]
    for key, value in found.items():
        if key.endswith(".index-url"):
            pip.append(f"index-url = {value.strip(chr(39))}")
            uv.append(f'index = [{{ url = "{value.strip(chr(39))}", default = true }}]')
    (folder / "pip.conf").write_text("\n".join(["[global]", *pip, ""]))
    (folder / "uv.toml").write_text("\n".join([*uv, ""]))
    secrets = [f"--secret=id={name},src={folder / file}" for name, file in _SECRETS.items()]
    return ("--network", "host", *secrets)


def _client() -> str:
    """Return the first `docker` of the path that builds with BuildKit; some lack a part for it."""
    for folder in os.get_exec_path():
        docker = shutil.which("docker", path=folder)
        if docker is None:
            continue
        tried = subprocess.run(
            [docker, "build", "--help"],
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return docker
    raise NoEngineError("no docker that builds with BuildKit; `make ci-system` installs it")
