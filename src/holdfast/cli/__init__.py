"""The command line: words in, words out."""

from holdfast.cli.app import main

__all__ = ["main"]
