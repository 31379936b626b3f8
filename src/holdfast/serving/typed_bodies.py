"""How a predict request that fits is read at once: a type made from the contract decodes it.

What does not fit, or fits only once it is looked at more kindly (a code sent as a number, text
that is blank or stands for a missing value), is left to `payloads.read_predict`, which takes ten
times as long and can say what is wrong where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from holdfast.domain.contract import FeatureKind
from holdfast.domain.fields import LONGEST_ID
from holdfast.domain.inputs import Inputs
from holdfast.domain.missing import stands_for_missing
from holdfast.domain.predictions import PredictionRequest
from holdfast.domain.validation import FLOAT32_LIMIT, LONGEST_CATEGORY
from holdfast.serving.payloads import PredictPayload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.contract import Contract, Feature
    from holdfast.ports.clock import Clock
    from holdfast.serving.limits import ServingLimits

__all__ = ["TypedBodies"]

_MOST_CONTRACTS = 8  # in memory; a server has a champion's, and while it is tried a challenger's
_TYPES: dict[FeatureKind, Any] = {
    FeatureKind.NUMERIC: Annotated[float, Meta(ge=-FLOAT32_LIMIT, le=FLOAT32_LIMIT)],
    FeatureKind.BOOLEAN: bool,
    FeatureKind.CATEGORICAL: Annotated[str, Meta(min_length=1, max_length=LONGEST_CATEGORY)],
}
_NAME = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)] | None
_NO_MATCH = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How the bodies of one contract are read."""

    decoder: msgspec.json.Decoder[Any]
    inputs: Inputs
    words: tuple[int, ...]  # where categories stand among the inputs


class TypedBodies:
    """Reads bodies by types that it makes from contracts; safe to share between threads.

    >>> from holdfast.serving.limits import ServingLimits
    >>> from holdfast.testing.fakes import FakeClock
    >>> from holdfast.testing.online import TINY_CONTRACT
    >>> body = b'{"features": {"tenure": 3, "charges": null, "senior": true, "plan": "new"}}'
    >>> TypedBodies().read(body, TINY_CONTRACT, ServingLimits(), FakeClock()).requests[0].values
    (3.0, None, True, 'new')
    """

    def __init__(self) -> None:
        # By the object itself, which is kept: to compare contracts takes as long as to decode.
        self._forms: dict[int, tuple[Contract, _Form | None]] = {}

    def read(
        self,
        body: bytes,
        contract: Contract,
        limits: ServingLimits,
        clock: Clock,
        *,
        explain: bool = False,
    ) -> PredictPayload | None:
        """Return what a body asks for, exactly as `read_predict` would; None if that has to.

        Args:
            body: As it was sent.
            contract: What the rows must fit.
            limits: How many rows are taken.
            clock: Tells the moment of rows that have a date.
            explain: Whether the query string asked for explanations.
        """
        form = self._form(contract)
        if form is None:
            return None
        try:
            found = form.decoder.decode(body)
        except _NO_MATCH:
            return None
        rows = [found] if found.rows is UNSET else found.rows
        explain = explain or found.explain
        if not _is_plain(found, rows, limits.max_explained_rows if explain else limits.max_rows):
            return None
        requests = _requests(rows, form) if form.inputs.is_plain else _derived(rows, form, clock)
        if requests is None:
            return None
        return PredictPayload(
            requests=requests, explain=explain, single=found.rows is UNSET, n_unknown=0
        )

    def _form(self, contract: Contract) -> _Form | None:
        known = self._forms.get(id(contract))
        if known is None:
            if len(self._forms) >= _MOST_CONTRACTS:
                self._forms.clear()
            known = self._forms[id(contract)] = (contract, _form_of(contract))
        return known[1]


def _requests(rows: Sequence[Any], form: _Form) -> tuple[PredictionRequest, ...] | None:
    """Return rows that are given to the model as they were sent."""
    requests = tuple(
        PredictionRequest(
            values=msgspec.structs.astuple(row.features), request_id=row.id, entity=row.entity
        )
        for row in rows
    )
    for request in requests:
        if _lacks_a_word(request.values, form):
            return None
    return requests


def _derived(
    rows: Sequence[Any], form: _Form, clock: Clock
) -> tuple[PredictionRequest, ...] | None:
    """Return rows of which the model is given something else than was sent."""
    at, requests, inputs = clock.now(), [], form.inputs
    for row in rows:
        sent = msgspec.structs.astuple(row.features)
        cleaned = None if _lacks_a_word(sent, form) else inputs.cleaned(sent)
        if cleaned is None:
            return None
        requests.append(
            PredictionRequest(
                values=inputs.given(cleaned, at),
                request_id=row.id,
                entity=row.entity,
                sent=cleaned if inputs.dates else None,
            )
        )
    return tuple(requests)


def _lacks_a_word(sent: Sequence[Any], form: _Form) -> bool:
    """Return whether a word stands for a missing value, blanks around it or not."""
    return any(
        stands_for_missing(word) for place in form.words if (word := sent[place]) is not None
    )


def _is_plain(found: Any, rows: Sequence[Any], limit: int) -> bool:
    """Return whether a body has one of its two forms, and names that need no second look."""
    if found.rows is UNSET:
        if found.features is UNSET:
            return False
    elif not (found.features is UNSET and found.id is None and found.entity is None):
        return False
    return 0 < len(rows) <= limit and all(
        (row.id is None or row.id.isprintable())
        and (row.entity is None or row.entity.isprintable())
        for row in rows
    )


def _form_of(contract: Contract) -> _Form | None:
    """Return how the contract's bodies are read; None if they cannot have a type."""
    inputs = Inputs(contract)
    types = {feature.name: _type_of(feature) for feature in contract.features}
    types |= {name: str | None if may_miss else str for name, may_miss in inputs.dates.items()}
    fields = [(f"f{i}", types[name]) for i, name in enumerate(inputs.names)]
    names = {f"f{i}": name for i, name in enumerate(inputs.names)}
    try:
        features = msgspec.defstruct(
            "Features", fields, rename=names, forbid_unknown_fields=True, gc=False
        )
    except ValueError:  # a name with a quote in it, say
        return None
    named = [("id", _NAME, None), ("entity", _NAME, None)]
    row = msgspec.defstruct(
        "Row", [("features", features), *named], forbid_unknown_fields=True, gc=False
    )
    body = msgspec.defstruct(
        "Body",
        [
            ("features", features | UnsetType, UNSET),
            ("rows", list[row] | UnsetType, UNSET),  # type: ignore[valid-type]  # made at run time
            ("explain", bool, False),
            *named,
        ],
        forbid_unknown_fields=True,
    )
    kinds = {feature.name: feature.kind for feature in contract.features}
    words = tuple(
        place
        for place, name in enumerate(inputs.names)
        if kinds.get(name) is FeatureKind.CATEGORICAL
    )
    return _Form(decoder=msgspec.json.Decoder(body), inputs=inputs, words=words)


def _type_of(feature: Feature) -> Any:
    kind = _TYPES[feature.kind]
    return kind | None if feature.nullable else kind
