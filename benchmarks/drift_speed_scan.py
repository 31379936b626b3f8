"""How fast pyarrow alone reads a folder of Parquet: what profiling it is measured against."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as pds
import pyarrow.fs
import pyarrow.parquet as pq
from benchmarks.drift_speed_rows import COLUMNS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SETTINGS", "scan"]


def scan(folder: Path, setting: str) -> float:
    """Return the seconds that reading all columns takes; nothing is done with the rows."""
    begin = time.perf_counter()
    SETTINGS[setting](folder)
    return time.perf_counter() - begin


def _dataset(
    folder: Path, *, batch: int, files: int, mapped: bool = False, buffered: bool = True
) -> int:
    words = pa.dictionary(pa.int32(), pa.string())
    stored = pds.dataset(folder, format="parquet").schema
    schema = pa.schema([f.with_type(words) if f.name in WORDS else f for f in stored])
    paths = sorted(map(str, folder.iterdir()))
    options = pds.ParquetFragmentScanOptions(pre_buffer=buffered)
    dataset = pds.dataset(
        paths,
        schema=schema,
        filesystem=pyarrow.fs.LocalFileSystem(use_mmap=mapped),
        format=pds.ParquetFileFormat(
            read_options=pds.ParquetReadOptions(dictionary_columns=list(WORDS)),
            default_fragment_scan_options=options,
        ),
    )
    scanner = dataset.scanner(
        columns=list(COLUMNS), batch_size=batch, fragment_readahead=files, use_threads=True
    )
    return sum(read.num_rows for read in scanner.to_batches())


def _file_by_file(folder: Path) -> int:
    """Read as many files at once as there are cores, each by one thread."""

    def read(path: Path) -> int:
        file = pq.ParquetFile(path, read_dictionary=list(WORDS), memory_map=True)
        return sum(
            file.read_row_group(i, columns=list(COLUMNS), use_threads=False).num_rows
            for i in range(file.num_row_groups)
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(read, sorted(folder.iterdir())))


SETTINGS: dict[str, Callable[[Path], int]] = {
    "batches of 128k rows, 1 file ahead": lambda folder: _dataset(folder, batch=1 << 17, files=1),
    "batches of 128k rows, 4 files ahead": lambda folder: _dataset(folder, batch=1 << 17, files=4),
    "batches of 1M rows, 4 files ahead": lambda folder: _dataset(folder, batch=1 << 20, files=4),
    "batches of 32k rows, 4 files ahead": lambda folder: _dataset(folder, batch=1 << 15, files=4),
    "128k rows, 4 files, memory-mapped": lambda folder: _dataset(
        folder, batch=1 << 17, files=4, mapped=True
    ),
    "128k rows, 4 files, mapped, unbuffered": lambda folder: _dataset(
        folder, batch=1 << 17, files=4, mapped=True, buffered=False
    ),
    "a file on each core, memory-mapped": _file_by_file,
}
