"""From settings to a working set of ports: the only place that chooses adapters."""
