"""What the words mean: frozen objects, events, identifiers and the one error tree."""
