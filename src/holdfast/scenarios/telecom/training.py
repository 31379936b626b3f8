"""The data that the first model is trained on: customers from before the first month."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.scenarios.telecom.schema import ENTITY, NEGATIVE, POSITIVE, TARGET

if TYPE_CHECKING:
    from holdfast.domain.contract import Value
    from holdfast.scenarios.telecom.cohort import Cohort

__all__ = ["TrainingSet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Columns of equal length: the customer's id, every feature, the target."""

    columns: dict[str, list[Value]]

    @classmethod
    def of(cls, cohort: Cohort) -> TrainingSet:
        """Return a cohort with its outcomes, as the feed delivers it."""
        outcomes = [POSITIVE if churned else NEGATIVE for churned in cohort.churned.tolist()]
        ids: list[Value] = list(cohort.customer_ids)
        return cls(columns={ENTITY: ids, **cohort.delivered(), TARGET: [*outcomes]})

    def __len__(self) -> int:
        return len(self.columns[ENTITY])

    def write_csv(self, path: Path | str) -> Path:
        """Write the set as CSV with a header; a missing value is an empty field.

        Returns:
            The file's path.
        """
        path = Path(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows(zip(*self.columns.values(), strict=True))
        return path
