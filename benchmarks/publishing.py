"""How a benchmark is asked, and where what it found goes: a file of figures, and a page."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["asking", "publish"]

ROOT = Path(__file__).resolve().parents[1]


def asking(doc: str | None, result: Path) -> argparse.ArgumentParser:
    """Return a parser of what every benchmark on real data can be asked.

    Args:
        doc: The script's; its first line says what it does.
        result: Where the published figures are.
    """
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=result)
    folder = os.environ.get("HOLDFAST_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(folder), help="folder of real data")
    return parser


def publish(
    result: dict[str, Any],
    *,
    shown: str,
    output: Path,
    published: Path,
    page: Path,
    filled: Callable[[str, dict[str, Any]], str],
) -> int:
    """Write and show what was found; return the exit code, 1 if a bound does not hold.

    Args:
        result: The figures, with their `seconds`, and whether all `holds`.
        shown: They in words, for the terminal.
        output: Where to write them.
        published: Only a run that is written there reaches the page.
        page: Which shows the published figures.
        filled: Returns the page's text with the figures in it.
    """
    output.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    print(shown)
    if output == published:
        page.write_text(filled(page.read_text(encoding="utf-8"), result), encoding="utf-8")
    print(f"Wrote {output} after {result['seconds']} s")
    return 0 if result["holds"] else 1
