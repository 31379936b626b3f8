"""Read the parts of a release that the control plane compares with and trains from."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.domain.canonical import from_json
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.releases import (
    BASELINE,
    DISPERSION,
    IMPORTANCES,
    METRICS,
    PROFILE,
    REFERENCE,
    Dispersed,
    Importances,
    ModelMetrics,
)
from holdfast.drift.profile import ReferenceProfile
from holdfast.loop.fetch import fetch_file, fetch_manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.ids import ReleaseId
    from holdfast.domain.releases import Manifest
    from holdfast.ports.object_store import ObjectStore

T = TypeVar("T")

__all__ = [
    "fetch_dispersion",
    "fetch_importances",
    "fetch_metrics",
    "fetch_reference",
    "fetch_reference_rows",
]


def fetch_reference(
    objects: ObjectStore, release_id: ReleaseId
) -> tuple[ReferenceProfile, ModelMetrics]:
    """Return what a release's windows are compared with: its profile and its baseline.

    Raises:
        CorruptReleaseError: If a file is missing or changed.
        CorruptProfileError: If the profile is of another version.
    """
    manifest = fetch_manifest(objects, release_id)
    reference = ReferenceProfile.from_bytes(fetch_file(objects, release_id, manifest, PROFILE))
    return reference, _read(objects, release_id, manifest, BASELINE, ModelMetrics)


def fetch_metrics(
    objects: ObjectStore, release_id: ReleaseId, manifest: Manifest | None = None
) -> ModelMetrics:
    """Return a release's figures on its test part.

    Raises:
        CorruptReleaseError: If the file is missing, changed or does not parse.
    """
    known = manifest or fetch_manifest(objects, release_id)
    return _read(objects, release_id, known, METRICS, ModelMetrics)


def fetch_importances(objects: ObjectStore, release_id: ReleaseId) -> Importances | None:
    """Return how much a release's model rests on each feature; None if it does not say.

    Releases of versions before importances were kept do not.

    Raises:
        CorruptReleaseError: If the file is missing though it is listed, changed, or does not
            parse.
    """
    manifest = fetch_manifest(objects, release_id)
    if IMPORTANCES not in manifest.files:
        return None
    return _read(objects, release_id, manifest, IMPORTANCES, Importances)


def fetch_dispersion(objects: ObjectStore, release_id: ReleaseId) -> dict[str, Dispersed]:
    """Return by how much rows of a bucket go together, by monitor's name.

    Monitors that are absent take them as independent: all of them, if the reference bore no
    times or too few buckets, or the release was made before this was kept.

    Raises:
        CorruptReleaseError: If the file is missing though it is listed, changed, or does not
            parse.
    """
    manifest = fetch_manifest(objects, release_id)
    if DISPERSION not in manifest.files:
        return {}
    return _read(objects, release_id, manifest, DISPERSION, dict[str, Dispersed])


def fetch_reference_rows(
    objects: ObjectStore, release_id: ReleaseId
) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Return the rows that a release keeps of its training data, in order, and their labels.

    Raises:
        CorruptReleaseError: If the file is missing, changed or no Parquet file.
    """
    manifest = fetch_manifest(objects, release_id)
    data = fetch_file(objects, release_id, manifest, REFERENCE)
    try:
        table = pq.read_table(io.BytesIO(data))
    except pa.ArrowException as error:
        raise CorruptReleaseError(release_id, f"{REFERENCE} does not parse ({error})") from error
    # The label stands last, under the target's name, which no feature bears.
    last = table.num_columns - 1
    labels: NDArray[np.bool_] = table.column(last).to_numpy().astype(np.bool_)
    return table.remove_column(last), labels


def _read(
    objects: ObjectStore, release_id: ReleaseId, manifest: Manifest, name: str, kind: type[T]
) -> T:
    try:
        return from_json(fetch_file(objects, release_id, manifest, name), kind)
    except msgspec.DecodeError as error:
        raise CorruptReleaseError(release_id, f"{name} does not parse ({error})") from error
