"""What every section of holdfast.toml is made of: its base, and how lengths of time are read."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from holdfast.domain.durations import format_duration, parse_duration

__all__ = ["Duration", "Section"]

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
"""A length of time, written as ``7d``."""


class Section(BaseModel):
    """A section: what it does not know is refused, and nothing changes it once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")
