"""Groups of files in a folder: whole or absent, and nothing but what was put."""

from __future__ import annotations

import os

import pytest

from holdfast.adapters.objects import files as module
from holdfast.adapters.objects.files import FileObjectStore

FILES = {"model.onnx": b"onnx", "contract.json": b"{}"}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "releases"


@pytest.fixture
def objects(root):
    return FileObjectStore(root)


class TestPut:
    def test_leaves_nothing_where_it_fails(self, objects, root, monkeypatch):
        """A disk that is full after the first file: no group, no remains."""
        write = module._write_file

        def full(path, data):
            if path.name == "contract.json":
                raise OSError(28, "No space left on device")
            write(path, data)

        monkeypatch.setattr(module, "_write_file", full)
        with pytest.raises(OSError, match="No space"):
            objects.put("abc", FILES)

        assert objects.groups() == ()
        assert list(root.iterdir()) == []

    def test_syncs_every_file_and_both_folders(self, objects, monkeypatch):
        """The rename must not reach the disk before what it names."""
        order = []
        monkeypatch.setattr(os, "fsync", lambda _: order.append("sync"))
        rename = module._rename

        def noted(*paths):
            order.append("rename")
            rename(*paths)

        monkeypatch.setattr(module, "_rename", noted)

        objects.put("abc", FILES)

        assert order == ["sync"] * 3 + ["rename", "sync"]

    def test_does_not_show_a_group_before_it_is_complete(self, objects, root, monkeypatch):
        """A reader meets all of it or none."""
        seen = []
        rename = module._rename

        def looked(*paths):
            seen.append(objects.groups())
            rename(*paths)

        monkeypatch.setattr(module, "_rename", looked)

        objects.put("abc", FILES)

        assert seen == [()]
        assert objects.groups() == ("abc",)

    def test_yields_to_a_writer_that_finished_first(self, objects, root, monkeypatch):
        """The same name means the same content."""
        rename = module._rename

        def after_another(unfinished, target):
            target.mkdir()
            (target / "contract.json").write_bytes(b"{}")
            rename(unfinished, target)

        monkeypatch.setattr(module, "_rename", after_another)
        objects.put("abc", FILES)

        assert objects.get("abc", "contract.json") == b"{}"
        assert [path.name for path in root.iterdir()] == ["abc"]

    def test_does_not_write_through_a_link(self, objects, root, tmp_path):
        """A link in the group's place is not the group."""
        root.mkdir()
        (root / "abc").symlink_to(tmp_path / "elsewhere")

        with pytest.raises(OSError, match="abc"):
            objects.put("abc", FILES)

        assert not (tmp_path / "elsewhere").exists()


class TestGet:
    def test_refuses_a_linked_file(self, objects, root, tmp_path):
        """It could lead to any file of the machine."""
        (tmp_path / "secret").write_text("secret")
        objects.put("abc", FILES)
        (root / "abc" / "link").symlink_to(tmp_path / "secret")

        with pytest.raises(FileNotFoundError):
            objects.get("abc", "link")

    def test_refuses_a_linked_group(self, objects, root, tmp_path):
        """The same one level up."""
        objects.put("abc", FILES)
        (root / "def").symlink_to(root / "abc")

        with pytest.raises(FileNotFoundError):
            objects.get("def", "contract.json")

    def test_does_not_wait_for_a_pipe(self, objects, root):
        """What is no file is not there."""
        objects.put("abc", FILES)
        os.mkfifo(root / "abc" / "pipe")

        with pytest.raises(FileNotFoundError, match="regular"):
            objects.get("abc", "pipe")


class TestGroups:
    def test_are_folders_with_plain_names(self, objects, root, tmp_path):
        """Remains of a crash, files beside the groups and links are none."""
        objects.put("abc", FILES)
        (root / ".def.0123").mkdir()
        (root / "production_metrics.json").write_text("{}")
        (root / "link").symlink_to(tmp_path)

        assert objects.groups() == ("abc",)
