"""The options of `drift`, and how they become bounds, windows and weights."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.domain.errors import DataFileError, SettingsError, WindowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.domain.windows import WindowSpec
    from holdfast.drift.methods.protocol import Method
    from holdfast.loop.baseline import Comparing
    from holdfast.settings import DriftSettings

__all__ = [
    "BY_EVIDENTLY",
    "Alpha",
    "CategoricalTest",
    "Evidently",
    "Html",
    "JsonFile",
    "MinEffect",
    "MostSeasons",
    "Multivariate",
    "NumericTest",
    "Partial",
    "RuleOption",
    "Season",
    "Spark",
    "Step",
    "Weight",
    "Weights",
    "WindowLength",
    "comparing",
    "refuse_together",
    "window_spec",
]

BY_EVIDENTLY = "evidently"
"""The rule that leaves the verdict to Evidently's preset, which needs rows, not counts."""

Html = Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML page.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write the report as JSON; - for the terminal.")
]
Evidently = Annotated[
    bool, typer.Option("--evidently", help="Write Evidently's own report beside ours.")
]
Multivariate = Annotated[
    bool, typer.Option("--multivariate", help="Compare whole rows, too, not only each column.")
]
RuleOption = Annotated[
    str | None,
    typer.Option(
        help="When the rows as a whole count as drifted, as NAME or NAME=BOUND: drift_share, "
        "weighted_share, any_feature, psi, ks_share or evidently."
    ),
]
Alpha = Annotated[float | None, typer.Option(help="False discovery rate over the features' tests.")]
MinEffect = Annotated[
    float | None, typer.Option(help="Effect below which a significant shift does not count.")
]
NumericTest = Annotated[str | None, typer.Option(help="The test of numeric features.")]
CategoricalTest = Annotated[
    str | None, typer.Option(help="The test of categorical and boolean features.")
]
Weight = Annotated[
    list[str] | None,
    typer.Option(help="A feature's importance, as COLUMN=2; may be given several times."),
]
Weights = Annotated[
    Path | None, typer.Option(help="Importances as a JSON file of numbers by column.")
]
WindowLength = Annotated[
    str | None,
    typer.Option("--window", help="Compare window by window: a time as 7d, or rows as 1000."),
]
Step = Annotated[
    str | None, typer.Option(help="From one window's start to the next; the window's length.")
]
Season = Annotated[
    str | None,
    typer.Option(help="Compare each window with the reference's rows of the same season, as 364d."),
]
MostSeasons = Annotated[
    int | None, typer.Option(min=1, help="How many seasons are added up; all, if absent.")
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Judge windows, too, that the data's ends cut off.")
]
Spark = Annotated[
    str | None,
    typer.Option(help="A Spark master that reads and counts CURRENT, as spark://host:7077."),
]


def comparing(
    *,
    drop: Sequence[str] | None,
    time: str | None,
    rule: str | None,
    weight: Sequence[str] | None,
    weights: Path | None,
    **bounds: float | str | None,
) -> Comparing:
    """Return how the files are compared.

    Args:
        drop: Columns to leave out.
        time: The column of times.
        rule: As ``psi`` or ``psi=0.25``.
        weight: Importances as ``column=2``.
        weights: A file of them.
        **bounds: Further keys of the section [drift]; None where nothing was said.

    Raises:
        BadParameter: If an option's value is of no use.
        DataFileError: If the file of weights cannot be read.
        PluginError: If an installed package adds a method that cannot be used.
    """
    from holdfast.loop.baseline import Comparing
    from holdfast.wiring.plugins import drift_methods

    methods = drift_methods()
    weighed = _weighed(weight or (), weights)
    said: dict[str, object] = {key: value for key, value in bounds.items() if value is not None}
    if rule is not None:
        said |= _rule(rule)
    if said.get("rule") == "weighted_share" and weighed is None:
        raise typer.BadParameter(
            "weighted_share needs to know what each feature weighs: name a file with --weights, "
            "or give --weight COLUMN=2",
            param_hint="--rule",
        )
    how = Comparing(drop=tuple(drop or ()), time=time, weights=weighed, methods=methods)
    return _bounded(how, said, methods) if said else how


def window_spec(
    window: str | None, step: str | None, season: str | None, *, time: str | None
) -> WindowSpec | None:
    """Return how the windows lie; None without any.

    Raises:
        BadParameter: If the lengths are none, do not go together, or need a time.
    """
    if window is None:
        return None
    from holdfast.domain.windows import Unit, WindowSpec

    with _as_usage("--window"):
        spec = WindowSpec.parse(window, step, period=season)
    if spec.unit is Unit.TIME and time is None:
        raise typer.BadParameter(
            f"windows of {spec.say(spec.length)} need to know when each row was: name the "
            "column of times with --time, or count windows in rows",
            param_hint="--window",
        )
    return spec


def refuse_together(with_window: bool, given: Mapping[str, object]) -> None:
    """Refuse options that have no meaning without ``--window``, or beside it.

    Args:
        with_window: Whether there are windows.
        given: What was said, by the option; nothing, if it is None or false.

    Raises:
        BadParameter: At the first such option.
    """
    for option in _ONLY_WITH_WINDOWS if not with_window else _ONLY_WITHOUT:
        if given.get(option):
            words = _ONLY_WITHOUT[option] if with_window else "is about windows: give --window, too"
            raise typer.BadParameter(words, param_hint=option)


_ONLY_WITH_WINDOWS = ("--step", "--season", "--most-seasons", "--partial")
_ONLY_WITHOUT = {
    "--rule evidently": "compares the files as wholes, not window by window: leave out --window",
    "--multivariate": "compares the files as wholes, not window by window: leave out --window",
    "--evidently": "compares the files as wholes, not window by window: leave out --window",
    "--spark": "counts the file as a whole: leave out --window, or read the windows here",
}


def _bounded(
    how: Comparing, said: Mapping[str, object], methods: Mapping[str, Method]
) -> Comparing:
    from dataclasses import replace

    from holdfast.wiring.drift import policy_from, rule_from

    section = _section(said)
    with _as_usage(None):
        policy = policy_from(section, methods, spelling=_spelt)
    return replace(how, policy=policy, rule=rule_from(section))


def _section(said: Mapping[str, object]) -> DriftSettings:
    """Check the values as holdfast.toml has them checked."""
    from pydantic import ValidationError

    from holdfast.settings import DriftSettings
    from holdfast.settings.loading import said_of_value

    try:
        return DriftSettings.model_validate(said)
    except ValidationError as invalid:
        issue = invalid.errors(include_url=False)[0]
        words = said_of_value(issue).removeprefix("rule_at: ")
        key = str(issue["loc"][0]) if issue["loc"] else "rule"
        found = f"; found {issue['input']!r}" if issue["loc"] else ""
        raise typer.BadParameter(f"{words}{found}", param_hint=_spelt(key)) from None


def _spelt(key: str) -> str:
    return "--" + key.replace("_", "-")


def _rule(text: str) -> dict[str, object]:
    name, equals, bound = text.partition("=")
    if not equals:
        said: dict[str, object] = {"rule": name.strip()}
    else:
        said = {"rule": name.strip(), "rule_at": _number(bound, text, "--rule", "psi=0.25")}
    from holdfast.drift.rules import rule_named

    with _as_usage("--rule"):
        rule_named(name.strip())
    return said


def _weighed(pairs: Sequence[str], file: Path | None) -> dict[str, float] | None:
    """Return the weights of the file, and over them those of the command line."""
    found = {} if file is None else _weights_in(file)
    for pair in pairs:
        name, equals, weight = pair.rpartition("=")  # a column's name may hold the sign
        if not equals or not name:
            raise typer.BadParameter(
                f"{pair!r} names no weight; write it as COLUMN=2", param_hint="--weight"
            )
        found[name] = _number(weight, pair, "--weight", "age=2")
        if found[name] < 0:
            raise typer.BadParameter(
                f"a weight cannot be negative; found {pair!r}", param_hint="--weight"
            )
    return found if found or file is not None else None


def _weights_in(file: Path) -> dict[str, float]:
    remedy = 'Write numbers from 0 up by column, as in {"age": 2, "city": 0.5}.'
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFileError(
            file, f"cannot be read ({error.strerror})", remedy="Name the file of weights."
        ) from error
    except ValueError as error:  # no JSON, or no text at all
        raise DataFileError(file, "holds no JSON", remedy=remedy) from error
    if not isinstance(found, dict):
        raise DataFileError(file, "holds no weights by column", remedy=remedy)
    for name, weight in found.items():
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not is_number or not 0 <= weight < math.inf:
            raise DataFileError(file, f"the weight of {name!r} is {weight!r}", remedy=remedy)
    return {name: float(weight) for name, weight in found.items()}


def _number(text: str, whole: str, option: str, example: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(
            f"there is no number behind the sign in {whole!r}; write it as in {example}",
            param_hint=option,
        )
    return number


@contextmanager
def _as_usage(option: str | None) -> Iterator[None]:
    """Tell what is wrong with an option as such: the command line is, not what it names."""
    try:
        yield
    except (SettingsError, ValueError, WindowError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
