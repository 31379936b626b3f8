"""Who counts rows on a grid: threads on this machine, or a Spark cluster."""
