"""For plug-in authors: contract suites for the ports, and fakes."""
