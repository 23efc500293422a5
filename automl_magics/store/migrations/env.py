"""Alembic's entry: run the migrations on the connection that `Database.migrate` gives."""

from alembic import context

from automl_magics.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
