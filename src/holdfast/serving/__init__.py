"""The HTTP face: it translates, the loop's online steps do the work."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.serving.app import create_app
    from holdfast.serving.keys import Access, access_on
    from holdfast.serving.limits import ServingLimits
    from holdfast.serving.network import bind, check_bind
    from holdfast.serving.runner import run, run_on

__all__ = [
    "Access",
    "ServingLimits",
    "access_on",
    "bind",
    "check_bind",
    "create_app",
    "run",
    "run_on",
]

_FOUND_IN = {
    "Access": "keys",
    "ServingLimits": "limits",
    "access_on": "keys",
    "bind": "network",
    "check_bind": "network",
    "create_app": "app",
    "run": "runner",
    "run_on": "runner",
}


def __getattr__(name: str) -> Any:
    # Only what is asked for: who supervises workers needs no framework, half a second of
    # imports and 30 MB.
    if name not in _FOUND_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FOUND_IN[name]}"), name)
