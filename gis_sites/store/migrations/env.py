"""Alembic's environment: our connection, our schema, nothing else."""

from alembic import context

from gis_sites.store.migrations.ours import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
context.run_migrations()
