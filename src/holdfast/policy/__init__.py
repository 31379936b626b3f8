"""Pure judgements: what to say, what to do, whether a challenger may pass."""
