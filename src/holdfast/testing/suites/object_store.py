"""What every `ObjectStore` must do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from holdfast.ports.object_store import ObjectStore

__all__ = ["ObjectStoreSuite"]

_FILES = {"model.onnx": bytes(range(256)), "contract.json": b"{}", "empty": b""}


class ObjectStoreSuite:
    """Needs the fixture `objects`: an empty store."""

    def test_returns_the_bytes_that_were_put(self, objects: ObjectStore) -> None:
        """Any bytes, also none."""
        objects.put("abc", _FILES)

        assert {name: objects.get("abc", name) for name in _FILES} == _FILES

    def test_lists_complete_groups_in_order(self, objects: ObjectStore) -> None:
        """Sorted by name, whatever the order in which they came."""
        for group in ("b2", "a1", "c3"):
            objects.put(group, _FILES)

        assert objects.groups() == ("a1", "b2", "c3")

    def test_is_empty_before_the_first_group(self, objects: ObjectStore) -> None:
        """Nothing was put, so nothing is listed."""
        assert objects.groups() == ()

    def test_leaves_a_group_that_exists_alone(self, objects: ObjectStore) -> None:
        """A group's name is the digest of its content: writing it again changes nothing."""
        objects.put("abc", _FILES)

        objects.put("abc", {"contract.json": b"other"})

        assert objects.get("abc", "contract.json") == b"{}"

    @pytest.mark.parametrize(("group", "name"), [("absent", "contract.json"), ("abc", "absent")])
    def test_says_what_is_not_there(self, objects: ObjectStore, group: str, name: str) -> None:
        """An absent group and an absent file are the same error."""
        objects.put("abc", _FILES)

        with pytest.raises(FileNotFoundError, match="absent"):
            objects.get(group, name)

    @pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/a", "../a", "a\\b", "a\0"])
    def test_refuses_names_that_are_no_plain_file_names(
        self, objects: ObjectStore, name: str
    ) -> None:
        """A name can reach nothing outside its group, neither to write nor to read."""
        with pytest.raises(ValueError, match="plain file name"):
            objects.put(name, _FILES)
        with pytest.raises(ValueError, match="plain file name"):
            objects.put("abc", {name: b""})
        with pytest.raises(ValueError, match="plain file name"):
            objects.get("abc", name)
        assert objects.groups() == ()

    def test_refuses_a_group_without_files(self, objects: ObjectStore) -> None:
        """An empty group could not be told from one that lost its files."""
        with pytest.raises(ValueError, match="no files"):
            objects.put("abc", {})

    def test_lets_several_writers_put_one_group(self, objects: ObjectStore) -> None:
        """Each of them finds the group complete afterwards."""

        def put_and_get(_: int) -> bytes:
            objects.put("abc", _FILES)
            return objects.get("abc", "model.onnx")

        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(put_and_get, range(8)))

        assert found == {_FILES["model.onnx"]}
        assert objects.groups() == ("abc",)

    def test_publishes_files_that_are_replaced(self, objects: ObjectStore) -> None:
        """Beside the groups, and no group themselves."""
        objects.put("abc", _FILES)
        objects.publish("now.json", b"{}")

        objects.publish("now.json", b"[]")

        assert objects.published("now.json") == b"[]"
        assert objects.groups() == ("abc",)

    def test_says_what_was_not_published(self, objects: ObjectStore) -> None:
        """Also before anything was."""
        with pytest.raises(FileNotFoundError, match=r"absent\.json"):
            objects.published("absent.json")

    @pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a\0"])
    def test_publishes_under_plain_names_only(self, objects: ObjectStore, name: str) -> None:
        """A name can reach nothing outside."""
        with pytest.raises(ValueError, match="plain file name"):
            objects.publish(name, b"")
        with pytest.raises(ValueError, match="plain file name"):
            objects.published(name)
