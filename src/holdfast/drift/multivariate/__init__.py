"""Whether whole rows of a window still look like the reference: what no column shows alone."""
