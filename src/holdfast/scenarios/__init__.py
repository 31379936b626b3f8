"""Simulated streams whose drift has known dates."""
