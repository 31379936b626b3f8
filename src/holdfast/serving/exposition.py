"""How figures are written down for Prometheus to read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence  # noqa: TC003 - msgspec reads them at run time
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EXPOSITION_TYPE", "Family", "Sample", "distribution", "exposition"]

EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of a family: its labels, its value, and what its name ends in."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Figures of one name, kind and meaning."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    samples: Sequence[Sample]


def distribution(
    bounds: Sequence[float], vector: Sequence[float], labels: Mapping[str, str]
) -> list[Sample]:
    """Return a histogram's figures: cumulated counts by bound, their sum and their number.

    Args:
        bounds: Upper bounds, inclusive and rising, in the unit of what was observed.
        vector: How many fell under each bound and above all, and the sum of what was
            observed: as `Tally.observe` counts.
        labels: Of each figure.
    """
    *counts, total = vector
    reached = list(accumulate(counts))
    return [
        *(
            Sample(n, {**labels, "le": bound}, "_bucket")
            for bound, n in zip([*map(_number, bounds), "+Inf"], reached, strict=True)
        ),
        Sample(total, labels, "_sum"),
        Sample(reached[-1], labels, "_count"),
    ]


def exposition(families: Iterable[Family]) -> bytes:
    r"""Return families in the text format, one figure a line.

    Source:
        Prometheus, *Exposition formats*, text format 0.0.4.

    >>> sample = Sample(3, {"fate": "late"})
    >>> figures = Family(name="labels_total", kind="counter", meaning="Labels.", samples=[sample])
    >>> print(exposition([figures]).decode(), end="")
    # HELP labels_total Labels.
    # TYPE labels_total counter
    labels_total{fate="late"} 3
    """
    lines: list[str] = []
    for family in families:
        meaning = family.meaning.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {family.name} {meaning}", f"# TYPE {family.name} {family.kind}"]
        lines += [
            f"{family.name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}"
            for sample in family.samples
        ]
    return "".join(f"{line}\n" for line in lines).encode()


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if float(value).is_integer() else repr(float(value))
