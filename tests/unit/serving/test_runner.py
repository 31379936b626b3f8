"""A server in a process of its own: it says where it is, answers, and stops when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

SERVER = """
from fastapi import FastAPI
from holdfast.serving import run

app = FastAPI()

@app.get("/")
def root() -> dict[str, str]:
    return {"said": "hello"}

run(app, "127.0.0.1", 0, announce=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.slow
class TestRun:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_announces_answers_and_returns(self, number):
        """
        The announced address answers at once; after a signal `run` returns, so that the
        caller can close its store.
        """
        with subprocess.Popen([sys.executable, "-c", SERVER], stdout=-1, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with urllib.request.urlopen(url, timeout=10) as response:
                answer = json.load(response)
            process.send_signal(number)
            rest, _ = process.communicate(timeout=20)

        assert answer == {"said": "hello"}
        assert (process.returncode, rest.strip()) == (0, "stopped")
