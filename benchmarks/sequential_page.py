"""How the figures of alarms over time are shown: as Markdown, on the terminal and on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["TABLES", "filled", "summary"]

OURS = "holdfast"
BESIDE = "1,000 a day"  # the traffic at which tools are compared shift by shift
_TOOL_NAMES = {
    OURS: "**Holdfast**",
    "holdfast_undated": "Holdfast, rows taken as independent",
    "window_tests": "our two window tests of harm",
    "daily_report": "daily, BH at 5% and an effect that matters",
    "daily_corrected": "daily, BH at 5%",
    "daily_5_percent": "daily, each feature at 5%",
    "nannyml_realised": "NannyML's rule, realised ROC AUC",
    "nannyml_estimated": "NannyML's rule, estimated ROC AUC",
    "adwin_loss": "ADWIN on the loss",
    "adwin_charges": "ADWIN on monthly charges",
    "page_hinkley_loss": "Page–Hinkley on the loss",
    "page_hinkley_charges": "Page–Hinkley on monthly charges",
    "always": "“always”",
    "never": "“never”",
}
_KIND_NAMES = {
    "contract": ("month-to-month contracts", "+{:.0%}"),
    "charges": ("monthly charges", "+{:.0%} of each"),
    "scores": ("mean score", "+{:.2f}"),
    "label": ("share who leave", "+{:.0%}"),
    "concept": ("loyal half: share who turn", "{:.0%}"),
}
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def years(result: dict[str, Any]) -> str:
    """Return what our monitors said in years without drift."""
    kinds = ("feature", "score", "label", "calibration", "harm")
    body = []
    for traffic, tools in result["years"].items():
        ours = tools[OURS]
        body.append(
            [
                traffic,
                f"{ours['streams']:,}",
                _interval(ours["alarms_a_year"]),
                _percent(ours["years_with_critical"]),
                _percent(ours["years_without_any"]),
                *(f"{ours['by_kind'].get(kind, 0.0):.2f}" for kind in kinds),
            ]
        )
    head = ["rows", "years", "alarms a year", "years with a critical one", "years with none"]
    return _table([*head, *kinds], body)


def tools(result: dict[str, Any]) -> str:
    """Return how often each tool alarms in a year without drift."""
    traffic = list(result["years"])
    body = [
        [
            name,
            *(_years_of(result["years"][rows].get(tool)) for rows in traffic),
        ]
        for tool, name in _TOOL_NAMES.items()
    ]
    return _table(["alarms a year", *traffic], body)


def shifts(result: dict[str, Any]) -> str:
    """Return how many shifts our monitors found within 60 days, and how soon."""
    return _by_traffic(result, _found)


def onsets(result: dict[str, Any]) -> str:
    """Return by how many days our monitors date a shift wrongly."""
    return _by_traffic(result, _onset)


def beside(result: dict[str, Any]) -> str:
    """Return what each tool found of each shift, at one traffic."""
    cells = [one for one in result["shifts"] if one["traffic"] == BESIDE]
    cases = _distinct((one["kind"], one["size"]) for one in cells)
    middle = [case for case in cases if case[1] == _middle(cases, case[0])]
    found = {(one["tool"], one["kind"], one["size"]): one for one in cells}
    body = [
        [name, *(_found(found.get((tool, *case))) for case in middle)]
        for tool, name in _TOOL_NAMES.items()
        if any((tool, *case) in found for case in middle)
    ]
    return _table([BESIDE, *(_case(*case) for case in middle)], body)


def bounds(result: dict[str, Any]) -> str:
    """Return whether each bound holds, and the worst that was found."""
    checks = result["checks"]
    alarms, critical = checks["alarms_a_year"], checks["years_with_a_critical_one"]
    edge = checks["alarms_a_year_at_the_edge"]
    body = [
        [
            f"alarms in a year without drift, all in all, at most {alarms['most']:g} on average",
            _yes(alarms),
            f"at most {max(alarms['found'].values()):.2f}",
        ],
        [
            f"years with a critical one, at most {critical['most']:.0%}",
            _yes(critical),
            f"at most {max(critical['found'].values()):.1%}",
        ],
        [
            f"at the edge, alarms a year about labels, at most {edge['most']:g} on average",
            _yes(edge),
            _interval(edge["found"]),
        ],
    ]
    return _table(["bound", "holds", "found"], body)


def setting(result: dict[str, Any]) -> str:
    """Return where and with what the figures were measured."""
    at = result["machine"]
    libraries = ", ".join(f"{name} {found}" for name, found in result["versions"].items())
    return (
        f"Holdfast {result['holdfast']}, seed {result['seed']}, {result['seconds']:,} s on "
        f"{at['cpus']} cores ({at['processor']}, {at['system']}, Python {at['python']}); "
        f"{libraries}."
    )


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "bounds": bounds,
    "years": years,
    "tools": tools,
    "shifts": shifts,
    "beside": beside,
    "onsets": onsets,
    "setting": setting,
}
"""Everything on the page that stems from the figures, by the name of its place."""


def filled(page: str, result: dict[str, Any]) -> str:
    """Return the page with every table made from the figures."""
    return _BLOCK.sub(lambda place: f"{place[1]}\n{TABLES[place[2]](result)}\n\n{place[3]}", page)


def summary(result: dict[str, Any]) -> str:
    """Return all tables, for the terminal."""
    return "\n\n".join(make(result) for make in TABLES.values())


def _by_traffic(result: dict[str, Any], cell: Callable[[dict[str, Any] | None], str]) -> str:
    ours = [one for one in result["shifts"] if one["tool"] == OURS]
    traffic = _distinct(one["traffic"] for one in ours)
    found = {(one["kind"], one["size"], one["traffic"]): one for one in ours}
    body = [
        [_case(kind, size), *(cell(found.get((kind, size, rows))) for rows in traffic)]
        for kind, size in _distinct((one["kind"], one["size"]) for one in ours)
    ]
    return _table(["shift", *traffic], body)


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _case(kind: str, size: float) -> str:
    what, by = _KIND_NAMES[kind]
    return f"{what} {by.format(size)}"


def _middle(cases: Sequence[tuple[str, float]], kind: str) -> float:
    sizes = sorted(size for one, size in cases if one == kind)
    return sizes[len(sizes) // 2]


def _years_of(figures: dict[str, Any] | None) -> str:
    return "–" if figures is None else _interval(figures["alarms_a_year"])


def _found(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "–"
    delay = figures["median_delay"]
    return f"{figures['found']['estimate']:.0%}" + ("" if delay is None else f", {delay:.0f} d")


def _onset(figures: dict[str, Any] | None) -> str:
    if figures is None or figures["onset_error"] is None:
        return "–"
    error = figures["onset_error"]
    return f"{error['median']:+.0f} ({error['low']:+.0f} to {error['high']:+.0f})"


def _interval(value: dict[str, float]) -> str:
    digits = 2 if value["estimate"] < 10 else 0
    return f"{value['estimate']:.{digits}f} ({value['low']:.{digits}f}–{value['high']:.{digits}f})"


def _percent(share: dict[str, float]) -> str:
    return f"{share['estimate']:.1%} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _yes(check: dict[str, Any]) -> str:
    return "yes" if check["holds"] else "**no**"
