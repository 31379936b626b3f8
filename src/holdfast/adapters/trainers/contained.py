"""Trainers that work in a process of their own: what goes wrong there stays there.

A trainer that hangs, eats all memory or crashes ends as a `TrainingFailedError`, which the
loop records as an event; the control plane goes on.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import weakref
from dataclasses import dataclass, replace
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING, Self

from holdfast.adapters.trainers.child import IDLE_EXIT
from holdfast.domain.durations import format_duration
from holdfast.domain.errors import TrainingFailedError, TrainingTooLongError
from holdfast.ports.tuner import TunableTrainer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import FittedModel, Trainer
    from holdfast.ports.tuner import Setting, Span

__all__ = ["Answer", "ContainedTrainer", "Job", "Workshop"]

Answer = tuple["FittedModel | None", str | None]
"""What a child sends back: a fitted model, or why there is none."""

_CHILD = "holdfast.adapters.trainers.child"
_GRACE = 10.0  # seconds for a killed process to be gone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One fit, as it is sent to the child."""

    trainer: Trainer
    rows: FeatureMatrix
    labels: NDArray[np.bool_]
    contract: Contract
    seed: int
    weights: NDArray[np.float64] | None

    def run(self) -> FittedModel:
        """Fit.

        Raises:
            TrainingFailedError: If no usable model came out.
        """
        return self.trainer.fit(
            self.rows, self.labels, contract=self.contract, seed=self.seed, weights=self.weights
        )


class Workshop:
    """One child process in which trainers fit, one after the other.

    It starts when it is first needed, ends when nobody needs it for a minute, and is ended
    with this object. To start it takes about a second, so all trainers share it.

    Args:
        time_limit: For one fit.
        memory_limit: Bytes that one fit may take; None leaves it to the system.
    """

    def __init__(self, *, time_limit: timedelta, memory_limit: int | None = None) -> None:
        self._time_limit, self._memory_limit = time_limit, memory_limit
        self._child: _Child | None = None
        self._end: Callable[[], object] = bool  # nothing to end yet

    def run(self, job: Job) -> FittedModel:
        """Do a job in the child.

        Raises:
            TrainingFailedError: If no usable model came out, for whatever reason.
        """
        name = job.trainer.name
        while True:
            child = self._started()
            try:
                fitted, found = self._asked(child, job)
            except (EOFError, ConnectionError) as error:
                code = child.code()
                self.close()
                if code == IDLE_EXIT:
                    continue  # it went just before the job came
                raise TrainingFailedError(name, _death(code)) from error
            except BaseException:
                self.close()  # its answer would be taken for that to the next job
                raise
            if fitted is None:
                raise TrainingFailedError(name, found or "it gave no model")
            return fitted

    def close(self) -> None:
        """End the child, whatever it does."""
        self._end()
        self._child = None

    def _started(self) -> _Child:
        if self._child is not None and self._child.process.poll() is not None:
            self.close()
        if self._child is None:
            self._child = _Child(memory=self._memory_limit or 0)
            self._end = weakref.finalize(self, self._child.end)
        return self._child

    def _asked(self, child: _Child, job: Job) -> Answer:
        name = job.trainer.name
        try:
            child.connection.send(job)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            found = f"it cannot be passed to the process that trains: {error}"
            raise TrainingFailedError(name, found) from error
        if not child.connection.poll(self._time_limit.total_seconds()):
            limit = format_duration(self._time_limit)
            found = f"it was not done within [train] time_limit = {limit}, and was stopped"
            raise TrainingTooLongError(name, found)
        try:
            answer: Answer = child.connection.recv()
        except (pickle.UnpicklingError, AttributeError, ImportError) as error:
            found = f"its fitted model cannot be read: {error}"
            raise TrainingFailedError(name, found) from error
        return answer


class _Child:
    """A started child and the connection to it."""

    def __init__(self, *, memory: int) -> None:
        self.connection, theirs = Pipe()
        told = (theirs.fileno(), os.getpid(), memory)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, and two numbers
                [sys.executable, "-u", "-m", _CHILD, *map(str, told)],
                stdin=subprocess.DEVNULL,
                stdout=2,  # standard error: a command's output is for its answer
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for us, and we end it
                env=_environment(),
            )
        self.connection.send(sys.path)  # where a project's own trainer may lie

    def code(self) -> int:
        """Return how the process ended, once the connection to it has."""
        try:
            return int(self.process.wait(_GRACE))
        except subprocess.TimeoutExpired:
            self.process.kill()
            return int(self.process.wait(_GRACE))

    def end(self) -> None:
        """Close the connection and see to it that the process is gone."""
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(_GRACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainedTrainer:
    """A trainer whose fits happen in a workshop; satisfies `TunableTrainer`.

    Attributes:
        trainer: Who fits.
        workshop: Where.
    """

    trainer: Trainer
    workshop: Workshop

    @property
    def name(self) -> str:
        """How settings and records call the trainer."""
        return self.trainer.name

    @property
    def spans(self) -> Mapping[str, Span]:
        """What the trainer lets vary: nothing, if it does not say."""
        return self.trainer.spans if isinstance(self.trainer, TunableTrainer) else {}

    @property
    def setting(self) -> Setting:
        """The values that are in force."""
        return self.trainer.setting if isinstance(self.trainer, TunableTrainer) else {}

    def with_setting(self, setting: Setting) -> Self:
        """Return it with other values, in the same workshop."""
        if not isinstance(self.trainer, TunableTrainer):
            return self
        return replace(self, trainer=self.trainer.with_setting(setting))

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: NDArray[np.float64] | None = None,
    ) -> FittedModel:
        """Fit on the rows, elsewhere; see `Trainer.fit`.

        Raises:
            TrainingFailedError: If no usable model came out, also if the trainer took too
                long or too much, or crashed.
        """
        return self.workshop.run(
            Job(
                trainer=self.trainer,
                rows=rows,
                labels=labels,
                contract=contract,
                seed=seed,
                weights=weights,
            )
        )


def _environment() -> dict[str, str]:
    # Threads that wait for each other spin: on a busy machine a fit then takes 50 times as long.
    return {"OMP_NUM_THREADS": "1"} | dict(os.environ)


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed, as a system does that is out of memory"
    if code < 0:
        return f"its process crashed ({signal.Signals(-code).name})"
    return f"its process ended by itself (exit code {code})"
