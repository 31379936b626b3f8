"""Every object store passes its port's suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from holdfast.adapters.objects.files import FileObjectStore
from holdfast.testing.fakes import InMemoryObjectStore
from holdfast.testing.suites import ObjectStoreSuite

if TYPE_CHECKING:
    from pathlib import Path


class TestFileObjectStore(ObjectStoreSuite):
    @pytest.fixture
    def objects(self, tmp_path: Path) -> FileObjectStore:
        return FileObjectStore(tmp_path / "releases")


class TestInMemoryObjectStore(ObjectStoreSuite):
    @pytest.fixture
    def objects(self) -> InMemoryObjectStore:
        return InMemoryObjectStore()
