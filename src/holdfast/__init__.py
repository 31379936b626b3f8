"""Holdfast keeps a deployed tabular model true while its data drifts."""

__all__ = ["__version__"]

__version__ = "0.1.0"
