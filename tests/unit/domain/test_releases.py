"""A release is what its manifest says, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.domain.canonical import sha256_hex
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.releases import Manifest, Recipe, manifest_files, read_manifest, verified

FILES = {"model.onnx": b"model", "contract.json": b"{}"}
RECIPE = Recipe(
    trainer="logistic_regression",
    parameters={"C": 1.0},
    seed=0,
    training_window="all",
    n_train=60,
    n_validation=20,
    n_test=20,
    split="time-ordered",
)
MANIFEST = Manifest(
    model_name="churn", files=manifest_files(FILES), recipe=RECIPE, software="0.1.0"
)


class TestManifest:
    def test_gives_the_release_its_identity(self):
        """The SHA-256 of the bytes that are stored: anyone can check it with a command."""
        assert MANIFEST.release_id == sha256_hex(MANIFEST.to_bytes())

    @pytest.mark.parametrize(
        "change",
        [
            {"files": manifest_files({**FILES, "model.onnx": b"modem"})},
            {"recipe": replace(RECIPE, seed=1)},
            {"model_name": "other"},
        ],
        ids=["a byte of a file", "the recipe", "the name"],
    )
    def test_is_another_release_if_anything_differs(self, change):
        """Nothing about a release can change under its id."""
        assert replace(MANIFEST, **change).release_id != MANIFEST.release_id

    def test_does_not_depend_on_the_order_of_the_files(self):
        """Folders have none."""
        turned = replace(MANIFEST, files=dict(reversed(MANIFEST.files.items())))

        assert turned.release_id == MANIFEST.release_id


class TestReadManifest:
    def test_reads_back_what_was_written(self):
        """An equal manifest."""
        assert read_manifest(MANIFEST.release_id, MANIFEST.to_bytes()) == MANIFEST

    def test_refuses_bytes_that_the_id_does_not_name(self):
        """Before it parses them."""
        with pytest.raises(CorruptReleaseError, match="another digest than its id"):
            read_manifest(MANIFEST.release_id, MANIFEST.to_bytes() + b" ")

    def test_refuses_what_is_no_manifest_even_under_its_own_id(self):
        """The digest of nonsense is right, and it is still nonsense."""
        nonsense = b'{"files": 3}'

        with pytest.raises(CorruptReleaseError, match="does not parse"):
            read_manifest(sha256_hex(nonsense), nonsense)


class TestVerified:
    def test_hands_out_bytes_whose_digest_is_listed(self):
        """Unchanged."""
        assert verified("r", MANIFEST, "model.onnx", b"model") == b"model"

    def test_refuses_a_changed_file_by_name(self):
        """One flipped bit is enough."""
        with pytest.raises(CorruptReleaseError, match=r"model\.onnx has another digest"):
            verified("r", MANIFEST, "model.onnx", b"mode\x6d")

    def test_refuses_a_file_that_is_not_listed(self):
        """Something that was laid beside a release is no part of it."""
        with pytest.raises(CorruptReleaseError, match=r"does not list extra\.pkl"):
            verified("r", MANIFEST, "extra.pkl", b"")
