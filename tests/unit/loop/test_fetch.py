"""Tests of holdfast.loop.fetch and holdfast.loop.fetch_reference: nothing unverified is parsed."""

from __future__ import annotations

import subprocess
import sys
from typing import ClassVar

import pytest

from holdfast.domain.canonical import canonical_json, sha256_hex
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import CorruptProfileError, CorruptReleaseError
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.releases import (
    CONTRACT,
    DISPERSION,
    IMPORTANCES,
    MANIFEST,
    METRICS,
    MODEL,
    PROFILE,
    REFERENCE,
    Dispersed,
    Importances,
    Manifest,
    Recipe,
    ReleaseRecord,
    manifest_files,
)
from holdfast.loop.fetch import fetch_for_serving, fetch_manifest
from holdfast.loop.fetch_reference import (
    fetch_dispersion,
    fetch_importances,
    fetch_metrics,
    fetch_reference,
    fetch_reference_rows,
)

SPEC = Contract(
    features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True, typical=1.0),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="d",
)
RECIPE = Recipe(
    trainer="t",
    parameters={},
    seed=0,
    training_window="all",
    n_train=1,
    n_validation=1,
    n_test=1,
    split="stratified",
)


class Shelf:
    """A release whose files can be tampered with after they were registered."""

    def __init__(self, **changed):
        files = {MODEL: b"model", CONTRACT: canonical_json(SPEC), PROFILE: b"", METRICS: b"{}"}
        files[REFERENCE] = b"no parquet"
        files |= {name.replace("__", "."): data for name, data in changed.items()}
        manifest = Manifest(
            model_name="m", files=manifest_files(files), recipe=RECIPE, software="0"
        )
        self.files = {**files, MANIFEST: manifest.to_bytes()}
        self.manifest = manifest
        self.record = ReleaseRecord(
            version=ModelVersion("v1"),
            release_id=manifest.release_id,
            schema_digest=SPEC.schema_digest,
        )
        self.read: list[str] = []

    def put(self, group, files):
        raise AssertionError("nothing that fetches may write")

    def groups(self):
        return (self.record.release_id,)

    def publish(self, name, data):
        raise AssertionError("nothing that fetches may write")

    def published(self, name):
        raise FileNotFoundError(name)

    def get(self, group, name):
        self.read.append(name)
        if group != self.record.release_id or name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]


class TestFetchForServing:
    def test_returns_contract_and_model(self):
        """And reads no other file of the release."""
        shelf = Shelf()

        contract, model = fetch_for_serving(shelf, shelf.record)

        assert (contract, model) == (SPEC, b"model")
        assert set(shelf.read) == {MANIFEST, CONTRACT, MODEL}

    @pytest.mark.parametrize("name", [MANIFEST, CONTRACT, MODEL])
    def test_refuses_a_missing_file_by_name(self, name):
        """Somebody cleaned up, or a copy was not finished."""
        shelf = Shelf()
        del shelf.files[name]

        with pytest.raises(CorruptReleaseError, match=f"{name} is missing"):
            fetch_for_serving(shelf, shelf.record)

    @pytest.mark.parametrize("name", [MANIFEST, CONTRACT, MODEL])
    def test_refuses_a_single_changed_bit(self, name):
        """A bit that flipped on disk is enough."""
        shelf = Shelf()
        data = shelf.files[name]
        shelf.files[name] = bytes([data[0] ^ 1]) + data[1:]

        with pytest.raises(CorruptReleaseError, match=f"{name} has another digest"):
            fetch_for_serving(shelf, shelf.record)

    def test_refuses_a_contract_that_does_not_parse(self):
        """Digests may be right and the content still not ours."""
        shelf = Shelf(contract__json=b'{"features": 3}')

        with pytest.raises(CorruptReleaseError, match=r"contract\.json does not parse"):
            fetch_for_serving(shelf, shelf.record)

    def test_refuses_a_contract_that_is_not_valid(self):
        """What a contract checks when it is built, it checks when it is read."""
        data = canonical_json(SPEC).replace(b'"threshold":0.5', b'"threshold":7.0')
        shelf = Shelf(contract__json=data)

        with pytest.raises(CorruptReleaseError, match="threshold must lie"):
            fetch_for_serving(shelf, shelf.record)

    def test_refuses_a_contract_of_other_features_than_were_registered(self):
        """Its predictions would be logged to another contract's table."""
        data = canonical_json(SPEC).replace(b'"name":"x"', b'"name":"z"')
        shelf = Shelf(contract__json=data)

        with pytest.raises(CorruptReleaseError, match="other features"):
            fetch_for_serving(shelf, shelf.record)

    @pytest.mark.slow
    def test_imports_nothing_heavy(self):
        """Serving imports this module; a fresh interpreter shows what comes along."""
        program = (
            "import sys, holdfast.loop.fetch; print(*{n.partition('.')[0] for n in sys.modules})"
        )

        loaded = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()

        assert "holdfast" in loaded
        assert not {"pyarrow", "pandas", "sklearn", "scipy", "onnx"} & set(loaded)


class TestFetchManifest:
    def test_returns_what_was_registered(self):
        """Equal in every field."""
        shelf = Shelf()

        assert fetch_manifest(shelf, shelf.record.release_id) == shelf.manifest

    def test_refuses_an_unknown_release(self):
        """An id without files."""
        with pytest.raises(CorruptReleaseError, match=r"manifest\.json is missing"):
            fetch_manifest(Shelf(), ReleaseId(sha256_hex(b"other")))


class TestFetchImportances:
    KNOWN = Importances(drops={"x": 0.2}, n=9, n_shuffles=3)

    def test_returns_what_the_release_keeps(self):
        """Equal in every field."""
        shelf = Shelf(importances__json=canonical_json(self.KNOWN))

        assert fetch_importances(shelf, shelf.record.release_id) == self.KNOWN

    def test_of_an_older_release_there_are_none(self):
        """That is no fault of its files."""
        shelf = Shelf()

        assert fetch_importances(shelf, shelf.record.release_id) is None

    @pytest.mark.parametrize(
        ("spoil", "found"),
        [
            (lambda files: files.pop(IMPORTANCES), r"importances\.json is missing"),
            (lambda files: files.update({IMPORTANCES: b"{}"}), "another digest"),
        ],
    )
    def test_refuses_files_that_were_changed(self, spoil, found):
        """Forged weights could hide a drift; lost ones are not the same as none."""
        shelf = Shelf(importances__json=canonical_json(self.KNOWN))
        spoil(shelf.files)

        with pytest.raises(CorruptReleaseError, match=found):
            fetch_importances(shelf, shelf.record.release_id)

    def test_refuses_importances_that_do_not_parse(self):
        """Named, as every file is."""
        shelf = Shelf(importances__json=b"[]")

        with pytest.raises(CorruptReleaseError, match=r"importances\.json does not parse"):
            fetch_importances(shelf, shelf.record.release_id)


class TestFetchDispersion:
    KNOWN: ClassVar = {"label": Dispersed(value=2.5, n_buckets=30, rows=80.5)}

    def test_returns_what_the_release_keeps(self):
        """Equal in every field."""
        shelf = Shelf(dispersion__json=canonical_json(self.KNOWN))

        assert fetch_dispersion(shelf, shelf.record.release_id) == self.KNOWN

    def test_of_an_older_release_there_is_none(self):
        """That is no fault of its files."""
        shelf = Shelf()

        assert fetch_dispersion(shelf, shelf.record.release_id) == {}

    @pytest.mark.parametrize(
        ("spoil", "found"),
        [
            (lambda files: files.pop(DISPERSION), r"dispersion\.json is missing"),
            (lambda files: files.update({DISPERSION: b"{}"}), "another digest"),
        ],
    )
    def test_refuses_files_that_were_changed(self, spoil, found):
        """A forged one could make monitors blind."""
        shelf = Shelf(dispersion__json=canonical_json(self.KNOWN))
        spoil(shelf.files)

        with pytest.raises(CorruptReleaseError, match=found):
            fetch_dispersion(shelf, shelf.record.release_id)


class TestFetchReference:
    def test_refuses_a_profile_of_another_form(self):
        """The digest is right, the content is no profile."""
        shelf = Shelf()

        with pytest.raises(CorruptProfileError):
            fetch_reference(shelf, shelf.record.release_id)

    def test_refuses_metrics_that_do_not_parse(self):
        """Named, as every file is."""
        shelf = Shelf()

        with pytest.raises(CorruptReleaseError, match=r"metrics\.json does not parse"):
            fetch_metrics(shelf, shelf.record.release_id)

    def test_refuses_rows_that_are_no_parquet(self):
        """The same for the reference rows."""
        shelf = Shelf()

        with pytest.raises(CorruptReleaseError, match=r"reference\.parquet does not parse"):
            fetch_reference_rows(shelf, shelf.record.release_id)
