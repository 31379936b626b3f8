"""The history of the schema, as Alembic runs it; shipped in the wheel."""
