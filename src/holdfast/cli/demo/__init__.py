"""A simulated telecom's year, played through the real server, log, loop and guard."""

from holdfast.cli.demo.play import play_year

__all__ = ["play_year"]
