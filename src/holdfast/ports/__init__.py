"""What the loop asks of the outside: protocols whose docstrings are contracts.

Every adapter of a port passes the port's suite in `holdfast.testing`.
"""
