"""From words of the command line to the policies that a replay sets side by side."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import SettingsError, nearest
from holdfast.loop.contenders import STANDARD, Contender, Kind, beside_standard
from holdfast.policy.policies import POLICIES
from holdfast.settings import settings_for
from holdfast.wiring.control import plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["contenders_of"]

_PERIODIC = re.compile(r"periodic:(\d+)")
_SECTIONS = ("policy", "guard", "monitor", "drift")  # that make a policy; the rest is shared


def contenders_of(
    words: Sequence[str], project: Path, given: Mapping[str, Mapping[str, object]]
) -> tuple[Contender, ...]:
    """Return the policies that were asked for, and those that stand beside every replay.

    Args:
        words: Names of policies, ``periodic:4``, or files with sections of settings that are
            laid over the project's; none means the project's own policy.
        project: The folder in which holdfast.toml may be.
        given: Keys and values by section that the command line lays over all of them.

    Raises:
        SettingsError: If a word names no policy, two policies would be called alike, or a
            setting is wrong.
    """
    own = plan_of(settings_for(project, **given)).decision.name
    asked = [_contender(word, project, given) for word in words or (own,)]
    names = [contender.name for contender in asked]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"--policy: two of the policies are called {twice!r}. Rename a file")
    return beside_standard(asked)


def _contender(word: str, project: Path, given: Mapping[str, Mapping[str, object]]) -> Contender:
    paced = _PERIODIC.fullmatch(word)
    if paced is not None and int(paced[1]) > 0:
        return Contender(name=word, kind=Kind.PERIODIC, every=int(paced[1]))
    standard = next((each for each in STANDARD if each.name == word), None)
    if standard is not None:
        return standard
    if word in POLICIES:
        laid = _over(given, {"policy": {"name": word}})
        return Contender(name=word, plan=plan_of(settings_for(project, **laid)))
    path = Path(word)
    if path.suffix == ".toml" or path.exists():
        laid = _over(given, _read(path))
        return Contender(name=path.stem, plan=plan_of(settings_for(project, **laid)))
    known = [*POLICIES, *(each.name for each in STANDARD), "periodic:N"]
    meant = nearest(word, known)
    hint = f"Did you mean {meant!r}?" if meant else f"There are {', '.join(known)}"
    raise SettingsError(f"--policy {word!r} is no policy. {hint}; a file must end in .toml")


def _over(
    given: Mapping[str, Mapping[str, object]], more: Mapping[str, Mapping[str, object]]
) -> dict[str, dict[str, object]]:
    return {name: {**given.get(name, {}), **more.get(name, {})} for name in {*given, *more}}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"--policy {path} cannot be read as TOML: {error}") from error
    for name, section in found.items():
        if name not in _SECTIONS or not isinstance(section, dict):
            raise SettingsError(
                f"--policy {path}: [{name}] is not part of a policy. A policy's file has the "
                f"sections {', '.join(f'[{each}]' for each in _SECTIONS)}; all else is the "
                "project's"
            )
    return found
