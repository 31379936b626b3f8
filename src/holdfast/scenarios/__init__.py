"""Simulated streams whose drift has known dates, for the demo, tests and benchmarks.

Nothing that detects, decides or stores may import from here: the truth would leak.
"""
