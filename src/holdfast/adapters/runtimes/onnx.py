"""ONNX Runtime: how a released model is executed, from verified bytes alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from holdfast.adapters.runtimes.external_data import names_external_data
from holdfast.domain.canonical import sha256_hex
from holdfast.domain.errors import CorruptReleaseError, FieldIssue, InvalidRowsError
from holdfast.domain.matrix import encode_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

__all__ = ["RUN_FAILURES", "OnnxModel", "OnnxRuntime", "brief"]

_OUTPUT = "probabilities"
_SLACK = 1e-5  # float32 rounding may carry an honest probability this far past 0 or 1
_TWICE = np.array([0, 0])  # the first row, and again
_ERRORS_ONLY = 3  # ONNX Runtime's log level
RUN_FAILURES = (
    failures.EPFail,
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.NoModel,
    failures.NoSuchFile,
    failures.NotFound,
    failures.NotImplemented,
    failures.RuntimeException,
    RuntimeError,
    ValueError,
)
"""What ONNX Runtime raises when it loads or executes a model that it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxRuntime:
    """Loads models into ONNX Runtime on the CPU; satisfies `Runtime`.

    Attributes:
        threads: Threads that one call may use. One is right for a server, whose workers
            and requests already share the cores; bulk scoring may take more.
    """

    threads: int = 1

    def load(self, model: bytes, contract: Contract) -> OnnxModel:
        """Load a model from bytes, check it against the contract and score one row.

        Raises:
            CorruptReleaseError: If the bytes are no ONNX model, name files outside, take
                other inputs than the contract, or do not score a typical row.
        """
        release = sha256_hex(model)
        _refuse_external_data(release, model)
        try:
            session = ort.InferenceSession(
                model, sess_options=self._options(), providers=["CPUExecutionProvider"]
            )
        except RUN_FAILURES as error:
            raise CorruptReleaseError(release, f"it is no ONNX model ({brief(error)})") from error
        _check_inputs(release, session, contract)
        loaded = OnnxModel(session, contract)
        _warm_up(release, loaded, contract)
        return loaded

    def _options(self) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Threads that spin while they wait take the core from the server's own.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Without this, other bytes could pass as ONNX Runtime's own binary format, in
        # which nobody has looked for external data.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        return options


class OnnxModel:
    """A model in memory; `score` may be called from several threads at once."""

    def __init__(self, session: ort.InferenceSession, contract: Contract) -> None:
        self._session = session
        self._takes_numeric = bool(contract.numeric)
        self._takes_categorical = bool(contract.categorical)

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """Return P(y = 1) for each row, shape ``(n,)``, each in [0, 1].

        Raises:
            InvalidRowsError: If the model has no finite answer to a row, which values of
                extreme size can bring about in a model that counts in float32.
        """
        if not len(rows):
            return np.empty(0)
        # One row by itself would be multiplied by another routine than several are: in
        # models that count in float32 every third score then differs in its last digit.
        # A row has the same score whoever asks at the same moment, so it never is alone.
        given = rows.take(_TWICE) if len(rows) == 1 else rows
        feed: dict[str, object] = {}
        if self._takes_numeric:
            feed["numeric"] = given.numeric
        if self._takes_categorical:
            feed["categorical"] = given.categorical
        (probabilities,) = self._session.run([_OUTPUT], feed)
        scores: NDArray[np.float64] = probabilities[: len(rows), 1].astype(np.float64)
        low, high = scores.min(), scores.max()
        if low >= 0.0 and high <= 1.0:  # as nearly always; where one is NaN, so are both
            return scores
        usable = (scores >= -_SLACK) & (scores <= 1.0 + _SLACK)  # NaN is neither
        if not usable.all():
            raise InvalidRowsError(_no_answer(np.flatnonzero(~usable)))
        return np.clip(scores, 0.0, 1.0, out=scores)


def _no_answer(rows: NDArray[np.intp]) -> list[FieldIssue]:
    problem = "the model has no probability for these values; look for one of extreme size"
    return [FieldIssue(row=int(row), field="features", problem=problem) for row in rows]


def _refuse_external_data(release: str, model: bytes) -> None:
    try:
        external = names_external_data(model)
    except ValueError as error:
        raise CorruptReleaseError(release, f"it is no ONNX model ({error})") from error
    if external:
        found = "its ONNX model names data in other files, which no digest covers"
        raise CorruptReleaseError(release, found)


def _check_inputs(release: str, session: ort.InferenceSession, contract: Contract) -> None:
    expected = {
        name: (kind, width)
        for name, kind, width in (
            ("numeric", "tensor(float)", len(contract.numeric)),
            ("categorical", "tensor(string)", len(contract.categorical)),
        )
        if width
    }
    found = {i.name: (i.type, i.shape[-1] if i.shape else None) for i in session.get_inputs()}
    if found != expected:
        raise CorruptReleaseError(
            release, f"its model takes {_words(found)}, but the contract {_words(expected)}"
        )
    if _OUTPUT not in {output.name for output in session.get_outputs()}:
        raise CorruptReleaseError(release, f"its model has no output {_OUTPUT!r}")


def _words(inputs: Mapping[str, tuple[str, object]]) -> str:
    parts = [f"{name} {kind} of width {width}" for name, (kind, width) in sorted(inputs.items())]
    return " and ".join(parts) or "no inputs"


def _warm_up(release: str, model: OnnxModel, contract: Contract) -> None:
    typical = encode_rows([[feature.typical for feature in contract.features]], contract)
    try:
        model.score(typical)
    except (*RUN_FAILURES, IndexError, InvalidRowsError) as error:
        found = f"its model does not score a typical row ({brief(error)})"
        raise CorruptReleaseError(release, found) from error


def brief(error: Exception) -> str:
    """Return the first line of what went wrong, cut to 200 characters."""
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:200]
