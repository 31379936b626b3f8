"""API keys in SQL: what stands in the file, and what a crash leaves."""

from __future__ import annotations

import pytest

from holdfast.adapters.stores.sql import SqlStore, keys
from holdfast.domain.errors import StoreUnavailableError
from holdfast.domain.keys import KeyScope, mint
from holdfast.testing.examples import START


@pytest.fixture
def store(tmp_path):
    with SqlStore.open(f"sqlite:///{tmp_path}/h.db", create=True) as store:
        yield store


@pytest.fixture
def minted():
    return mint(scopes=(KeyScope.PREDICT,), at=START, name="billing")


class TestSqlKeyStore:
    def test_writes_no_secret(self, store, minted, tmp_path):
        """Neither into the database nor into its journal."""
        store.keys.add(minted.key, actor="cli")

        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())

        assert minted.key.key_id.encode() in written
        assert minted.key.secret_digest.encode() in written
        assert minted.secret[16:].encode() not in written

    def test_makes_no_key_without_its_audit(self, store, minted, monkeypatch):
        """Both or neither: the two are one transaction."""
        fail_to_append(monkeypatch)

        with pytest.raises(StoreUnavailableError):
            store.keys.add(minted.key, actor="cli")

        assert store.keys.api_keys() == ()

    def test_revokes_no_key_without_its_audit(self, store, minted, monkeypatch):
        """The command failed, so it can be run again."""
        store.keys.add(minted.key, actor="cli")
        fail_to_append(monkeypatch)

        with pytest.raises(StoreUnavailableError):
            store.keys.revoke(minted.key.key_id, at=START, actor="cli")

        assert store.keys.api_keys() == (minted.key,)

    def test_is_seen_by_other_processes_at_once(self, store, minted, tmp_path):
        """A server reads what the command line wrote."""
        with SqlStore.open(f"sqlite:///{tmp_path}/h.db", create=False) as server:
            store.keys.add(minted.key, actor="cli")

            assert server.keys.api_keys() == (minted.key,)


def fail_to_append(monkeypatch):
    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(keys, "append_draft", fail)
