"""A store whose files are taken away while they are open: nothing is acknowledged any more."""

from __future__ import annotations

import shutil

import pytest

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import StoreUnavailableError
from holdfast.testing.examples import example_contract, example_rows

CONTRACT = example_contract()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.db"


@pytest.fixture
def store(path):
    with SqlStore.open(f"sqlite:///{path}", create=True) as store:
        store.predictions.prepare(CONTRACT)
        store.predictions.append(CONTRACT, *example_rows(3))
        yield store


def move(path):
    path.rename(path.with_name("elsewhere"))


def remove(path):
    path.unlink()


def replace(path):
    shutil.copy(path, path.with_name("backup")).rename(path)


class TestAnOpenStore:
    @pytest.mark.parametrize("suffix", ["", "-wal"])
    @pytest.mark.parametrize("take_away", [move, remove, replace])
    def test_refuses_writes_once_its_file_is_another(self, store, path, take_away, suffix):
        """
        The system lets a program write on to a file that nobody can find any more. Without
        `_size_in_place` in `SqliteDatabase` this was acknowledged, and lost with the process.
        """
        take_away(path.with_name(path.name + suffix))

        for write in (
            lambda: store.predictions.append(CONTRACT, *example_rows(2)),
            store.check_writable,
        ):
            with pytest.raises(StoreUnavailableError, match="while it was open") as caught:
                write()
            assert caught.value.trouble == "the store's file was moved, removed or replaced"

    def test_goes_on_once_it_is_back(self, store, path):
        """Without a restart: it is the same file."""
        away = path.with_name("elsewhere")
        path.rename(away)
        with pytest.raises(StoreUnavailableError):
            store.check_writable()

        away.rename(path)

        store.predictions.append(CONTRACT, *example_rows(2))
        assert store.views.status().n_predictions == 5

    def test_keeps_what_stands_in_a_removed_log(self, store, path):
        """It is closed in order: what was acknowledged is folded into the file first."""
        path.with_name("h.db-wal").unlink()
        store.close()

        with SqlStore.open(f"sqlite:///{path}", create=False) as again:
            assert again.views.status().n_predictions == 3
