"""What holdfast.toml may say of when the loop ticks, with every default."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from holdfast.settings.words import Duration, Section

__all__ = ["ControlSettings"]

_FIELDS = 5


class ControlSettings(Section):
    """`[control]`: when `control` and `up` tick."""

    every: Duration | None = None  # None: as `cron` says, or else a bucket
    cron: str | None = None  # whether its fields are right is seen where the loop begins
    timezone: Annotated[str, Field(min_length=1)] = "UTC"  # of `cron`
    jitter: Duration = timedelta(seconds=10)

    @model_validator(mode="after")
    def _is_one_schedule(self) -> Self:
        if self.every is not None and self.cron is not None:
            raise ValueError("every and cron exclude each other; keep one of them")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError("every must be at least 1s")
        if self.cron is not None and len(self.cron.split()) != _FIELDS:
            raise ValueError("cron needs 5 fields, such as '15 * * * *'")
        if self.jitter < timedelta(0):
            raise ValueError("jitter must not be negative")
        return self
