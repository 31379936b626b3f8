"""How the detection figures are shown: as Markdown, on the terminal and on the docs page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["TABLES", "filled", "summary"]

_CELL_NAMES = {
    "no_drift": "no drift",
    "monthly_contracts_55_to_63": "month-to-month 55→63%",
    "monthly_charges_up_5": "charges +5%",
    "tenth_of_a_column_missing": "10% of a column missing",
}
_TOOL_NAMES = {
    "holdfast": "**Holdfast**",
    "evidently": "Evidently",
    "bh_baseline": "BH baseline",
    "always": "“always”",
    "never": "“never”",
}
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def flagged(result: dict[str, Any]) -> str:
    """Return how often any feature was flagged, with 95% intervals."""
    tools = result["flagged"]
    sizes = next(iter(tools.values()))
    head = ["rows", "tool", "repetitions", *_CELL_NAMES.values()]
    body = [
        [size, _TOOL_NAMES[tool], _count(cells["no_drift"]), *map(_share, _in_order(cells))]
        for size in sizes
        for tool in _TOOL_NAMES
        if tool in tools
        for cells in [tools[tool][size]]
    ]
    return _table(head, body)


def verdicts(result: dict[str, Any]) -> str:
    """Return how our verdicts split over the 19 features."""
    body = [
        [size, *(_split(cells[cell]) for cell in _CELL_NAMES)]
        for size, cells in result["verdicts"].items()
    ]
    return _table(["rows", *_CELL_NAMES.values()], body)


def p_values(result: dict[str, Any]) -> str:
    """Return P(p <= a) by method, size pair and level, without drift."""
    looks = result["calibration"]["looks"]
    levels = _distinct(look["level"] for look in looks)
    sizes = _distinct(look["size"] for look in looks)
    found = {(look["method"], look["size"], look["level"]): look for look in looks}
    body = [
        [
            f"`{method}`",
            *(" / ".join(_percent(found.get((method, size, a))) for a in levels) for size in sizes),
        ]
        for method in _distinct(look["method"] for look in looks)
    ]
    return _table(["method", *sizes], body)


def exceedances(result: dict[str, Any]) -> str:
    """Return how many looks exceed, of how many, and how many would by chance."""
    calibration = result["calibration"]
    rows = [
        ("method and size pair, over all features", calibration["exceeding"]),
        ("each feature by itself", calibration["by_feature"]),
    ]
    body = [
        [what, str(count["of"]), str(count["n"]), f"{count['expected_if_exact']:g}"]
        for what, count in rows
    ]
    return _table(["looks", "how many", "beyond 2 s.e.", "expected if every p were exact"], body)


def budgets(result: dict[str, Any]) -> str:
    """Return whether each budget holds, and where not."""
    found = result["checks"]
    alarms = found["any_flagged_without_drift"]
    contests = found["more_power_than_quiet_peers"]
    beyond = found["p_values_no_smaller_than_they_say"]
    worst = max(alarms["rates"].values())
    lost = [c for c in contests["contests"] if c["outcome"] not in {"more", "both always"}]
    body = [
        ["any feature flagged without drift, at most 6%", _yes(alarms), f"at most {worst:.1%}"],
        [
            "more power than every peer that is quiet without drift",
            _yes(contests),
            f"{len(contests['contests']) - len(lost)} of {len(contests['contests'])} comparisons",
        ],
        [
            "P(p ≤ a) no higher than a, over all looks together",
            _yes(beyond),
            f"{len(beyond['beyond'])} beyond",
        ],
    ]
    lines = [
        f"- {_TOOL_NAMES[c['peer']]}, {c['size']}, {_CELL_NAMES[c['cell']]}: ours {c['ours']:.1%}, "
        f"theirs {c['theirs']:.1%} on the same {c['repetitions']:,} windows "
        f"(p = {c['p_value']:.2g})."
        for c in lost
    ]
    said = "\n\nNot more power in:\n\n" + "\n".join(lines) if lines else ""
    return _table(["budget", "holds", "found"], body) + said


def setting(result: dict[str, Any]) -> str:
    """Return where and with what the figures were measured, and which peers were not."""
    at = result["machine"]
    libraries = ", ".join(f"{name} {found}" for name, found in result["versions"].items())
    absent = "\n".join(f"- {peer}: {why}." for peer, why in result["peers_not_run"].items())
    return (
        f"Holdfast {result['holdfast']}, seed {result['seed']}, {result['seconds']:,} s on "
        f"{at['cpus']} cores ({at['processor']}, {at['system']}, Python {at['python']}); "
        f"{libraries}.\n\nPeers that could not take part:\n\n{absent}"
    )


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "flagged": flagged,
    "verdicts": verdicts,
    "p_values": p_values,
    "exceedances": exceedances,
    "budgets": budgets,
    "setting": setting,
}
"""Everything on the page that stems from the figures, by the name of its place."""


def filled(page: str, result: dict[str, Any]) -> str:
    """Return the page with every table made from the figures."""
    return _BLOCK.sub(lambda place: f"{place[1]}\n{TABLES[place[2]](result)}\n\n{place[3]}", page)


def summary(result: dict[str, Any]) -> str:
    """Return all tables, for the terminal."""
    return "\n\n".join(make(result) for make in TABLES.values())


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _in_order(cells: dict[str, Any]) -> list[dict[str, float]]:
    return [cells[cell] for cell in _CELL_NAMES]


def _count(cell: dict[str, Any]) -> str:
    return f"{cell['repetitions']:,}"


def _share(cell: dict[str, float]) -> str:
    return f"{cell['any']:.1%} ({100 * cell['low']:.1f}–{100 * cell['high']:.1f})"


def _split(shares: dict[str, float]) -> str:
    return " / ".join(f"{100 * shares[name]:.1f}" for name in ("drifted", "underpowered", "stable"))


def _percent(look: dict[str, Any] | None) -> str:
    if look is None:
        return "–"
    text = f"{100 * look['rate']:.1f}"
    return f"**{text}**" if look["exceeds"] else text


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _yes(check: dict[str, Any]) -> str:
    return "yes" if check["holds"] else "**no**"
