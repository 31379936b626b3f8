"""The client process of `asking.py`, as a test starts, hears and ends it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness import PATIENCE, Process

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.ids import ModelVersion
from holdfast.domain.matrix import encode_rows
from holdfast.loop.fetch import fetch_for_serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.harness import Server

    from holdfast.loop.control import ControlPorts

__all__ = ["N_CONNECTIONS", "ROWS", "Asking", "asking", "children_of", "scores_by"]

ROWS = [{"age": 20.0 + 0.5 * i, "plan": ("basic", "plus")[i % 2]} for i in range(120)]
N_CONNECTIONS = 12  # of `asking.py` to two workers
_PROGRAM = Path(__file__).with_name("asking.py")


class Asking:
    """A client at work."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def changed(self, within: float = PATIENCE) -> dict[str, Any]:
        """Return the next change of version that one of its connections saw."""
        said: dict[str, Any] = json.loads(self.process.line(within=within))
        return said

    def end(self) -> dict[str, Any]:
        """Let it end, and return what it saw."""
        assert self.process.popen.stdin is not None
        self.process.popen.stdin.close()
        while "failures" not in (said := self.changed()):
            pass
        return said


@contextmanager
def asking(
    server: Server,
    scores: Mapping[str, Sequence[float]],
    *,
    cwd: Path,
    workers: Sequence[int] = (1, 2),
) -> Iterator[Asking]:
    """Ask for single rows and for batches, over several connections to each of the workers."""
    process = Process.of([sys.executable, str(_PROGRAM)], cwd=cwd, told=True)
    stdin = process.popen.stdin
    assert stdin is not None
    told = {"host": server.url.removeprefix("http://"), "workers": workers}
    stdin.write(json.dumps({**told, "rows": ROWS, "scores": scores}) + "\n")
    stdin.flush()
    try:
        yield Asking(process)
    finally:
        stdin.close()
        process.stop()


def scores_by(ports: ControlPorts) -> dict[str, list[float]]:
    """Return what each version says of each row, scored without a server."""
    scores: dict[str, list[float]] = {}
    for version in (ModelVersion("v1"), ModelVersion("v2")):
        contract, model = fetch_for_serving(ports.objects, ports.releases.release(version))
        rows = [[row[name] for name in contract.names] for row in ROWS]
        scored = OnnxRuntime().load(model, contract).score(encode_rows(rows, contract))
        scores[version] = scored.tolist()
    return scores


def children_of(pid: int) -> list[int]:
    """Return the child processes of a process, in the order in which they were started."""
    threads = Path(f"/proc/{pid}/task").iterdir()  # a child belongs to the thread that started it
    words = [word for one in threads for word in (one / "children").read_text("ascii").split()]
    return sorted(map(int, words))
