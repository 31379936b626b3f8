"""Which methods of drift are in use: the built-in ones and those of installed packages.

A package adds one by an entry point of the group ``holdfast.drift_methods`` that names a
class, or a function without arguments, which gives a
`holdfast.drift.methods.protocol.Method`:

    [project.entry-points."holdfast.drift_methods"]
    energy_distance = "our_drift.methods:EnergyDistance"
"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from holdfast.domain.errors import PluginError
from holdfast.drift.methods.protocol import Method
from holdfast.drift.methods.registry import METHODS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["DRIFT_METHODS", "drift_methods"]

DRIFT_METHODS = "holdfast.drift_methods"
"""The group of entry points that drift methods are found by."""

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*")


def drift_methods() -> dict[str, Method]:
    """Return every method by its name: the built-in ones, then those of packages.

    Raises:
        PluginError: If an entry point cannot be loaded, does not give a method, or gives
            one whose name is taken.

    >>> list(drift_methods())[0]
    'anderson_darling'
    """
    methods = dict(METHODS)
    owners = dict.fromkeys(METHODS, "Holdfast itself")
    for point in sorted(entry_points(group=DRIFT_METHODS), key=_order):
        method = _method(point)
        if method.name in methods:
            raise _error(
                point,
                f"its method {method.name!r} has the name of one of {owners[method.name]}",
                remedy="Give it another name",
            )
        methods[method.name], owners[method.name] = method, _owner(point)
    return methods


def _method(point: EntryPoint) -> Method:
    made = _made(point)
    if not isinstance(made, Method):
        raise _error(
            point,
            f"it gives {type(made).__name__!r}, which lacks what a method has: "
            "name, is_test, applies and compare",
            remedy="See holdfast.drift.methods.protocol.Method",
        )
    if not (isinstance(made.name, str) and _SNAKE_CASE.fullmatch(made.name)):
        raise _error(point, f"its method's name is {made.name!r}", remedy="Name it in snake_case")
    return made


def _made(point: EntryPoint) -> object:
    """Load what an entry point names, and call it."""
    try:
        loaded = point.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        raise _error(
            point, f"it cannot be imported: {error}", remedy="Mend the package or remove it"
        ) from error
    if not callable(loaded):
        return loaded
    try:
        return loaded()
    except TypeError as error:
        raise _error(
            point, f"it cannot be called without arguments: {error}", remedy="Name a factory"
        ) from error


def _error(point: EntryPoint, found: str, *, remedy: str) -> PluginError:
    return PluginError(f"{point.name} = {point.value}", _owner(point), found, remedy=remedy)


def _owner(point: EntryPoint) -> str:
    return "an unnamed package" if point.dist is None else f"the package {point.dist.name!r}"


def _order(point: EntryPoint) -> tuple[str, str]:
    # Not the order in which the file system lists packages.
    return (point.name, point.value)
