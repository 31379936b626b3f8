"""Take in the predictions of a service that Holdfast does not run, so that it can watch them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.domain.errors import (
    DataFileError,
    InvalidFieldsError,
    InvalidLabelError,
    InvalidRowsError,
    RequestConflictError,
)
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Label, LabelCounts, Prediction
from holdfast.loop.import_record import problem_in, read_record
from holdfast.ports.prediction_log import LogBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from holdfast.domain.contract import Contract
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.loop.import_record import ImportColumns, ImportedRow
    from holdfast.loop.swap import ServedModel
    from holdfast.ports.clock import Clock
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.record_source import Record, RecordSource
    from holdfast.ports.release_store import ReleaseStore

__all__ = ["ImportPorts", "ImportedLog", "import_log"]

_PAGE = 1_000  # rows of one transaction: a server that logs meanwhile waits for it
_REASONS_SHOWN = 5
_SAME_SCORE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPorts:
    """What an import reads and writes through; every plane has it."""

    predictions: PredictionLog
    labels: LabelLedger
    releases: ReleaseStore
    clock: Clock
    label_maturity: timedelta
    retention: timedelta | None = None  # age from which rows leave the log; None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLog:
    """What became of a log's records.

    Attributes:
        n_read: Records, torn ones among them.
        n_new: Rows that were logged.
        n_known: Rows that were logged before, by this command or by a server.
        problems: How many were rejected, by what is wrong with them.
        labels: What became of the labels that came with them.
        n_labels_known: Labels that stood already, and were not recorded again.
        first_at: When the first of all usable rows was answered.
        last_at: When the last one was.
    """

    n_read: int
    n_new: int
    n_known: int
    problems: Counter[str]
    labels: LabelCounts
    n_labels_known: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def n_rejected(self) -> int:
        """Records that were kept aside."""
        return self.problems.total()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        counts = {name: n for name, n in asdict(self.labels).items() if name != "fates"}
        return {
            "read": self.n_read,
            "new": self.n_new,
            "known": self.n_known,
            "rejected": self.n_rejected,
            "problems": dict(self.problems.most_common()),
            "labels": {**counts, "known": self.n_labels_known},
            "first_at": None if self.first_at is None else self.first_at.isoformat(),
            "last_at": None if self.last_at is None else self.last_at.isoformat(),
        }


def import_log(
    ports: ImportPorts,
    served: ServedModel,
    source: RecordSource,
    columns: ImportColumns,
    *,
    name: str,
    on_rejected: Callable[[Record, str], None],
    on_page: Callable[[int], None] = lambda _: None,
) -> ImportedLog:
    """Log another service's predictions under the champion's contract, and their labels.

    Each page is one transaction. A record with an id is logged once however often it comes;
    one without is told by its content, so that a log can be imported again when it has grown.

    Args:
        ports: The store and the clock.
        served: The champion, under whose contract the rows go.
        source: The service's log.
        columns: Under which names it says what.
        name: The file's, for errors.
        on_rejected: Takes each record that cannot be used, with the reason.
        on_page: Told after each page how many records were read.

    Raises:
        DataFileError: If it holds no record, or none of the first page fits.
        StoreUnavailableError: If a page could not be made durable; those before it stand.
    """
    task = _Import(ports, served, columns, on_rejected)
    for page in _pages(source):
        task.take(page)
        if task.n_read == len(page) == task.problems.total():
            raise _nothing_fits(name, task.problems)
        on_page(task.n_read)
    if not task.n_read:
        raise DataFileError(name, "it holds no record", remedy="Look whether it is the right file.")
    return task.result()


def _pages(source: RecordSource) -> Iterator[list[Record]]:
    records = source.records()
    while page := list(islice(records, _PAGE)):
        yield page


class _Import:
    """One run over one log."""

    def __init__(
        self,
        ports: ImportPorts,
        served: ServedModel,
        columns: ImportColumns,
        on_rejected: Callable[[Record, str], None],
    ) -> None:
        self._ports, self._columns, self._on_rejected = ports, columns, on_rejected
        self._contract: Contract = served.contract
        self._champion: ReleaseRecord = served.record
        self._versions = frozenset(
            record.version
            for record in ports.releases.releases()
            if record.schema_digest == served.record.schema_digest
        )
        # How often each content came in this run; 16 bytes tell records without an id apart.
        self._seen: Counter[bytes] = Counter()
        self.problems: Counter[str] = Counter()
        self.n_read = self._n_new = self._n_known = self._n_labels_known = 0
        self._labels = LabelCounts()
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None

    def result(self) -> ImportedLog:
        """Return what became of the records so far."""
        return ImportedLog(
            n_read=self.n_read,
            n_new=self._n_new,
            n_known=self._n_known,
            problems=self.problems,
            labels=self._labels,
            n_labels_known=self._n_labels_known,
            first_at=self._first_at,
            last_at=self._last_at,
        )

    def take(self, page: Sequence[Record]) -> None:
        """Log a page in one transaction, and record its labels in another."""
        self.n_read += len(page)
        now = self._ports.clock.now()
        read = [(record, row) for record in page for row in self._read(record, now)]
        batches = [self._batch(row) for _, row in read]
        labels: list[Label] = []
        outcomes = self._ports.predictions.append_each(batches)
        for (record, row), batch, outcome in zip(read, batches, outcomes, strict=True):
            if isinstance(outcome, RequestConflictError):
                self._reject(record, "its id was used before for a row with other values")
                continue
            if isinstance(outcome, Exception):
                raise outcome
            labels += self._settle(record, row, batch.predictions[0], outcome[0], now)
        self._record(labels, now)

    def _read(self, record: Record, now: datetime) -> Iterator[ImportedRow]:
        """Yield the record's row, or nothing if it has to be rejected."""
        if record.fields is None:
            self._reject(record, record.problem)
            return
        retention = self._ports.retention
        try:
            yield read_record(
                record.fields,
                self._contract,
                self._columns,
                versions=self._versions,
                now=now,
                kept_since=None if retention is None else now - retention,
            )
        except (InvalidFieldsError, InvalidLabelError, InvalidRowsError) as error:
            self._reject(record, problem_in(error))

    def _batch(self, row: ImportedRow) -> LogBatch:
        threshold = self._contract.threshold
        prediction = Prediction(
            prediction_id=PredictionId(uuid7(row.at)),
            model_version=row.version or self._champion.version,
            score=row.score,
            positive=row.score >= threshold,
            threshold=threshold,
            predicted_at=row.at,
        )
        request = row.request
        if request.request_id is None:
            request = replace(request, request_id=self._content_id(row))
        return LogBatch(contract=self._contract, requests=[request], predictions=[prediction])

    def _content_id(self, row: ImportedRow) -> str:
        """Return an id that the same record has in each run, and its twin in one run has not.

        Which model is in production when it is imported is no part of it.
        """
        said = [row.request.values, row.request.entity, row.at.isoformat(), row.score, row.version]
        # As canonical JSON would have it: a list of values that were found to be finite, for
        # which its slower search need not be repeated.
        content = blake2b(msgspec.json.encode(said), digest_size=16)
        self._seen[content.digest()] += 1
        return f"content:{content.hexdigest()}:{self._seen[content.digest()]}"

    def _settle(
        self,
        record: Record,
        row: ImportedRow,
        asked: Prediction,
        logged: Prediction,
        now: datetime,
    ) -> Iterator[Label]:
        """Count a row that is in the log now, and yield its label if that is news."""
        is_new = logged.prediction_id == asked.prediction_id
        if not is_new and abs(logged.score - row.score) > _SAME_SCORE:
            self._reject(record, "its id was used before for the same row with another score")
            return
        self._n_new += is_new
        self._n_known += not is_new
        self._first_at = min(self._first_at or row.at, row.at)
        self._last_at = max(self._last_at or row.at, row.at)
        if row.label is None:
            return
        if not is_new:
            known = self._ports.predictions.get(logged.prediction_id).label
            if known == row.label:
                self._n_labels_known += 1
                return
        yield Label(
            positive=row.label,
            observed_at=row.observed_at or now,
            prediction_id=logged.prediction_id,
        )

    def _record(self, labels: Sequence[Label], now: datetime) -> None:
        counts = self._ports.labels.record(
            labels, received_at=now, maturity=self._ports.label_maturity
        )
        self._labels = replace(self._labels + counts, fates=())

    def _reject(self, record: Record, problem: str) -> None:
        self.problems[problem] += 1
        self._on_rejected(record, problem)


def _nothing_fits(name: str, problems: Counter[str]) -> DataFileError:
    worst = "; ".join(f"{n:,} × {said}" for said, n in problems.most_common(_REASONS_SHOWN))
    return DataFileError(
        name,
        f"none of the first {problems.total():,} records fits: {worst}",
        remedy="Name its columns with --score, --time, --entity, --id and --label; the features "
        "bear the names of the contract.",
    )
