"""The commands `keys create`, `list` and `revoke`, run in this process."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from holdfast.adapters.stores.sql import SqlStore
from holdfast.cli.app import app
from holdfast.domain.errors import InputError, NoStoreError, UnknownKeyError
from holdfast.domain.keys import KeyScope, digest_of, key_id_in


@pytest.fixture(name="project", autouse=True)
def _project(tmp_path, monkeypatch):
    """A project with a store."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holdfast.toml").write_text('[data]\ntarget = "y"\n')
    SqlStore.open(f"sqlite:///{tmp_path}/.holdfast/holdfast.db", create=True).close()
    return tmp_path


def keys(*words):
    done = CliRunner().invoke(app, ["keys", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def listed():
    return json.loads(keys("list", "--json").stdout)


class TestCreate:
    def test_says_the_secret_alone_on_standard_output(self):
        """So that KEY=$(holdfast keys create …) holds it; the rest is for the person."""
        done = keys("create", "--scope", "predict", "--scope", "label", "--name", "billing")

        secret = done.stdout.strip()
        (kept,) = listed()
        assert key_id_in(secret) == kept["key_id"]
        assert (kept["name"], kept["scopes"]) == ("billing", ["predict", "label"])
        assert kept["expires_at"] is None
        assert "opens predict, label and does not expire" in done.stderr
        assert "shown this once" in done.stderr
        assert secret[16:] not in done.stderr

    def test_keeps_the_secrets_digest_alone(self, project):
        """Nothing that is kept opens anything."""
        secret = keys("create", "--scope", "read").stdout.strip()

        with SqlStore.open(f"sqlite:///{project}/.holdfast/holdfast.db", create=False) as store:
            (key,) = store.keys.api_keys()
        assert key.secret_digest == digest_of(secret)
        assert key.scopes == (KeyScope.READ,)

    def test_answers_in_json(self):
        """With the same fields as the list, and the secret."""
        made = json.loads(keys("create", "--scope", "read", "--expires", "90d", "--json").stdout)

        secret = made.pop("key")
        assert key_id_in(secret) == made["key_id"]
        assert [made] == listed()
        assert made["state"] == "usable"
        assert made["expires_at"] > made["created_at"]

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("create",), "--scope"),
            (("create", "--scope", "write"), "'predict', 'label', 'read', 'admin'"),
            (("create", "--scope", "read", "--expires", "soon"), "such as '7d'"),
        ],
    )
    def test_refuses_wrong_words(self, words, said):
        """With the right ones, and the exit code of a wrong command line."""
        done = keys(*words)

        assert done.exit_code == 2
        assert said in done.stderr
        assert listed() == []

    def test_refuses_a_name_that_would_forge_a_line(self):
        """Of the list that a person reads before revoking."""
        with pytest.raises(InputError, match="printable"):
            keys("create", "--scope", "read", "--name", "a\nb")

    def test_refuses_where_there_is_no_store(self, project, monkeypatch):
        """And says how there will be one."""
        empty = project / "empty"
        empty.mkdir()
        (empty / "holdfast.toml").write_text('[data]\ntarget = "y"\n')
        monkeypatch.chdir(empty)

        with pytest.raises(NoStoreError, match="holdfast train"):
            keys("create", "--scope", "read")


class TestList:
    def test_says_how_to_make_one_where_there_is_none(self):
        """An empty answer would look like a fault."""
        assert "holdfast keys create --scope predict" in keys("list").stdout

    def test_has_a_line_for_each_key_and_no_secret(self):
        """The id, whether it works, what it opens, whose it is."""
        secret = keys("create", "--scope", "predict", "--name", "shop").stdout.strip()
        keys("create", "--scope", "read", "--expires", "90d")

        first, second = keys("list").stdout.splitlines()

        assert first.split() == [key_id_in(secret), "usable", "predict", "shop"]
        assert second.split()[1:3] == ["usable", "until"]
        assert secret[16:] not in first


class TestRevoke:
    def test_ends_a_key(self):
        """Which stays listed as what it is."""
        secret = keys("create", "--scope", "predict").stdout.strip()

        done = keys("revoke", key_id_in(secret))

        assert "is revoked" in done.stdout
        assert "two seconds" in done.stdout
        assert [key["state"] for key in listed()] == ["revoked"]

    def test_answers_in_json(self):
        """As the list does."""
        secret = keys("create", "--scope", "predict").stdout.strip()

        revoked = json.loads(keys("revoke", secret, "--json").stdout)

        assert [revoked] == listed()
        assert revoked["revoked_at"] is not None

    def test_refuses_an_id_that_is_none(self):
        """The way to the right one is named."""
        with pytest.raises(UnknownKeyError, match="holdfast keys list"):
            keys("revoke", "nope")
