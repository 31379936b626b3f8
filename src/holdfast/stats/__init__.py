"""Arrays in, numbers out: the statistics everything else is made of."""
