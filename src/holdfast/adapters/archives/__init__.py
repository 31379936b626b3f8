"""Where days of the prediction log are kept as files."""
