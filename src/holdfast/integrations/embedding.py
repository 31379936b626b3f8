"""What both integrations need of a project: its ports, its limits, and who may ask there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.domain.keys import KeyState
from holdfast.serving.keys import Access, Asking
from holdfast.serving.limits import ServingLimits
from holdfast.settings import load_settings
from holdfast.wiring.logs import log_to_stderr
from holdfast.wiring.online import open_online

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from holdfast.loop.online import OnlinePorts
    from holdfast.settings import Settings

__all__ = ["Embedding", "access_inside", "embedding_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A project that is yet to be opened.

    Attributes:
        opening: Opens the ports; closing its result closes them.
        limits: How much is taken on.
        auth: When API keys are asked for.
    """

    opening: Callable[[], AbstractContextManager[OnlinePorts]]
    limits: ServingLimits
    auth: Asking


def embedding_of(project: str | Path, auth: Asking | None) -> Embedding:
    """Read a project's settings; nothing of it is opened yet.

    Args:
        project: The folder that holds ``holdfast.toml``.
        auth: When API keys are asked for; as `[serving] auth` says if None.

    Raises:
        SettingsError: If the settings cannot be used.
    """
    settings = load_settings(Path(project))
    return Embedding(
        opening=partial(_open, settings),
        limits=ServingLimits.of(settings.serving),
        auth=auth or settings.serving.auth,
    )


def access_inside(auth: Asking, ports: OnlinePorts) -> Access:
    """Return whom a project inside another application is for.

    With ``off`` the application judges alone. Else keys do, and where there is none to
    ask for, only this machine may ask: what an application listens on is not known here.

    Raises:
        StoreUnavailableError: If the keys cannot be read.
    """
    if auth == "off":
        return Access(auth="off", enclosed=True)
    now, known = ports.clock.now(), ports.keys.api_keys()
    usable = any(key.state(now) is KeyState.USABLE for key in known)
    return Access(auth=auth, exposed=usable)


def _open(settings: Settings) -> AbstractContextManager[OnlinePorts]:
    log_to_stderr()  # before open_online, which would keep more to itself
    return open_online(settings)
