"""What other schedulers are told to run is something that Holdfast takes."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types
from typer.main import get_command

from holdfast.adapters.schedules.apscheduler import CronSchedule
from holdfast.cli.app import app
from holdfast.cli.options import EXIT_ALARMED, FailOn
from holdfast.settings import load_settings
from holdfast.wiring.schedules import schedule_of

ROOT = Path(__file__).resolve().parents[1]
HOWTO = (ROOT / "docs/howto/run-under-systemd-or-cron.md").read_text(encoding="utf-8")


def parsed(words):
    """Return the command that words call, with its options, or fail as the command line does."""
    group: Any = get_command(app)
    name, *rest = words
    command = group.commands[name]
    return name, command.make_context(name, rest).params


class TestCronJob:
    @pytest.fixture
    def job(self):
        return yaml.safe_load((ROOT / "deploy/cronjob.yaml").read_text(encoding="utf-8"))

    @pytest.fixture
    def pod(self, job):
        return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]

    def test_ticks_and_says_what_is_critical(self, pod):
        """By the image whose entry point is `holdfast`."""
        (container,) = pod["containers"]

        name, options = parsed(container["args"])

        assert (name, options["fail_on"], options["data"]) == ("check", FailOn.CRITICAL, None)
        assert container["image"].split(":")[0] == "holdfast-control"

    def test_is_a_job_by_the_clock_one_at_a_time(self, job):
        """And its schedule is a crontab line."""
        spec = job["spec"]

        assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
        assert spec["concurrencyPolicy"] == "Forbid"
        CronSchedule(spec["schedule"], zone=ZoneInfo(spec["timeZone"]))

    def test_is_not_tried_again_for_what_it_found(self, job, pod):
        """Whatever else fails is; Kubernetes heeds such rules where pods restart nothing."""
        spec = job["spec"]["jobTemplate"]["spec"]

        (rule,) = spec["podFailurePolicy"]["rules"]

        assert rule["action"] == "FailJob"
        assert rule["onExitCodes"]["values"] == [EXIT_ALARMED]
        assert rule["onExitCodes"]["containerName"] == pod["containers"][0]["name"]
        assert pod["restartPolicy"] == "Never"
        assert spec["backoffLimit"] > 0

    def test_mounts_what_it_names_and_writes_nowhere_else(self, pod):
        """Else it would wait for ever for a volume that nobody described."""
        (container,) = pod["containers"]

        mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}

        assert mounted.keys() == {volume["name"] for volume in pod["volumes"]}
        assert container["securityContext"]["readOnlyRootFilesystem"]
        (variable,) = container["env"]
        assert variable["value"].startswith(mounted["store"])
        secret = next(v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v)
        assert f"create secret generic {secret} --from-literal=store=" in HOWTO


class TestAirflow:
    def test_runs_one_tick_an_hour(self, monkeypatch):
        """The file runs as Airflow 3 would run it, against names that take its arguments."""
        dags, tasks = [], []

        class Dag:
            def __init__(self, **given):
                dags.append(given)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                return None

        for name in ("airflow", "airflow.sdk", "airflow.providers", "airflow.providers.standard",
                     "airflow.providers.standard.operators",
                     "airflow.providers.standard.operators.bash"):  # fmt: skip
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        monkeypatch.setattr(sys.modules["airflow.sdk"], "DAG", Dag, raising=False)
        bash = sys.modules["airflow.providers.standard.operators.bash"]
        monkeypatch.setattr(bash, "BashOperator", lambda **o: tasks.append(o), raising=False)

        runpy.run_path(str(ROOT / "deploy/airflow_dag.py"))

        (dag,), (task,) = dags, tasks
        program, *words = shlex.split(task["bash_command"])
        name, options = parsed(words)
        assert (program, name, options["fail_on"]) == ("holdfast", "check", FailOn.CRITICAL)
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
        assert dag["start_date"].tzinfo is not None


class TestCron:
    def test_lines_of_the_page_are_lines_that_cron_takes(self):
        """Five fields, a folder, and a command of ours."""
        lines = re.findall(r"^((?:\S+ ){5}) ?cd (\S+) && (\S+) (.+)$", HOWTO, flags=re.MULTILINE)

        assert lines
        for schedule, _, program, words in lines:
            CronSchedule(schedule, zone=ZoneInfo("UTC"))
            assert program.endswith("/holdfast")
            assert parsed(shlex.split(words))[0] in {"control", "check"}

    def test_the_pages_settings_are_settings(self, tmp_path):
        """What it says of `[control]` loads, and makes a schedule."""
        (section,) = re.findall(r"```toml\n(\[control\].+?)```", HOWTO, flags=re.DOTALL)
        text = f'[data]\ntarget = "y"\n{section}'
        (tmp_path / "holdfast.toml").write_text(text, encoding="utf-8")

        assert schedule_of(load_settings(tmp_path, environment={})) is not None
