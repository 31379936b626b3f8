"""A store whose file was damaged: a doctor says so, and nothing breaks down over it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.adapters.stores.sql import SqlStore
from holdfast.settings import settings_for
from holdfast.testing.examples import START, example_contract, example_rows, registered
from holdfast.wiring.examine import examine

PAGE = 4096
CONTRACT = example_contract()


class Bytes(bytes):
    """A file's bytes, which a failing test need not print."""

    def __repr__(self) -> str:
        return f"<{len(self):,} bytes>"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A project with a store of some hundred kilobytes, and the store's bytes."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".holdfast").mkdir()
    path = folder / ".holdfast" / "holdfast.db"
    with SqlStore.open(f"sqlite:///{path}", create=True) as store:
        store.predictions.prepare(CONTRACT)
        store.predictions.append(CONTRACT, *example_rows(500))
        store.events.append([registered(f"v{i}") for i in range(50)], at=START)
    return folder, Bytes(path.read_bytes())


@pytest.fixture(scope="module")
def unhealthy(whole):
    """Examine the project with other bytes in the store's place."""
    folder, _ = whole

    def unhealthy(data):
        for path in (folder / ".holdfast").glob("holdfast.db*"):
            path.unlink()
        (folder / ".holdfast" / "holdfast.db").write_bytes(data)
        findings = examine(settings_for(folder, data={"target": "left"}, registry={"mlflow": ""}))
        return {one.what: one.words for one in findings if not one.healthy}

    return unhealthy


def assert_in_words(findings):
    """One line each, none of them a traceback's."""
    assert all("\n" not in words and "Traceback" not in words for words in findings.values())


class TestADoctor:
    def test_finds_a_page_that_reads_by_key_never_meet(self, whole, unhealthy):
        """
        A page of zeros, as a disk gives back for a sector that is lost. Without
        `SqlStore.check_whole` only some of them were found.
        """
        _, data = whole
        n_pages = len(data) // PAGE
        missed = [
            page
            for page in range(n_pages)
            if not store_of(
                unhealthy(data[: page * PAGE] + bytes(PAGE) + data[(page + 1) * PAGE :])
            )
        ]

        assert n_pages > 40
        assert missed == []

    @settings(max_examples=25)
    @given(share=st.floats(0, 1, exclude_max=True))
    def test_finds_a_file_that_is_cut_off(self, whole, unhealthy, share):
        """Wherever it ends."""
        _, data = whole
        findings = unhealthy(data[: int(share * len(data))])

        assert store_of(findings)
        assert_in_words(findings)

    @settings(max_examples=50)
    @given(
        changes=st.lists(
            st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1
        )
    )
    def test_says_what_it_finds_in_words_whatever_was_altered(self, whole, unhealthy, changes):
        """
        Bytes of values can be altered unseen; but nothing ends in a traceback.
        """
        _, data = whole
        altered = bytearray(data)
        for share, mask in changes:
            altered[int(share * len(data))] ^= mask

        assert_in_words(unhealthy(bytes(altered)))

    def test_finds_a_schema_that_is_not_text_any_more(self, whole, unhealthy):
        """
        SQLite quotes it in its own words, which Python then cannot read: without the
        `except UnicodeDecodeError` of `translated` a UnicodeDecodeError came out.
        """
        _, data = whole
        findings = unhealthy(data.replace(b"CREATE TABLE", b"CR\xaeATE TABLE", 1))

        assert "damaged" in findings["store"]
        assert_in_words(findings)

    def test_finds_nothing_in_a_whole_one(self, whole, unhealthy):
        """So that the others do not pass by finding fault with everything."""
        assert store_of(unhealthy(whole[1])) == {}


def store_of(findings):
    """Leave out what is about this machine, and the releases, which have no folders here."""
    beside = ("disk", "fsync", "release ")
    return {what: words for what, words in findings.items() if not what.startswith(beside)}
