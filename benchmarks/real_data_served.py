"""How long a server takes until it answers with a project's champion."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["seconds_to_ready"]

_PATIENCE = 60.0


def seconds_to_ready(holdfast: Path, project: Path) -> float:
    """Start a project's server, wait for its first ready answer, and stop it.

    Args:
        holdfast: The command.
        project: Its folder.
    """
    begin = time.perf_counter()
    with subprocess.Popen(  # which closes its pipe, too
        [holdfast, "serve", "--project", project, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "http://" not in line:
                raise RuntimeError("holdfast serve ended without an address")
            address = line.partition("http://")[2].split()[0].strip("/").split("/")[0]
            with urlopen(f"http://{address}/health/ready", timeout=_PATIENCE):
                return time.perf_counter() - begin
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=_PATIENCE)
