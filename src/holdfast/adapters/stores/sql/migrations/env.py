"""What Alembic executes to migrate: the caller's connection and transaction, nothing else."""

from __future__ import annotations

from alembic import context

from holdfast.adapters.stores.sql.schema import VERSION_TABLE, metadata

# Alembic lends this module its context while it migrates. Tools that import every module,
# such as doctest, find none and must get through.
if hasattr(context, "config"):
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        transactional_ddl=False,  # the caller's transaction holds everything
    )
    context.run_migrations()
