"""How one feature of two windows is compared: one protocol, one registry."""
