"""The first holdfast.toml of a project: what was found in its data, and what may be changed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from holdfast.domain.errors import SettingsError
from holdfast.domain.survey import ColumnKind, Role
from holdfast.settings import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from holdfast.domain.survey import ColumnSurvey, Survey

__all__ = ["model_name", "render_config", "toml_string", "write_config"]

_TAIL = """\
[train]
# Who competes; the best by Brier score is released. Without this line: logistic_regression
trainers = {trainers}
# search = "5m"            # look for better hyperparameters before (needs holdfast[search])
# What the threshold is chosen for; or {{ recall = 0.8 }}, {{ fixed = 0.5 }}, {{ capacity = 0.1 }},
# {{ cost_false_positive = 1, cost_false_negative = 5 }}
aim = {{ f_beta = 1.0 }}

[monitor]
bucket = "1d"              # the smallest step that is counted
window = "7d"              # what is judged at once
label_maturity = "30d"     # the age at which a prediction's outcome is known
alarms_per_year = 4        # false ones of all monitors, on average
# holdout = 0.1            # a share of the entities that nobody acts upon, to judge the model on

[policy]
name = "harm"              # retrain when the model has become worse; or "any": on drift, too
cooldown = "7d"            # between two attempts
min_labels = 500           # mature labels that a retraining needs
min_positives = 50         # and how many of each class

[guard]
rule = "better"            # or "no_worse": ties are promoted, too
"""


def toml_string(text: str) -> str:
    r"""Return a text as a TOML basic string.

    >>> print(toml_string('the "best" \\ of\n'))
    "the \"best\" \\ of\n"
    """
    # JSON's escapes are TOML's; only DEL needs one more.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def model_name(target: str) -> str:
    """Return a model's name made from its target's.

    >>> model_name("default.payment.next month?")
    'default.payment.next_month'
    """
    plain = re.sub(r"[^a-z0-9_.-]+", "_", target.lower()).strip("_.-")
    return plain[:64] or "model"


def render_config(
    survey: Survey,
    *,
    data_path: Path,
    project: Path,
    labels_path: Path | None = None,
    name: str | None = None,
    trainers: Sequence[str] = ("logistic_regression", "xgboost"),
    categorical: Sequence[str] = (),
    delimiter: str | None = None,
    header: bool = True,
) -> str:
    """Return the text of a commented holdfast.toml.

    Args:
        survey: What the data holds; it names a target.
        data_path: The data file; written relative to the project if it is inside.
        project: The project's folder.
        labels_path: The file with the target, where the data file does not hold it.
        name: The model's name; made from the target's if None.
        trainers: Which trainers compete.
        categorical: Columns whose numbers are codes.
        delimiter: The separator, where it was given rather than found.
        header: Whether the file's first row holds the names.
    """
    if survey.target is None:
        raise ValueError("a project needs a target; survey the table with one")
    lines = [
        "# What Holdfast keeps true, and how. Whatever is not written has its default;",
        "# HOLDFAST_<SECTION>__<KEY> in the environment overrides. Check: holdfast config check",
        "",
        "[model]",
        f"name = {toml_string(name or model_name(survey.target.name))}",
        "",
        "[data]",
        f"path = {toml_string(_shown(data_path, project))}",
        *([f"labels = {toml_string(_shown(labels_path, project))}"] if labels_path else []),
        f"target = {toml_string(survey.target.name)}",
        f"positive = {toml_string(survey.target.positive)}{_positive_remark(survey)}",
        *_role_lines(survey),
        *_drop_lines(survey),
        *_list_line("categorical", categorical),
        *_as_of_lines(survey),
        *_missing_lines(survey),
        *([f"delimiter = {toml_string(delimiter)}"] if delimiter is not None else []),
        *([] if header else ["header = false"]),
        *_found_lines(survey),
        "",
    ]
    return "\n".join(lines) + "\n" + _TAIL.format(trainers=_toml_list(trainers))


def write_config(
    found: Survey,
    *,
    data: Path,
    folder: Path,
    delimiter: str | None,
    header: bool,
    labels: Path | None = None,
) -> Path:
    """Write a new project's holdfast.toml and return its path.

    Args:
        found: What the data holds.
        data: The data file.
        folder: The project's folder; made if it is not there.
        delimiter: The separator, where it was given rather than found.
        header: Whether the file's first row holds the names.
        labels: The file with the target, where the data file does not hold it.

    Raises:
        SettingsError: If there is a holdfast.toml already; it may hold a person's work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG_FILE
    text = render_config(
        found,
        data_path=data,
        project=folder,
        labels_path=labels,
        delimiter=delimiter,
        header=header,
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SettingsError(
            f"{path} is there already and is not overwritten. Edit it, remove it, or choose "
            "another folder with --dir"
        ) from None
    return path


def _shown(data_path: Path, project: Path) -> str:
    absolute, folder = data_path.resolve(), project.resolve()
    inside = absolute.is_relative_to(folder)
    return (absolute.relative_to(folder) if inside else absolute).as_posix()


def _toml_list(words: Iterable[str]) -> str:
    return "[" + ", ".join(toml_string(word) for word in words) + "]"


def _list_line(key: str, words: Sequence[str]) -> list[str]:
    return [f"{key} = {_toml_list(words)}"] if words else []


def _positive_remark(survey: Survey) -> str:
    if not survey.positive_guessed or survey.target is None:
        return ""
    return f"  # guessed; the other is {toml_string(survey.target.negative)}"


def _role_lines(survey: Survey) -> list[str]:
    lines = []
    for role, key, candidates in (
        (Role.ENTITY, "entity", survey.entity_candidates),
        (Role.TIME, "time", survey.time_candidates),
    ):
        if named := survey.of(role):
            lines.append(f"{key} = {toml_string(named[0].name)}")
        elif candidates:
            lines.append(f"# {key} = {toml_string(candidates[0])}  # if it is one")
    return lines


def _drop_lines(survey: Survey) -> list[str]:
    asked = [column.name for column in survey.dropped if column.reason == "asked for"]
    suspected = [column.name for column in survey.suspects]
    if not suspected:
        return _list_line("drop", asked)
    line = f"# drop = {_toml_list([*asked, *suspected])}  # if known only afterwards, see below"
    return [*_list_line("drop", asked), line]


def _as_of_lines(survey: Survey) -> list[str]:
    if not survey.dates or survey.of(Role.TIME):
        return []
    newest = survey.dates[0].derivations[0].origin_at
    return [f"# as_of = {newest:%Y-%m-%d}  # when the rows were exported, if not then"]


def _missing_lines(survey: Survey) -> list[str]:
    codes = [f"{toml_string(c.name)} = [{c.code_suspected:g}]" for c in survey.code_suspects]
    if not codes:
        return []
    return [f"# missing = {{ {', '.join(codes)} }}  # if these numbers stand for a missing value"]


def _found_lines(survey: Survey) -> list[str]:
    rate = f"{survey.positive_rate or 0:.2%} positive"
    lines = ["#", f"# Found: {survey.n_rows:,} rows, {rate}, {len(survey.columns)} columns"]
    width = min(max(len(toml_string(column.name)) for column in survey.columns), 40)
    lines.extend(
        f"#   {toml_string(column.name):<{width}}  {_words(column)}" for column in survey.columns
    )
    lines.extend(f"# Note: {_one_line(warning)}" for warning in survey.warnings)
    return lines


def _words(column: ColumnSurvey) -> str:
    match column.role:
        case Role.DROPPED:
            return f"dropped: {column.reason}"
        case Role.FEATURE:
            what = _content(column)
        case role:
            what = role.value
    missing = f", {column.n_missing:,} missing" if column.n_missing else ""
    return what + missing


def _content(column: ColumnSurvey) -> str:
    match column.kind:
        case ColumnKind.NUMERIC:
            return f"numeric, {column.minimum:g} to {column.maximum:g}"
        case ColumnKind.TIME:
            return _dated(column)
        case ColumnKind.CATEGORICAL:
            return f"categorical, {column.n_distinct:,} categories"
        case kind:
            return kind.value


def _dated(column: ColumnSurvey) -> str:
    parts = [one.part.partition(",")[0] for one in column.derivations]
    cycles = " and ".join(dict.fromkeys(parts[1:]))
    return f"date, as its {parts[0]}" + (f" and its {cycles}" if cycles else "")


def _one_line(text: str) -> str:
    """Return a text that may stand in a comment: no line breaks or control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
