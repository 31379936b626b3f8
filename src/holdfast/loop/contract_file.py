"""What the owner of a model trained elsewhere says of it, as a contract without its ranges."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from holdfast.domain.canonical import canonical_json
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ContractFile", "read_contract_file"]

_NEEDED = (
    "It is a release's contract.json; or names target, positive, threshold, and under features "
    "each feature's kind (numeric, categorical or boolean) in the order of the model's columns."
)


class _Short(msgspec.Struct, forbid_unknown_fields=True):
    """The short form: the rest is looked up in the reference."""

    target: str
    positive: str
    threshold: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    features: Annotated[dict[str, FeatureKind], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFile:
    """A contract as it was handed in.

    Attributes:
        target: The column that the model predicts.
        positive: Its word for the positive outcome.
        negative: Its other word; None if the reference has to tell.
        threshold: Score at and above which the decision is positive.
        features: In the model's column order; described only if `complete`.
        data_digest: Of the rows it was trained on, if the file says.
        complete: Whether ranges, categories and missing values are described.
    """

    target: str
    positive: str
    negative: str | None
    threshold: float
    features: tuple[Feature, ...]
    data_digest: str | None
    complete: bool


def read_contract_file(content: bytes, name: str) -> ContractFile:
    """Read a contract in either of its forms, as JSON or TOML.

    Args:
        content: The file's bytes.
        name: The file's name, for errors.

    Raises:
        DataFileError: If it is neither JSON nor TOML, or says too little or something unknown.
    """
    document = _document(content, name)
    try:
        if isinstance(document.get("target"), str):
            return _short(msgspec.convert(document, _Short))
        return _complete(msgspec.json.decode(canonical_json(document), type=Contract))
    except (msgspec.ValidationError, ValueError) as error:
        raise DataFileError(name, f"it is no contract ({error})", remedy=_NEEDED) from error


def _document(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        if content.lstrip().startswith(b"{"):
            return msgspec.json.decode(content, type=dict[str, Any])
        return tomllib.loads(content.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = f"it is neither JSON nor TOML ({error})"
        raise DataFileError(name, found, remedy=_NEEDED) from error


def _short(said: _Short) -> ContractFile:
    if said.target in said.features:
        raise ValueError(f"the target {said.target!r} stands among the features")
    return ContractFile(
        target=said.target,
        positive=said.positive,
        negative=None,
        threshold=said.threshold,
        features=tuple(
            Feature(name=name, kind=kind, nullable=False) for name, kind in said.features.items()
        ),
        data_digest=None,
        complete=False,
    )


def _complete(said: Contract) -> ContractFile:
    target: Target = said.target
    if not said.features:
        raise ValueError("it names no feature")
    if target.name in said.names:
        raise ValueError(f"the target {target.name!r} stands among the features")
    return ContractFile(
        target=target.name,
        positive=target.positive,
        negative=target.negative,
        threshold=said.threshold,
        features=said.features,
        data_digest=said.data_digest,
        complete=True,
    )
