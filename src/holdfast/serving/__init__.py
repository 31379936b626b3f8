"""The HTTP face: it translates, the loop's online steps do the work."""
