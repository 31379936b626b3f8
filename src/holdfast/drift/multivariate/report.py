"""Whether the rows of a window, taken whole, still look like the reference: both methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.sampling import sample_rows
from holdfast.drift.multivariate.domain_classifier import DomainClassifier, classify_domains
from holdfast.drift.multivariate.reconstruction import Reconstruction, reconstruct
from holdfast.drift.multivariate.wording import classifier_words, reconstruction_words
from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.drift.multivariate.bounds import MultivariatePolicy

__all__ = ["MultivariateReport", "multivariate"]

MAX_ROWS = 10_000
_CLASSIFIER_SHARE = 0.8
"""Of alpha. The classifier finds far more; what the components find besides is rarely new."""

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariateReport:
    """What a comparison says of whole rows.

    Attributes:
        n_reference: Rows of the reference, before any were drawn.
        n_current: Rows of the current window, before any were drawn.
        alpha: Chance of any alarm without drift, at most; four fifths of it are the
            classifier's, one fifth the reconstruction's.
        seed: Of all that is drawn: the same rows and seed give the same report.
        classifier: Whether a classifier tells the windows apart.
        reconstruction: Whether the reference's components still explain the rows.
    """

    n_reference: int
    n_current: int
    alpha: float
    seed: int
    classifier: DomainClassifier
    reconstruction: Reconstruction

    @property
    def verdict(self) -> Verdict:
        """Drifted if either method says so; else underpowered if the classifier is."""
        if self.classifier.drifted or self.reconstruction.drifted:
            return Verdict.DRIFTED
        return self.classifier.verdict

    @property
    def drifted(self) -> bool:
        """Whether the verdict is drifted."""
        return self.verdict is Verdict.DRIFTED

    @property
    def subsampled(self) -> bool:
        """Whether only some of the rows were looked at."""
        seen = (self.classifier.n_reference, self.classifier.n_current)
        return seen != (self.n_reference, self.n_current)

    def words(self) -> tuple[str, ...]:
        """Return the report as plain sentences."""
        said = [*classifier_words(self.classifier), *reconstruction_words(self.reconstruction)]
        if self.subsampled:
            said.append(
                f"Looked at {self.classifier.n_reference} of {self.n_reference} reference rows "
                f"and {self.classifier.n_current} of {self.n_current} current ones, drawn at "
                f"random with seed {self.seed}."
            )
        return tuple(said)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain, strict JSON values; other tools read these keys."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict.value,
            "drifted": self.drifted,
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "subsampled": self.subsampled,
            "alpha": self.alpha,
            "seed": self.seed,
            "classifier": self.classifier.to_json(),
            "reconstruction": self.reconstruction.to_json(),
            "words": list(self.words()),
        }


def multivariate(
    reference: pa.Table,
    current: pa.Table,
    contract: Contract,
    *,
    seed: int = 0,
    alpha: float = 0.05,
    max_rows: int = MAX_ROWS,
    policy: MultivariatePolicy | None = None,
    drawn_from: tuple[int, int] | None = None,
) -> MultivariateReport:
    """Compare whole rows of two windows: what no single column shows, too.

    Args:
        reference: As `holdfast.domain.tables.conform` returns it.
        current: The same.
        contract: What the columns are.
        seed: Of all that is drawn.
        alpha: Chance of any alarm without drift, at most.
        max_rows: Rows of each window that are looked at, at most; drawn at random.
        policy: The bounds; None takes the defaults.
        drawn_from: How many rows the reference and the current window hold, if what is
            given was drawn from them at random.

    Returns:
        The report; windows that are too small, even empty, are underpowered in it.
    """
    rng = np.random.default_rng(seed)
    before, after = (
        sample_rows([table], max_rows, seed=int(rng.integers(2**32)))
        for table in (reference, current)
    )
    n_reference, n_current = drawn_from or (reference.num_rows, current.num_rows)
    share = _CLASSIFIER_SHARE
    return MultivariateReport(
        n_reference=n_reference,
        n_current=n_current,
        alpha=alpha,
        seed=seed,
        classifier=classify_domains(
            before, after, contract, rng=rng, alpha=share * alpha, policy=policy
        ),
        reconstruction=reconstruct(
            before, after, contract, rng=rng, alpha=(1 - share) * alpha, policy=policy
        ),
    )
