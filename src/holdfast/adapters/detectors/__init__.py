"""Detectors that others have made."""
