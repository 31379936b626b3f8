"""Read a release's files as serving needs them, each verified before it is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from holdfast.domain.canonical import from_json
from holdfast.domain.contract import Contract
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.releases import CONTRACT, MANIFEST, MODEL, Manifest, read_manifest, verified

if TYPE_CHECKING:
    from holdfast.domain.ids import ReleaseId
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.ports.object_store import ObjectStore

__all__ = ["fetch_file", "fetch_for_serving", "fetch_manifest"]


def fetch_for_serving(objects: ObjectStore, record: ReleaseRecord) -> tuple[Contract, bytes]:
    """Return a release's contract and the bytes of its ONNX model.

    Nothing else of the release is read: a server needs no reference.

    Args:
        objects: Where releases are kept.
        record: Which release.

    Raises:
        CorruptReleaseError: If a file is missing, changed, or does not parse, or the
            contract is not the one that was registered.
    """
    manifest = fetch_manifest(objects, record.release_id)
    data = fetch_file(objects, record.release_id, manifest, CONTRACT)
    try:
        contract = from_json(data, Contract)
    except msgspec.DecodeError as error:
        found = f"{CONTRACT} does not parse ({error})"
        raise CorruptReleaseError(record.release_id, found) from error
    if contract.schema_digest != record.schema_digest:
        found = f"{CONTRACT} has other features than the release was registered with"
        raise CorruptReleaseError(record.release_id, found)
    return contract, fetch_file(objects, record.release_id, manifest, MODEL)


def fetch_manifest(objects: ObjectStore, release_id: ReleaseId) -> Manifest:
    """Return a release's manifest.

    Raises:
        CorruptReleaseError: If it is missing or changed.
    """
    return read_manifest(release_id, _get(objects, release_id, MANIFEST))


def fetch_file(objects: ObjectStore, release_id: ReleaseId, manifest: Manifest, name: str) -> bytes:
    """Return one of a release's files once its digest is the manifest's.

    Raises:
        CorruptReleaseError: If it is missing or changed.
    """
    return verified(release_id, manifest, name, _get(objects, release_id, name))


def _get(objects: ObjectStore, release_id: ReleaseId, name: str) -> bytes:
    try:
        return objects.get(release_id, name)
    except FileNotFoundError as error:
        raise CorruptReleaseError(release_id, f"{name} is missing") from error
