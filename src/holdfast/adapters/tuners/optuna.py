"""Optuna proposes settings: where good ones were found before, it looks more closely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.ports.tuner import Setting, Span

__all__ = ["OptunaStudy", "OptunaTuner"]


class OptunaTuner:
    """Begins searches by a tree-structured Parzen estimator; satisfies `Tuner`.

    Source:
        Bergstra, Bardenet, Bengio and Kégl (2011), *Algorithms for hyper-parameter
        optimization*; Akiba and others (2019), *Optuna*.
    """

    def study(self, spans: Mapping[str, Span], *, first: Setting, seed: int) -> OptunaStudy:
        """Begin a search; see `Tuner.study`.

        Raises:
            MissingExtraError: If Optuna is not installed.
        """
        try:
            import optuna  # noqa: PLC0415 - an extra, and half a second of imports
        except ImportError as error:
            raise MissingExtraError(needs="Optuna", extra="search") from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells each trial otherwise
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.enqueue_trial(first)
        return OptunaStudy(study, {name: _distribution(span) for name, span in spans.items()})


class OptunaStudy:
    """One search; satisfies `Study`.

    Args:
        study: Optuna's.
        distributions: What may vary, in its terms.
    """

    def __init__(self, study: Any, distributions: dict[str, Any]) -> None:
        self._study, self._distributions = study, distributions
        self._trial: Any = None

    def ask(self) -> Setting:
        """Return the next setting to try; see `Study.ask`."""
        self._trial = self._study.ask(self._distributions)
        return {name: self._trial.params[name] for name in self._distributions}

    def tell(self, loss: float | None) -> None:
        """Say what it came to; see `Study.tell`."""
        from optuna.trial import TrialState  # noqa: PLC0415 - as above

        if loss is None:
            self._study.tell(self._trial, state=TrialState.FAIL)
        else:
            self._study.tell(self._trial, loss)


def _distribution(span: Span) -> Any:
    from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415 - as above

    if span.whole:
        return IntDistribution(int(span.low), int(span.high), log=span.ratio)
    return FloatDistribution(span.low, span.high, log=span.ratio)
