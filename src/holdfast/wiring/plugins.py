"""Which methods of drift are in use: the built-in ones and those of installed packages.

A package adds one by an entry point of the group ``holdfast.drift_methods`` that names a
class, or a function without arguments, which gives a
`holdfast.drift.methods.protocol.Method`:

    [project.entry-points."holdfast.drift_methods"]
    energy_distance = "our_drift.methods:EnergyDistance"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.drift.methods.protocol import Method, MethodResult
from holdfast.drift.methods.registry import METHODS
from holdfast.wiring.entry_points import made, owner, plugin_error, points, said

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from holdfast.domain.errors import PluginError
    from holdfast.drift.methods.protocol import Comparison

__all__ = ["DRIFT_METHODS", "drift_methods"]

DRIFT_METHODS = "holdfast.drift_methods"
"""The group of entry points that drift methods are found by."""

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*")


def drift_methods() -> dict[str, Method]:
    """Return every method by its name: the built-in ones, then those of packages.

    What goes wrong in a package's method while it compares is a `PluginError`, too.

    Raises:
        PluginError: If an entry point cannot be loaded, does not give a method, or gives
            one whose name is taken.

    >>> list(drift_methods())[0]
    'anderson_darling'
    """
    methods = dict(METHODS)
    owners = dict.fromkeys(METHODS, "Holdfast itself")
    for point in points(DRIFT_METHODS):
        method = _method(point)
        if method.name in methods:
            raise plugin_error(
                point,
                f"its method {method.name!r} has the name of one of {owners[method.name]}",
                remedy="Give it another name",
            )
        methods[method.name], owners[method.name] = method, owner(point)
    return methods


@dataclass(frozen=True, kw_only=True)
class _Foreign:
    """A package's method: what goes wrong in it is told by its name, in one line."""

    method: Method
    point: EntryPoint
    name: str
    is_test: bool

    def applies(self, pair: Comparison) -> bool:
        try:
            return bool(self.method.applies(pair))
        except Exception as error:  # foreign code may raise anything
            raise self._failed("applies", error) from error

    def compare(self, pair: Comparison) -> MethodResult:
        try:
            found = self.method.compare(pair)
        except Exception as error:  # foreign code may raise anything
            raise self._failed("compare", error) from error
        wrong = self._wrong(found)
        if wrong is not None:
            raise plugin_error(
                self.point,
                f"its method {self.name!r} answered with {wrong}",
                remedy="See holdfast.drift.methods.protocol.MethodResult",
            )
        return found

    def _wrong(self, found: object) -> str | None:
        if not isinstance(found, MethodResult):
            return f"{type(found).__name__!r}, which is no MethodResult"
        if found.method != self.name:
            return f"the result of a method {found.method!r}"
        if self.is_test and found.p_value is None:
            return "no p-value, but it says that it is a test"
        return None

    def _failed(self, what: str, error: Exception) -> PluginError:
        return plugin_error(
            self.point,
            f"its method {self.name!r} failed in {what}: {said(error)}",
            remedy="Mend the package or remove it",
        )


def _method(point: EntryPoint) -> Method:
    offered = made(point)
    if not isinstance(offered, Method):
        raise plugin_error(
            point,
            f"it gives {type(offered).__name__!r}, which lacks what a method has: "
            "name, is_test, applies and compare",
            remedy="See holdfast.drift.methods.protocol.Method",
        )
    if not (isinstance(offered.name, str) and _SNAKE_CASE.fullmatch(offered.name)):
        raise plugin_error(
            point, f"its method's name is {offered.name!r}", remedy="Name it in snake_case"
        )
    return _Foreign(method=offered, point=point, name=offered.name, is_test=bool(offered.is_test))
