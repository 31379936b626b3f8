"""How the house stands: floors, circles, sizes, names, and tests that mirror the code."""

from __future__ import annotations

import ast
import graphlib
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "holdfast"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
UNIT = ROOT / "tests" / "unit"
FORBIDDEN = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}


def name_of(path):
    """Return a module's dotted name."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def n_lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def functions():
    """Yield (file, function, lines from `def` to the end without the docstring)."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node, clean=False) is not None
                prose = span(node.body[0]) if documented else 0
                yield path, node, span(node) - prose


def span(node):
    return (node.end_lineno or node.lineno) - node.lineno + 1


def imported_at_start(path):
    """Return the package's modules that a module imports when it is itself imported."""
    found = set()
    for node in _executed(TREES[path].body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            inside = submodules & MODULES.keys()
            # What is taken from a package itself makes the package's own file run.
            taken = {node.module} if submodules - inside and node.module in MODULES else set()
            found |= inside | taken
    return found - {name_of(path)}


def _executed(body):
    """Yield the statements that run at import: not those of functions, nor for types only."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield node
        for part in ("body", "orelse", "finalbody"):
            yield from _executed(getattr(node, part, []))


class TestFloors:
    def test_the_import_contracts_hold(self):
        """A file imports only from floors below its own; pyproject.toml lists them."""
        lint = Path(sys.executable).with_name("lint-imports")

        done = subprocess.run(
            [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )

        assert done.returncode == 0, done.stdout + done.stderr

    def test_no_import_runs_in_a_circle(self):
        """In a circle no file can be understood, or tested, without all the others."""
        graph = {name: imported_at_start(path) for name, path in MODULES.items()}

        order = list(graphlib.TopologicalSorter(graph).static_order())  # raises at a circle

        assert len(order) == len(MODULES)

    def test_the_graph_of_imports_is_seen(self):
        """Else the test above would pass for want of edges."""
        assert "holdfast.cli.app" in imported_at_start(MODULES["holdfast.cli"])
        assert "holdfast.domain.errors" in imported_at_start(MODULES["holdfast.loop.timetable"])


class TestSizes:
    def test_modules_are_short(self):
        """One module, one question: 150 lines in the middle, and never above 400."""
        sizes = {name: n_lines(path) for name, path in MODULES.items()}

        assert {name: size for name, size in sizes.items() if size > 400} == {}
        assert statistics.median(sizes.values()) <= 150

    def test_functions_are_short(self):
        """Eight lines in the middle, 35 for all but one in twenty."""
        sizes = sorted(size for _, _, size in functions())

        assert statistics.median(sizes) <= 8
        assert sizes[int(0.95 * len(sizes))] <= 35


class TestNames:
    def test_no_module_bears_a_name_that_says_nothing(self):
        """What is called utils collects whatever has no place."""
        parts = {name: FORBIDDEN & set(name.split(".")) for name in MODULES}

        assert {name: found for name, found in parts.items() if found} == {}

    def test_no_class_is_taken_for_a_test(self):
        """pytest collects classes by this prefix, also those of the contract suites' users."""
        classes = [
            f"{path.name}: {node.name}"
            for path, tree in TREES.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
        ]

        assert classes == []

    def test_the_reference_comes_before_the_current_window(self):
        """Swapped arguments of one type are found by no type checker."""
        swapped = []
        for path, node, _ in functions():
            names = [argument.arg for argument in node.args.args]
            both = {"reference", "current"} <= set(names)
            if both and names.index("current") < names.index("reference"):
                swapped.append(f"{path.name}: {node.name}")

        assert swapped == []


class TestTests:
    def test_unit_tests_mirror_the_package(self):
        """Who changes a file knows where its tests are."""
        strays = []
        for test in UNIT.rglob("test_*.py"):
            folder = PACKAGE / test.relative_to(UNIT).parent
            name = test.stem.removeprefix("test_")
            if not (folder / f"{name}.py").exists() and not (folder / name).is_dir():
                strays.append(str(test.relative_to(ROOT)))

        assert strays == []
