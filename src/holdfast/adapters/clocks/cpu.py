"""How long processors have worked for this process and for those that it started."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["cpu_seconds"]


def cpu_seconds() -> float:
    """Return the CPU seconds used so far, here and in child processes.

    Children that still run are asked on Linux alone; elsewhere they count once they ended.
    """
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system + _of_the_living()


def _of_the_living() -> float:
    ticks = 0
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text(encoding="ascii").split():
            try:
                line = Path(f"/proc/{child}/stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it ended between the two reads
                continue
            # After the name, which may hold anything but ends with the last bracket.
            fields = line.rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime and stime, proc(5)
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0
