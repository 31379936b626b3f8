"""What is written about Holdfast: links lead somewhere, references match, examples run."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import json
import re
import shutil
import socket
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import typer
from tests.harness import Project, environment, run

from holdfast.cli.app import app
from holdfast.domain import events, evidence, releases
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import LabelFate
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import compare
from holdfast.loop.illustrate import CAPTIONS
from holdfast.loop.rehearse import Step
from holdfast.loop.replayed import PolicyRun, Replay, WindowResult
from holdfast.loop.timetable import Schedule
from holdfast.performance.realised import measure
from holdfast.policy.deciding import POLICIES
from holdfast.serving import app as serving
from holdfast.settings import DataSettings, Settings
from holdfast.settings.sections import SECTIONS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
CODE = [
    path
    for folder in ("src", "tests", "examples", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
EXAMPLES = ROOT / "examples"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)\s]+)\)")


def relative(path):
    return str(path.relative_to(ROOT))


def sections(page):
    """Return a page's second-level sections by their headings."""
    parts = re.split(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text):
    """Return the cells of every table row in a text, header and rule left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [i for i, row in enumerate(cells) if set("".join(row)) <= set("-")]
    heads = {i - 1 for i in rules} | set(rules)
    return [row for i, row in enumerate(cells) if i not in heads]


def words_in(text):
    """Return everything that stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def anchors(page):
    """Return the anchors that GitHub makes of a page's headings."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=relative)
class TestPages:
    def test_links_lead_somewhere(self, page):
        """To a file that is there, and to a heading in it."""
        broken = []
        for link in _LINK.findall(_BLOCK.sub("", page.read_text(encoding="utf-8"))):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(link)

        assert broken == []

    def test_examples_in_python_give_what_they_show(self, page):
        """Those with a prompt; they are run in order, in one namespace."""
        text = page.read_text(encoding="utf-8")
        test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)

        failed = doctest.DocTestRunner().run(test).failed

        assert failed == 0

    def test_other_python_is_python(self, page):
        """A piece of code that cannot be run here can at least be parsed."""
        blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
        code = [body for language, body in blocks if language == "python" and ">>>" not in body]

        for body in code:
            ast.parse(body)


class TestWhole:
    def test_every_page_can_be_reached_from_the_readme(self):
        """A page that nothing links to is not read."""
        reached, todo = set(), [ROOT / "README.md"]
        while todo:
            page = todo.pop()
            if page in reached or page.suffix != ".md":
                continue
            reached.add(page)
            links = _LINK.findall(page.read_text(encoding="utf-8"))
            paths = [link.partition("#")[0] for link in links]
            todo += [(page.parent / path).resolve() for path in paths if path]

        assert {relative(p) for p in PAGES if p not in reached} <= {"CHANGELOG.md"}

    def test_nothing_speaks_of_one_machine_or_of_things_left_undone(self):
        """A reader has neither; what is to be done stands in an issue."""
        places = re.compile(r"/(?:root|work|home/(?!ann\b))/\S|\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
        own = [ROOT / name for name in ("Makefile", "pyproject.toml", ".ci/run")]

        found = [
            f"{relative(path)}: {match.group()}"
            for path in [*PAGES, *CODE, *own]
            for match in places.finditer(path.read_text(encoding="utf-8"))
        ]

        assert found == []

    def test_every_test_says_why(self):
        """The name states a behaviour, the docstring what would be lost without it."""
        silent = []
        for path in [*sorted((ROOT / "tests").rglob("*.py")), *(ROOT / "src").rglob("suites/*.py")]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                    continue
                if not (ast.get_docstring(node) or "").strip():
                    silent.append(f"{relative(path)}: {node.name}")

        assert silent == []

    def test_decisions_have_their_three_parts(self):
        """Context, decision, consequences; and the index lists them all."""
        records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
        index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")

        for number, record in enumerate(records, start=1):
            assert record.name.startswith(f"{number:04d}-"), record.name
            assert list(sections(record)) == ["Context", "Decision", "Consequences"], record.name
            assert f"({record.name})" in index

    def test_the_figures_of_the_readme_are_those_that_were_measured(self):
        """`make bench` writes them; whoever runs it copies them."""
        measured = json.loads((ROOT / "benchmarks/results/replay.json").read_text(encoding="utf-8"))
        shown = rows(sections(ROOT / "README.md")["What it would have done"])

        expected = [
            [
                f"`{name}`, {stream['windows']} × {stream['rows_per_window']:,} rows",
                *(
                    f"{policy['mean_roc_auc']:.3f} ({policy['retrains']})"
                    for policy in map(stream["policies"].get, ("harm", "never", "every_window"))
                ),
                *(
                    "{mean:+.3f} ({low:+.3f} to {high:+.3f})".format(**difference).replace("-", "−")
                    for difference in map(
                        stream["against_every_window"]["harm"].get, ("roc_auc", "brier")
                    )
                ),
            ]
            for name, stream in measured["streams"].items()
        ]
        assert shown == expected

    def test_the_drift_figures_of_the_readme_are_those_that_were_measured(self):
        """As above; the whole table stands on a page of its own."""
        path = ROOT / "benchmarks/results/detection.json"
        measured = json.loads(path.read_text(encoding="utf-8"))["flagged"]
        shown = rows(sections(ROOT / "README.md")["Drift alone"])

        expected = [
            [size, name, *(f"{100 * cell['any']:.0f}" for cell in measured[tool][size].values())]
            for size in ("1000/1000", "5000/1000")
            for tool, name in (("holdfast", "Holdfast"), ("evidently", "Evidently"))
        ]
        assert shown == expected


def commands(group, prefix="holdfast "):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:  # it does something by itself
                yield prefix + name, command
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _small(word):
    """Return a word of a command as it is, and anything else as a sign that ends it."""
    return word if word.islower() else "-"


COMMANDS = dict(commands(typer.main.get_command(app)))


class TestCommandLine:
    def test_every_command_has_its_section(self):
        """And no section is about a command that is gone."""
        assert list(sections(REFERENCE / "cli.md")) == list(COMMANDS)

    def test_the_readme_lists_every_command(self):
        """In its table."""
        listed = [row[0] for row in rows(sections(ROOT / "README.md")["Commands"])]

        calls = [call.split() for cell in listed for call in words_in(cell)]
        assert {" ".join(takewhile(str.isalpha, map(_small, call))) for call in calls} == set(
            COMMANDS
        )

    @pytest.mark.parametrize("name", COMMANDS)
    def test_the_section_lists_exactly_its_options(self, name):
        """With every spelling, and the help's own words."""
        section = sections(REFERENCE / "cli.md")[name]
        documented = {row[0]: row[2] for row in rows(section)}

        taken = {}
        for parameter in COMMANDS[name].params:
            option = parameter.param_type_name == "option"
            spelt = parameter.opts if option else [parameter.name.upper()]
            taken[", ".join(f"`{one}`" for one in spelt)] = " ".join(parameter.help.split())
        assert documented.keys() == taken.keys()
        for spelt, words in taken.items():
            assert documented[spelt].startswith(words)
        assert " ".join(COMMANDS[name].help.split()) in section


class TestSettingsPage:
    @pytest.mark.parametrize("section", SECTIONS)
    def test_lists_every_key_with_its_default(self, section):
        """As TOML writes it, nearly; nothing where there is none."""
        text = sections(REFERENCE / "settings.md")[f"[{section}]"]
        documented = {row[0]: row[1] for row in rows(text)}
        model = SECTIONS[section]
        values = Settings(project=ROOT, data=DataSettings(target="y")).model_dump(mode="json")[
            section
        ]

        expected = {
            f"`{key}`": "required"
            if field.is_required()
            else ("" if values[key] is None else f"`{json.dumps(values[key])}`")
            for key, field in model.model_fields.items()
        }
        aims = {key for key in documented if key.startswith("`{")} if section == "train" else set()
        assert {key: value for key, value in documented.items() if key not in aims} == expected

    def test_has_a_section_for_each_of_the_file(self):
        """In the same order."""
        titles = [title for title in sections(REFERENCE / "settings.md") if title[0] == "["]

        assert titles == [f"[{name}]" for name in SECTIONS]


class TestEventsPage:
    @pytest.mark.parametrize("kind", events.EventBody.__args__, ids=lambda kind: kind.__name__)
    def test_lists_every_field(self, kind):
        """Of every kind of event, in the order in which it is defined."""
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()

        documented = [row[0] for row in rows(sections(REFERENCE / "events.md")[name])]

        assert documented == [f"`{field.name}`" for field in dataclasses.fields(kind)]

    def test_lists_every_word(self):
        """That severity, trigger, action and outcome can be."""
        text = sections(REFERENCE / "events.md")["Words"]

        for kind in (evidence.Severity, evidence.Trigger, evidence.Action, evidence.Outcome):
            assert {member.value for member in kind} <= words_in(text)


class TestHttpPage:
    def test_lists_every_route(self):
        """With its method, and none that is not there."""
        served = {
            f"{method} {getattr(route, 'path', '')}"
            for route in serving._routes()
            for method in getattr(route, "methods", None) or ()
            if method != "HEAD"
        }
        first = (REFERENCE / "http.md").read_text(encoding="utf-8").partition("\n## ")[0]

        documented = {word for word in words_in(first) if re.match(r"(GET|POST) /", word)}

        assert documented == served

    def test_lists_every_kind_of_problem(self):
        """That the one translator of errors can answer with."""
        source = (ROOT / "src/holdfast/serving/problems.py").read_text(encoding="utf-8")
        slugs = set(re.findall(r'(?:slug=|_later\(|slug, title = )"([a-z-]+)"', source))
        slugs |= set(re.findall(r'slug, title, issues = "([a-z-]+)"', source))

        table = rows(sections(REFERENCE / "http.md")["Errors"])

        assert len(slugs) >= 10
        assert slugs <= {row[1].strip("`") for row in table}

    def test_names_every_fate_of_a_label(self):
        """Where labels are explained."""
        text = (DOCS / "howto" / "serve-and-label.md").read_text(encoding="utf-8")

        assert {fate.value for fate in LabelFate} <= words_in(text)


def keys_of(value):
    """Return every key that occurs in a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


class TestJsonPage:
    def test_lists_every_key_of_a_drift_report(self):
        """Other tools read them."""
        contract = Contract(
            features=(
                Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True),
                Feature(name="word", kind=FeatureKind.CATEGORICAL, nullable=True),
            ),
            target=Target(name="y", positive="1", negative="0"),
            threshold=0.5,
            data_digest="0" * 64,
        )
        tables = [
            pa.table({"x": [*range(40), None], "word": [word] * 41}) for word in ("before", "after")
        ]
        tables = [table.set_column(0, "x", table["x"].cast(pa.float64())) for table in tables]
        grid = cut_grid(tables[0], contract)
        report = compare(*(profile(table, grid) for table in tables)).to_json()

        text = sections(REFERENCE / "json.md")["Drift"]

        assert keys_of(report) <= words_in(text)
        methods = {test["method"] for feature in report["features"] for test in feature["tests"]}
        assert methods <= words_in(text)

    def test_lists_every_key_of_a_replay(self):
        """The names of the policies aside, which are keys as well."""
        decision = evidence.Decision(action=evidence.Action.KEEP, policy="harm", reasons=("so",))
        alert = evidence.Alert(
            trigger=evidence.Trigger.CONFIDENCE,
            severity=evidence.Severity.INFO,
            subject="s",
            message="m",
        )
        window = WindowResult(
            start=0,
            end=4,
            metrics=measure(
                np.array([True, False] * 2), np.array([0.9, 0.1, 0.8, 0.2]), threshold=0.5
            ),
            model_version=ModelVersion("v1"),
            step=Step(decision=decision, alerts=(alert,)),
        )
        run = PolicyRun(name="harm", windows=(window,))
        timing = Schedule(edges=(0, 4, 8, 12, 16), n_warm_up=3)
        played = Replay(schedule=timing, project=run, others=()).to_json()

        text = sections(REFERENCE / "json.md")["Replay"]

        assert keys_of(played) - POLICIES.keys() <= words_in(text) | {"schema_version"}


class TestReleasesPage:
    def test_lists_every_file(self):
        """That a release's folder holds."""
        names = (
            "MANIFEST", "MODEL", "CONTRACT", "PROFILE", "REFERENCE", "METRICS", "CURVES",
            "IMPORTANCES", "BASELINE", "DISPERSION", "MODEL_CARD",
        )  # fmt: skip
        text = (REFERENCE / "releases.md").read_text(encoding="utf-8")

        files = {getattr(releases, name) for name in names} | CAPTIONS.keys()
        assert {f"`{name}`" for name in files} == {
            row[0] for row in rows(text.partition("\n## ")[0])
        }


# Moments, ids, digests, ports: they differ from run to run.
_PASSING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![.\w])[0-9a-f]{12,64}\b"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?|(?<=127\.0\.0\.1:)\d+"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def same(shown, said):
    """Whether two texts have the same words, and numbers that differ by rounding at most."""
    left, right = (_PASSING.sub("*", text) for text in (shown, said))
    if _NUMBER.sub("#", left) != _NUMBER.sub("#", right):
        return False
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    numbers = [[float(number.replace(",", "")) for number in pair] for pair in pairs]
    return all(abs(a - b) <= 0.005 + 0.005 * abs(a) for a, b in numbers)


class TestSame:
    @pytest.mark.parametrize(
        ("shown", "said", "verdict"),
        [
            ("ROC AUC 0.860 on 2,400 rows", "ROC AUC 0.861 on 2,400 rows", True),
            ("ROC AUC 0.860 on 2,400 rows", "ROC AUC 0.760 on 2,400 rows", False),
            ("v1 is in production", "v2 is in production", False),
            ("kept the model", "keeps the model", False),
            ("2026-11-21 10:34 14a6c0ff8e2d4b19", "2027-01-02 03:04 0123456789ab4b19", True),
        ],
    )
    def test_words_and_numbers_count_but_not_what_differs_each_time(self, shown, said, verdict):
        """Else the tour would fail each day, or never."""
        assert same(shown, said) is verdict


def played(steps, folder, port):
    """Run blocks of commands in one shell, and return what each wrote to standard output."""
    script = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    ready = f"until curl -fs http://127.0.0.1:{port}/health/ready >/dev/null; do sleep 0.1; done"
    for step in steps:
        script += ["echo '=== step'", step.replace(":8000", f":{port}")]
        script += [ready] if step.rstrip().endswith("&") else []
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment(PATH=path, HOLDFAST_SERVING__PORT=str(port)),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("=== step\n")[1:]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.slow
class TestTour:
    @pytest.mark.skipif(shutil.which("curl") is None, reason="the tour speaks HTTP with curl")
    def test_the_readme_gives_what_it_shows(self, tmp_path):
        """Each command as it stands there, in an empty folder; only the port is another one."""
        blocks = _BLOCK.findall(sections(ROOT / "README.md")["A five-minute tour"])
        install, *rest = blocks
        assert install[1] == 'pip install "holdfast[all]"\n'
        steps = [body for language, body in rest if language == "sh"]

        outputs = iter(played(steps, tmp_path, free_port()))

        said = ""
        for language, body in rest:
            if language == "sh":
                said = next(outputs)
                continue
            shown = body
            if language == "json":
                shown, said = (json.dumps(json.loads(text)) for text in (body, said))
            assert same(shown.strip(), said.strip()), f"shown:\n{shown}\nsaid:\n{said}"
        assert next(outputs, None) is None


@pytest.mark.slow
class TestDemo:
    def test_the_readme_gives_what_it_says(self, tmp_path):
        """Word for word; the figures depend on the machine's arithmetic, the story does not."""
        shown = _BLOCK.findall(sections(ROOT / "README.md")["A year in a minute"])[1][1]

        done = run("demo", cwd=tmp_path)

        assert done.returncode == 0, done.stderr
        words = [_NUMBER.sub("#", _PASSING.sub("*", text)).split() for text in (shown, done.stdout)]
        assert words[0] == words[1], done.stdout


@pytest.mark.slow
class TestExamples:
    def test_predict_and_label(self, tmp_path):
        """Against a real server, with nothing but the standard library."""
        project = small_project(tmp_path)

        with project.serving() as server:
            done = run_example("predict_and_label.py", server.url)

        lines = done.stdout.splitlines()
        assert re.fullmatch(r"churned: (Yes|No) \(score 0\.\d{3}\)", lines[0])
        assert lines[1:] == [
            "asked twice, logged once: True",
            "label accepted; the log says Yes",
        ]

    def test_compare_two_months(self):
        """What is found is what truly moved."""
        *found, truth = run_example("compare_two_months.py").stdout.splitlines()

        moved = ["contract", "monthly_charge", "support_calls", "data_gb"]
        assert [line.partition(":")[0] for line in found] == moved
        assert truth == f"truly moved: {', '.join(moved)}"

    def test_every_example_is_tested(self):
        """A new one needs a test beside these."""
        scripts = {f"test_{path.stem}" for path in EXAMPLES.glob("*.py")}

        assert scripts == {name for name in vars(type(self)) if name.startswith("test_")} - {
            "test_every_example_is_tested"
        }


def run_example(name, *words):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *words],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def small_project(folder):
    """A trained project on the telecom's customers."""
    make = (
        "from holdfast.scenarios.telecom import Telecom\n"
        "Telecom(seed=7).training_set(2_000).write_csv('customers.csv')"
    )
    subprocess.run([sys.executable, "-c", make], cwd=folder, check=True, timeout=60)
    project = Project(folder)
    project.ok("init", "customers.csv", "--target", "churned", "--entity", "customer_id")
    project.ok("train")
    return project
