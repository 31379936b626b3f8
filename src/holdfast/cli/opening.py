"""How commands of the control plane get at data files in the project's own terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.adapters.sources import open_labelled, open_source
from holdfast.domain.binary_target import read_labels
from holdfast.domain.errors import SettingsError
from holdfast.domain.tables import conform, moments_of
from holdfast.loop.ingest import DataSpec, TrainingData, ingest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.settings import Settings

__all__ = ["spec_of", "training_data", "window_data"]


def spec_of(settings: Settings) -> DataSpec:
    """Return what the project's columns are."""
    data = settings.data
    return DataSpec(
        target=data.target,
        positive=data.positive,
        time=data.time,
        entity=data.entity,
        drop=data.drop,
        categorical=data.categorical,
        dates=data.dates,
        as_of=data.as_of,
        missing=data.missing,
    )


def training_data(settings: Settings, path: Path | None) -> TrainingData:
    """Read the project's labelled rows, or those of another file.

    Raises:
        SettingsError: If no file is named anywhere.
        InputError: If the data cannot be used.
    """
    file = path or settings.data.path
    if file is None:
        raise SettingsError(
            "No data file is named. Give one: holdfast train DATA, or set [data] path"
        )
    data = settings.data
    of_project = data.path is not None and file.resolve() == data.path.resolve()
    source = open_labelled(
        file,
        labels=data.labels if of_project else None,
        target=data.target,
        delimiter=data.delimiter,
        header=data.header,
    )
    return ingest(source, spec_of(settings))


def window_data(
    settings: Settings, path: Path, contract: Contract
) -> tuple[pa.Table, NDArray[np.bool_] | None]:
    """Read a file as a window of the champion's rows, with labels if it has any.

    Where only some rows are labelled, the window is those rows.

    Raises:
        DataFileError: If the file cannot be read.
        ColumnError: If a feature is missing, or of another type.
        TargetError: If the target column holds other words than the model's.
    """
    data = settings.data
    table = open_source(path, delimiter=data.delimiter, header=data.header).read()
    moments = moments_of(table, contract, data.time, as_of=data.as_of)
    rows = conform(table, contract, moments=moments)
    if contract.target.name not in table.column_names:
        return rows, None
    found = read_labels(table, contract.target)
    if not found.known.any():
        return rows, None  # the column is there, its words are yet to come
    return rows.filter(pa.array(found.known)), found.labels
