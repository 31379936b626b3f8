"""How holdfast.toml and the HOLDFAST_* environment become settings, or a clear refusal.

Plain pydantic on purpose: pydantic-settings costs 0.2 s at each start, and takes
``HOLDFAST_DATA`` for the whole section `[data]`.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import ValidationError

from holdfast.domain.durations import format_duration
from holdfast.domain.errors import SettingsError
from holdfast.domain.keeping import ONSET_WINDOWS, least_retention
from holdfast.settings.sections import SECTIONS, RegistrySettings, Settings, choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

__all__ = ["CONFIG_FILE", "load_settings", "said_of_value", "settings_for"]

CONFIG_FILE = "holdfast.toml"

_PREFIX = "HOLDFAST_"
_SECRET = {("store", "url"), ("registry", "mlflow"), ("alerts", "urls")}  # may hold passwords


def load_settings(project: Path, *, environment: Mapping[str, str] | None = None) -> Settings:
    """Read a project's settings.

    Args:
        project: The folder that holds ``holdfast.toml``; relative paths and SQLite
            addresses in it start from there.
        environment: Variables that override the file: ``HOLDFAST_STORE__URL`` is
            ``[store] url``; ``HOLDFAST_STORE__URL_FILE`` names a file that holds it.
            The process's own by default.

    Raises:
        SettingsError: If there is no file, it is not TOML, a section or key is unknown,
            or a value is not of the kind that is needed.
    """
    config = project.resolve() / CONFIG_FILE
    return _validated(_read_toml(config), config, environment)


def settings_for(project: Path, **given: Mapping[str, object]) -> Settings:
    """Return a project's settings with words of the command line laid over them.

    There need not be a project: everything but the target has a default.

    Args:
        project: The folder in which holdfast.toml may be.
        **given: Keys and values by section; a value of None was not given.

    Raises:
        SettingsError: If the file, the environment or a given value is wrong.
    """
    config = project.resolve() / CONFIG_FILE
    found = _read_toml(config) if config.exists() else {}
    for section, values in given.items():
        said = {key: value for key, value in values.items() if value is not None}
        found[section] = found.get(section, {}) | said
    return _validated(found, config, None)


def _validated(
    found: dict[str, dict[str, Any]], config: Path, environment: Mapping[str, str] | None
) -> Settings:
    folder = config.parent
    overrides = _read_environment(os.environ if environment is None else environment)
    merged = {name: found.get(name, {}) | overrides.get(name, {}) for name in {*found, *overrides}}
    try:
        settings = Settings.model_validate({"project": folder, "data": {}} | merged)
    except ValidationError as invalid:
        raise _explained(invalid, config, overrides) from None
    _refuse_short_retention(settings, config)
    return _anchored(settings, folder)


def _refuse_short_retention(settings: Settings, config: Path) -> None:
    """Refuse to drop rows that the monitors still read."""
    retention, monitor = settings.store.retention, settings.monitor
    if retention is None:
        return
    least = least_retention(
        bucket=monitor.bucket, window=monitor.window, label_maturity=monitor.label_maturity
    )
    if retention < least:
        raise SettingsError(
            f"{config}: [store] retention = {format_duration(retention)!r} is shorter than the "
            f"loop reads back. At least {format_duration(least)!r} works here: label_maturity, "
            f"a bucket, and {ONSET_WINDOWS} windows in which the onset of a loss is looked for."
        )


def _read_toml(config: Path) -> dict[str, dict[str, Any]]:
    try:
        sections = tomllib.loads(config.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no {CONFIG_FILE} in {config.parent}. Run: holdfast init DATA --target COLUMN"
        ) from None
    except OSError as error:
        raise SettingsError(f"{config} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{config} is not UTF-8 text. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{config} is not valid TOML: {error}.") from error
    for name, values in sections.items():
        _check_section(str(config), name)
        if not isinstance(values, dict):
            raise SettingsError(f"{config}: {name!r} must be a section. Write [{name}] above it.")
    return sections


def _check_section(where: str, name: str) -> None:
    if name not in SECTIONS:
        raise SettingsError(f"{where}: there is no section [{name}]; {choose(name, SECTIONS)}.")


def _read_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the overrides by section and key; a variable without ``__`` is not a setting."""
    overrides: dict[str, dict[str, Any]] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(_PREFIX) or "__" not in variable:
            continue
        section, key, *inner = variable.removeprefix(_PREFIX).lower().split("__")
        _check_section(variable, section)
        if key.endswith("_file"):
            key, text = key.removesuffix("_file"), _read_secret(variable, text)  # noqa: PLW2901 - the file's text stands in for the variable's
        values = overrides.setdefault(section, {})
        nested = values.setdefault(key, {}) if inner else {}
        if (key in values and not inner) or not isinstance(nested, dict):
            raise SettingsError(f"{variable}: the same setting is given twice; keep one of them.")
        if inner:
            nested["__".join(inner)] = text
        else:
            values[key] = _decode(section, key, text)
    return overrides


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{variable}: the file {path} that should hold the value cannot be read. "
            "Check its path and permissions."
        ) from error


def _decode(section: str, key: str, text: str) -> object:
    """Turn a variable's text into a list or table where the setting is one."""
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text  # the setting's own check says what is needed
    field = SECTIONS[section].model_fields.get(key)
    if field is not None and get_origin(field.annotation) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _explained(
    invalid: ValidationError, config: Path, overrides: Mapping[str, Mapping[str, Any]]
) -> SettingsError:
    issues = invalid.errors(include_url=False)
    issue = issues[0]
    section, *keys = (str(part) for part in issue["loc"])
    key = keys[0] if keys else ""
    from_environment = key in overrides.get(section, {})
    where = f"{_PREFIX}{section}__{key}".upper() if from_environment else str(config)
    more = f" ({len(issues) - 1} more after this one)" if len(issues) > 1 else ""
    return SettingsError(f"{where}: [{section}] {key}".rstrip() + f" {_problem(issue)}.{more}")


def _problem(issue: ErrorDetails) -> str:
    section, *keys = (str(part) for part in issue["loc"])
    if issue["type"] == "extra_forbidden":
        return "is not a setting; " + choose(keys[-1], SECTIONS[section].model_fields)
    if issue["type"] == "missing":
        return "is not set; name the column to predict"
    message = said_of_value(issue)
    if issue["type"] in {"value_error", "aim"} and not keys:
        return message  # about several keys: it names them itself
    if (section, keys[0]) in _SECRET:
        return f"{message} (what was found is not shown: it may hold a password)"
    return f"{message}; found {issue['input']!r}"


def said_of_value(issue: ErrorDetails) -> str:
    """Return what is wrong with a value, in the words of this house."""
    return issue["msg"].removeprefix("Value error, ").replace("Input should be", "needs to be")


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Return the settings with relative paths and SQLite addresses made absolute."""
    store, data, clock = settings.store, settings.data, settings.clock
    moved = {
        "store": store.model_copy(
            update={
                "url": _sqlite(store.url, folder),
                "releases": folder / store.releases,
                "archive": folder / store.archive,
            }
        ),
        "data": data.model_copy(
            update={
                "path": data.path and folder / data.path,
                "labels": data.labels and folder / data.labels,
            }
        ),
        "clock": clock.model_copy(update={"file": clock.file and folder / clock.file}),
        "registry": RegistrySettings(mlflow=_sqlite(settings.registry.mlflow, folder)),
    }
    return settings.model_copy(update=moved)


def _sqlite(url: str, folder: Path) -> str:
    scheme, slashes, path = url.partition(":///")
    if not slashes or not scheme.startswith("sqlite") or path in {"", ":memory:"}:
        return url
    return f"{scheme}:///{folder / path}"
