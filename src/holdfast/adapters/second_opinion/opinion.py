"""What another drift library says of two sets of rows, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.drift.rules import RuleOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ColumnOpinion", "SecondOpinion"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOpinion:
    """What Evidently says of one column.

    Attributes:
        name: The column.
        method: The method that it chose, in its own words.
        score: A p-value or a distance, as the method has it; None if it found none.
        threshold: Below which a p-value, or from which a distance counts as drift.
        drifted: Its verdict.
    """

    name: str
    method: str
    score: float | None
    threshold: float
    drifted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """What Evidently's `DataDriftPreset` says of two sets of rows.

    Attributes:
        version: Evidently's.
        n_reference: Rows of the reference.
        n_current: Rows of the current window.
        columns: Each column that it compared, in the reference's order.
        left_out: Why it was not asked about the other columns, by name.
        share_drifted: Share of the compared columns that it counts as drifted.
        at: Share from which it counts the data set as drifted.
        drifted: Its verdict on the data set.
    """

    version: str
    n_reference: int
    n_current: int
    columns: tuple[ColumnOpinion, ...]
    left_out: Mapping[str, str]
    share_drifted: float
    at: float
    drifted: bool

    @property
    def outcome(self) -> RuleOutcome:
        """Its verdict as that of a rule named ``evidently``, to stand beside our own."""
        drifted = tuple(column.name for column in self.columns if column.drifted)
        return RuleOutcome(
            name="evidently",
            rule=f"evidently drift_share >= {self.at:g}",
            fired=self.drifted,
            band="drifted" if self.drifted else "stable",
            why=(
                f"Evidently counts {len(drifted)} of {len(self.columns)} columns as drifted "
                f"({self.share_drifted:.0%}); its preset fires at {self.at:.0%}."
            ),
            figures={
                "share": self.share_drifted,
                "at": self.at,
                "n_drifted": len(drifted),
                "n_columns": len(self.columns),
                "n_left_out": len(self.left_out),
            },
            features=drifted,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the opinion as plain, strict JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tool": "evidently",
            "version": self.version,
            "preset": "DataDriftPreset",
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "columns": [
                {
                    "name": column.name,
                    "method": column.method,
                    "score": column.score,
                    "threshold": column.threshold,
                    "drifted": column.drifted,
                }
                for column in self.columns
            ],
            "left_out": [{"name": name, "why": why} for name, why in self.left_out.items()],
            "share_drifted": self.share_drifted,
            "drifted": self.drifted,
            "outcome": self.outcome.to_json(),
        }
