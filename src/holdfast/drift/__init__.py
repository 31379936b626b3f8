"""Whether the rows of a window still look like the reference."""
