"""Alembic's entry: runs the steps on the connection it is given, within that connection's transaction."""

from alembic import context

from connectors.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
