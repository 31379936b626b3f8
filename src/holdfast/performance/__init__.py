"""How well the model does, from labels where they are known."""
