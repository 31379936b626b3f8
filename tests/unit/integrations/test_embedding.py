"""Who may ask a project that lives inside another application."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.serving.conftest import NOW

from holdfast.domain.errors import SettingsError
from holdfast.domain.keys import KeyScope, mint
from holdfast.integrations.embedding import access_inside, embedding_of
from holdfast.serving.keys import Access

TOML = """
[data]
path = "data.csv"
target = "left"
[serving]
max_rows = 7
max_body_bytes = 1234
"""


class TestEmbeddingOf:
    def test_takes_limits_and_keys_from_the_settings(self, tmp_path):
        """The same file decides as for `holdfast serve`."""
        (tmp_path / "holdfast.toml").write_text(TOML + 'auth = "required"\n')

        embedding = embedding_of(tmp_path, None)

        assert (embedding.limits.max_rows, embedding.limits.max_body_bytes) == (7, 1234)
        assert embedding.auth == "required"

    def test_the_application_can_say_otherwise(self, tmp_path):
        """It may have users of its own."""
        (tmp_path / "holdfast.toml").write_text(TOML)

        assert embedding_of(str(tmp_path), "off").auth == "off"

    def test_says_at_once_that_there_is_no_project(self, tmp_path):
        """When the application is put together, not at its first request."""
        with pytest.raises(SettingsError, match=r"no holdfast\.toml"):
            embedding_of(tmp_path, None)


class TestAccessInside:
    def test_off_leaves_it_to_the_application(self, project):
        """Neither keys nor hosts are judged."""
        project.key()

        assert access_inside("off", project.world.ports) == Access(auth="off", enclosed=True)

    def test_without_a_key_only_this_machine_may_ask(self, project):
        """What the application listens on is not known here; nobody chose to open it."""
        access = access_inside("auto", project.world.ports)

        assert (access.exposed, access.enclosed) == (False, False)

    def test_with_a_usable_key_keys_are_asked_for_from_everywhere(self, project):
        """They guard it better than a Host header."""
        project.key()

        assert access_inside("auto", project.world.ports).exposed

    def test_an_expired_key_guards_nothing(self, project):
        """It opens no door, so none is opened for it."""
        minted = mint(
            scopes=(KeyScope.READ,), at=NOW - timedelta(days=2), expires_at=NOW - timedelta(days=1)
        )
        project.world.store.keys.add(minted.key, actor="test")

        assert not access_inside("auto", project.world.ports).exposed
