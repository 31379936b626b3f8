"""One outside technology a file, each behind a port."""
