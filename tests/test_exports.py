"""What each module makes public: names that exist, and nothing besides."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
MIGRATIONS = SOURCE / "holdfast" / "adapters" / "stores" / "sql" / "migrations"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((SOURCE / "holdfast").rglob("*.py"))
    # Alembic imports its scripts itself, and __main__ is there to be run.
    if not path.is_relative_to(MIGRATIONS) and path.name != "__main__.py"
}


def definitions(path):
    """Return the public functions and classes that a module defines on its outermost level."""
    return {
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    }


@pytest.mark.parametrize("name", MODULES)
class TestExports:
    def test_what_is_public_exists(self, name):
        """A name in `__all__` that is not there breaks `from module import *` and the reader."""
        module = importlib.import_module(name)

        exported = getattr(module, "__all__", [])
        assert [one for one in exported if not hasattr(module, one)] == []
        assert len(set(exported)) == len(exported)

    def test_what_is_public_has_no_underscore(self, name):
        """An underscore says private; both at once says nothing."""
        exported = getattr(importlib.import_module(name), "__all__", [])

        assert [one for one in exported if one.startswith("_") and one != "__version__"] == []

    def test_what_is_not_public_has_an_underscore(self, name):
        """The commands of the command line are the exception: their names are the commands'."""
        exported = set(getattr(importlib.import_module(name), "__all__", []))

        found = definitions(MODULES[name])
        commands = found if "add_to" in exported and name.startswith("holdfast.cli.") else set()
        assert found - exported - commands == set()

    def test_what_is_public_says_why_to_open_it(self, name):
        """The first line of a module answers that."""
        module = importlib.import_module(name)

        assert (module.__doc__ or "").strip()
