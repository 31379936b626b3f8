"""What a doctor finds: nothing in a sound project, and each of its possible wounds."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections import namedtuple
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from holdfast.adapters.stores.sql.timestamps import to_text
from holdfast.loop.promote import promote
from holdfast.loop.register import register
from holdfast.settings import settings_for
from holdfast.testing.fakes import FakeClock
from holdfast.testing.project import example_bundle
from holdfast.wiring import examine as examining
from holdfast.wiring.control import open_control
from holdfast.wiring.examine import examine


@pytest.fixture(scope="module", name="sound")
def _sound(tmp_path_factory):
    """A project with two releases, the second one in production."""
    folder = tmp_path_factory.mktemp("sound")
    with open_control(_settings_in(folder), create=True, notifiers=()) as ports:
        for seed in (0, 1):
            record = register(
                example_bundle(seed),
                objects=ports.objects,
                events=ports.events,
                predictions=ports.predictions,
                releases=ports.releases,
                clock=ports.clock,
                actor="cli",
                origin="train",
            )
            promote(ports, record.version, reason="a test", actor="cli")
    structlog.reset_defaults()
    return folder


@pytest.fixture(name="folder")
def _folder(sound, tmp_path):
    """A copy of it to wound."""
    return shutil.copytree(sound, tmp_path / "project")


def _settings_in(folder, **sections):
    given = {"data": {"target": "left"}, "registry": {"mlflow": ""}}
    return settings_for(folder, **(given | sections))


def found(folder, **sections):
    return {finding.what: finding for finding in examine(_settings_in(folder, **sections))}


def unhealthy(folder, **sections):
    return {what: one.words for what, one in found(folder, **sections).items() if not one.healthy}


def clocks(folder, moment, **sections):
    """Return what is found of a clock that stands at a moment."""
    findings = examine(_settings_in(folder, **sections), clock=FakeClock(moment))
    return [finding for finding in findings if finding.what == "clock"]


def _now():
    return datetime.now(UTC)


def change(folder, *statements):
    """Change the store behind Holdfast's back."""
    with sqlite3.connect(folder / ".holdfast" / "holdfast.db") as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount >= 1
    connection.close()


class TestSoundProject:
    def test_nothing_is_wrong(self, folder):
        """And what was looked at is told."""
        looked_at = found(folder)

        assert unhealthy(folder) == {}
        assert looked_at["audit chain"].words == "4 events, every link verifies"
        assert looked_at["production"].words.startswith("v2 is in production")
        assert looked_at["release v1"].words.endswith("manifest.json have their digests")
        assert {"settings", "store", "store writes", "database", "disk", "fsync"} <= set(looked_at)
        assert looked_at["clock"].words.endswith("UTC, not before the newest event")

    def test_looking_changes_nothing(self, folder):
        """It finds, and mends nothing; no file is left behind."""
        before = sorted(path.name for path in folder.iterdir())

        found(folder)

        assert sorted(path.name for path in folder.iterdir()) == before
        assert found(folder)["audit chain"].words.startswith("4 events")

    def test_speaks_json(self, folder):
        """For a program that watches."""
        assert found(folder)["store"].to_json() == {
            "what": "store",
            "healthy": True,
            "words": "opens, schema is this version's",
        }


class TestReleases:
    @pytest.mark.parametrize(
        "name", ["model.onnx", "contract.json", "profile", "reference.parquet", "metrics.json"]
    )
    def test_finds_a_flipped_byte_in_any_file(self, folder, name):
        """By digest, in the release that it belongs to, and in no other."""
        release = min((folder / ".holdfast" / "releases").iterdir())
        path = release / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)

        wounds = unhealthy(folder)

        ((what, words),) = wounds.items()
        assert what.startswith("release v")
        assert name in words

    @pytest.mark.parametrize("name", ["manifest.json", "model_card.md"])
    def test_finds_a_file_that_is_gone(self, folder, name):
        """By name."""
        release = min((folder / ".holdfast" / "releases").iterdir())
        release.chmod(0o755)
        (release / name).unlink()

        ((_, words),) = unhealthy(folder).items()

        assert f"{name} is missing" in words

    def test_finds_a_release_whose_folder_is_gone(self, folder):
        """The events name it."""
        release = min((folder / ".holdfast" / "releases").iterdir())
        release.chmod(0o755)
        shutil.rmtree(release)

        assert len(unhealthy(folder)) == 1


class TestAuditChain:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE events SET body = replace(body, 'a test', 'a jest') WHERE seq = 2",
            "UPDATE events SET actor = 'mallory' WHERE seq = 2",
            "UPDATE events SET digest = 'x' WHERE seq = 2",
            "UPDATE events SET kind = 'champion_crowned' WHERE seq = 2",
            "UPDATE events SET body = '{}' WHERE seq = 2",
            "UPDATE events SET body = 'no json' WHERE seq = 2",
        ],
        ids=["reason", "actor", "digest", "kind", "empty body", "no body"],
    )
    def test_finds_a_changed_row(self, folder, statement):
        """Also where it cannot be read any more: that is a finding, not a traceback."""
        change(folder, statement)

        words = unhealthy(folder)["audit chain"]

        assert words.startswith("Event ")
        assert "restore the store from a backup" in words

    def test_finds_a_row_that_is_gone(self, folder):
        """The numbers have a gap."""
        change(folder, "DELETE FROM events WHERE seq = 2")

        assert "Event 2: is gone" in unhealthy(folder)["audit chain"]


class TestProjections:
    def test_finds_another_champion_than_the_events_say(self, folder):
        """Servers read the projection; the events are the truth."""
        change(folder, "UPDATE deployments SET version = 'v1' WHERE version = 'v2'")

        words = unhealthy(folder)["production"]

        assert words == (
            "the events say that v2 is in production, servers read v1. "
            "Restore the store from a backup."
        )

    def test_finds_a_deployment_that_is_gone(self, folder):
        """Servers would read the one before."""
        change(folder, "DELETE FROM deployments WHERE version = 'v2'")

        assert "servers read v1" in unhealthy(folder)["production"]

    def test_finds_another_way_back(self, folder):
        """A rollback would go where the events do not say."""
        change(folder, "UPDATE deployments SET previous = 'v2' WHERE version = 'v2'")

        assert "v1 served before" in unhealthy(folder)["production"]

    def test_finds_another_challenger_than_the_events_say(self, folder):
        """A canary that nobody staged would answer requests."""
        change(
            folder,
            "INSERT INTO stages (seq, at, version, stage, share) "
            "SELECT seq + 1, at, 'v1', 'canary', 0.5 FROM deployments WHERE version = 'v2'",
        )

        words = unhealthy(folder)["production"]

        assert words.startswith(
            "the events say that nothing stands beside it, servers read v1 as canary (0.5)"
        )

    def test_finds_a_release_under_anothers_name(self, folder):
        """Both exist and are whole; but it is not v2 that would serve as v2."""
        change(
            folder,
            "UPDATE releases SET release_id = release_id || 'x'",
            """UPDATE releases SET release_id = (
                SELECT replace(other.release_id, 'x', '') FROM releases AS other
                WHERE other.version != releases.version
            )""",
            "UPDATE releases SET release_id = replace(release_id, 'x', '')",
        )

        wounds = unhealthy(folder)

        assert set(wounds) == {"production"}
        assert "is release v" in wounds["production"]


class TestClock:
    def test_finds_one_that_was_set_back(self, folder):
        """What is logged was logged by it, so that it cannot be right now and then."""
        (clock,) = clocks(folder, _now() - timedelta(hours=2), clock={"file": "lapse"})

        assert not clock.healthy
        assert "but the newest event is of" in clock.words
        assert "timedatectl set-ntp true" in clock.words

    def test_finds_one_behind_the_newest_prediction(self, folder):
        """Predictions are the most that is dated by it."""
        change(
            folder,
            "INSERT INTO prediction_counts (model_version, role, n, last_at) "
            f"VALUES ('v2', 'champion', 1, '{to_text(_now() + timedelta(hours=1))}')",
        )

        assert "but the newest prediction is of" in unhealthy(folder)["clock"]

    @pytest.mark.parametrize("hours", [-2, 2])
    def test_finds_one_that_is_not_the_disks(self, folder, hours):
        """Also ahead, which nothing that is logged would show."""
        (clock,) = clocks(folder, _now() + timedelta(hours=hours))

        assert not clock.healthy
        assert "but a file written now bears" in clock.words

    def test_leaves_seconds_alone(self, folder):
        """Machines that go by NTP differ by some."""
        (clock,) = clocks(folder, _now() - timedelta(seconds=30))

        assert clock.healthy

    def test_compares_a_time_lapse_with_the_log_only(self, folder):
        """It may be years ahead of the disk."""
        (clock,) = clocks(folder, _now() + timedelta(days=700), clock={"file": "lapse"})

        assert clock.healthy


class TestSurroundings:
    def test_a_project_without_a_store_is_told_so(self, tmp_path):
        """The rest is looked at all the same."""
        wounds = unhealthy(tmp_path)

        assert "no store" in wounds["store"]
        assert "holdfast doctor" not in wounds["store"]  # who reads this runs it already
        assert "disk" in found(tmp_path)

    def test_names_settings_that_cannot_be_honoured(self, folder, monkeypatch):
        """In the words of the refusal."""
        monkeypatch.setattr("holdfast.wiring.alerts.find_spec", lambda _: None)

        wounds = unhealthy(folder, alerts={"urls": ["mailto://x@example.org"]})

        assert "[alerts] urls" in wounds["settings"]

    def test_warns_of_a_disk_that_is_nearly_full(self, folder, monkeypatch):
        """A full one refuses predictions."""
        usage = namedtuple("usage", ["total", "used", "free"])  # noqa: PYI024 - as shutil's own
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 1 << 40, 1 << 20))

        assert unhealthy(folder)["disk"] == "0.0 GiB are free"

    def test_says_for_how_long_the_disk_lasts(self, folder):
        """By what the store has grown to since its first event."""
        findings = examine(_settings_in(folder), clock=FakeClock(_now() + timedelta(days=2)))

        (words,) = [finding.words for finding in findings if finding.what == "disk"]

        assert re.fullmatch(
            r"[\d.]+ GiB are free, enough for [\d,]+ days as the store has grown so far "
            r"\([\d.]+ MiB a day\)",
            words,
        )

    def test_says_nothing_of_growth_in_the_first_day(self, folder):
        """Its size is that of empty tables."""
        assert found(folder)["disk"].words.endswith("GiB are free")

    def test_says_that_fsync_is_slow(self, folder, monkeypatch):
        """Each answer waits for it."""
        ticks = iter(range(100))
        monkeypatch.setattr(time, "perf_counter", lambda: next(ticks) / 50)

        words = examining._fsync(folder).words

        assert words.startswith("median 20.0 ms: slow, so that one client gets at most 50 answers")

    def test_says_that_fsync_fails(self, folder, monkeypatch):
        """Then nothing that is acknowledged would be durable."""

        def fail(_):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fsync", fail)

        assert examining._fsync(folder).words == "fails here: Input/output error"
        assert not list(folder.glob(".holdfast-fsync-*"))
