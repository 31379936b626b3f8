"""A story played through the real server, log, loop and guard: simulated, or on own rows."""

from holdfast.cli.demo.own_rows import play_own_rows
from holdfast.cli.demo.play import play_year

__all__ = ["play_own_rows", "play_year"]
