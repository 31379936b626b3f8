"""What installed packages add by entry points, loaded with errors that name the package."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from holdfast.domain.errors import PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["made", "owner", "plugin_error", "points", "said"]


def points(group: str) -> list[EntryPoint]:
    """Return the entry points of a group by name, not in the file system's order."""
    return sorted(entry_points(group=group), key=lambda point: (point.name, point.value))


def made(point: EntryPoint) -> object:
    """Load what an entry point names, and call it if it can be called.

    Raises:
        PluginError: If it cannot be imported, or cannot be called without arguments.
    """
    try:
        loaded = point.load()
    except Exception as error:
        raise plugin_error(
            point,
            f"it cannot be imported: {said(error)}",
            remedy="Mend the package or remove it",
        ) from error
    if not callable(loaded):
        return loaded
    try:
        return loaded()
    except TypeError as error:
        raise plugin_error(
            point, f"it cannot be called without arguments: {error}", remedy="Name a factory"
        ) from error
    except Exception as error:
        raise plugin_error(
            point,
            f"it failed when it was called: {said(error)}",
            remedy="Mend the package or remove it",
        ) from error


def said(error: Exception) -> str:
    """Return an error in one line, by its kind where its words alone tell nothing."""
    words = " ".join(str(error).split())
    if isinstance(error, ImportError | AttributeError | SyntaxError):
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def plugin_error(point: EntryPoint, found: str, *, remedy: str) -> PluginError:
    """Return the error that names an entry point and the package it is of."""
    return PluginError(f"{point.name} = {point.value}", owner(point), found, remedy=remedy)


def owner(point: EntryPoint) -> str:
    """Return whose entry point it is, in words."""
    return "an unnamed package" if point.dist is None else f"the package {point.dist.name!r}"
