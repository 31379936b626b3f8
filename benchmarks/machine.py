"""On which machine, with which versions and in how much memory figures were measured."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

__all__ = ["forget_peak", "machine", "peak_resident", "resident", "versions"]

_LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "evidently")


def machine() -> dict[str, object]:
    """Return what a reader needs to judge a time or to measure it again."""
    return {
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
    }


def versions(*more: str) -> dict[str, str]:
    """Return the versions of the libraries that the figures depend on, and of those named."""
    return {name: version(name) for name in (*_LIBRARIES, *more)}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def resident() -> int:
    """Return the bytes of memory that this process holds now (Linux)."""
    return _status("VmRSS")


def peak_resident() -> int:
    """Return the most bytes that this process has held since its start or the last reset.

    Not `ru_maxrss`, which a process takes over from the one that started it.
    """
    return _status("VmHWM")


def forget_peak() -> None:
    """Start anew to look for the peak; what was freed goes back to the system first."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/self/status has no line {key}")
