"""`[alerts]`: whom to tell of what is wrong, and where that may lead."""

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from holdfast.domain.evidence import Severity
from holdfast.settings.words import Duration, Section

__all__ = ["AlertSettings"]


class AlertSettings(Section):
    """`[alerts]`: whom to tell, as Apprise addresses, of what, and where that may lead."""

    urls: Annotated[tuple[str, ...], Field(repr=False)] = ()
    severity: Severity = Severity.WARNING  # the least that is delivered to them
    dashboard: str | None = None  # an address that messages name
    allow_private: bool = False  # private, loopback and link-local addresses
    allow_redirects: bool = False
    timeout: Duration = timedelta(seconds=30)  # of one delivery

    @field_validator("urls")
    @classmethod
    def _are_addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for number, url in enumerate(urls, start=1):
            if not re.match(r"[A-Za-z][A-Za-z0-9]*://", url):
                raise ValueError(
                    f"address {number} does not begin like one of Apprise, such as slack:// or "
                    "mailtos://"
                )
        return urls

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.timeout <= timedelta(0):
            raise ValueError("timeout must be longer than 0s")
        return self
