"""How the SQLite file is found, refused and opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.adapters.stores.sql import sqlite
from holdfast.adapters.stores.sql.sqlite import connect, database_path, file_system
from holdfast.domain.errors import SettingsError, StoreUnavailableError

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
nas:/export /mnt/team\\040share nfs4 rw 0 0
/dev/sdb1 /mnt/team\\040share/local xfs rw 0 0
"""


class TestDatabasePath:
    def test_is_absolute(self, tmp_path, monkeypatch):
        """A later change of folder must not make another store."""
        monkeypatch.chdir(tmp_path)

        assert database_path("sqlite:///.holdfast/h.db") == tmp_path / ".holdfast" / "h.db"
        assert database_path("sqlite:////var/h.db") == Path("/var/h.db")

    @pytest.mark.parametrize(
        ("url", "found"),
        [
            ("holdfast.db", "no database URL"),
            ("mysql://user:secret@host/db", "names mysql"),
            ("sqlite://", "must name a file"),
            ("sqlite:///:memory:", "must name a file"),
            ("sqlite:///h.db?mode=ro", "must name a file"),
        ],
    )
    def test_says_what_to_write_instead(self, url, found):
        """The message shows a good URL, and never the password of a bad one."""
        with pytest.raises(SettingsError, match=found) as wrong:
            database_path(url)

        assert "sqlite:///.holdfast/holdfast.db" in str(wrong.value)
        assert "secret" not in str(wrong.value)


class TestFileSystem:
    @pytest.mark.parametrize(
        ("folder", "kind"),
        [
            ("/home/ann", "ext4"),
            ("/tmp/x", "tmpfs"),
            ("/tmpfoo", "ext4"),
            ("/mnt/team share/project", "nfs4"),
            ("/mnt/team share/local/project", "xfs"),
        ],
    )
    def test_is_that_of_the_innermost_mount(self, tmp_path, folder, kind):
        """A local disk inside a network share is local, and the other way round."""
        mounts = tmp_path / "mounts"
        mounts.write_text(MOUNTS)

        assert file_system(Path(folder), mounts=mounts) == kind

    def test_is_unknown_where_there_is_no_list(self, tmp_path):
        """Other systems than Linux have none."""
        assert file_system(tmp_path, mounts=tmp_path / "absent") is None


class TestConnect:
    def test_refuses_a_network_file_system(self, tmp_path, monkeypatch):
        """SQLite's locks do not hold there, and two writers would destroy the file."""
        monkeypatch.setattr(sqlite, "file_system", lambda _: "nfs4")

        with pytest.raises(StoreUnavailableError, match=r"network file system \(nfs4\)"):
            connect(tmp_path / "h.db")

        assert list(tmp_path.iterdir()) == []

    def test_says_when_the_folder_is_absent(self, tmp_path):
        """Rather than that a file could not be opened."""
        with pytest.raises(StoreUnavailableError, match="does not exist"):
            connect(tmp_path / "absent" / "h.db")

    def test_makes_every_connection_durable(self, tmp_path):
        """The settings belong to the connection, not to the file."""
        database = connect(tmp_path / "h.db")
        database.set_up()
        wanted = {
            "journal_mode": "wal",
            "synchronous": 2,  # FULL
            "wal_autocheckpoint": 0,
            "foreign_keys": 1,
        }

        with database.read() as first, database.read() as second:
            found = [
                {name: one.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
                for one in (first, second)
            ]
        database.close()

        assert found == [wanted, wanted]
