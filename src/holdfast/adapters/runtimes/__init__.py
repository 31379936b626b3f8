"""Runtimes."""

import os

# ONNX Runtime from 1.31 on tells its maker of each session, and keeps an id of the machine in
# the home folder, unless this is set before it is imported. Holdfast phones nobody.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
