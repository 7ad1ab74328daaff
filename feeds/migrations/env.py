"""Run by alembic: hands it the connection that `upgrade` was given."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="feedmill_revision",
    transactional_ddl=True,  # SQLite's DDL is transactional once the driver leaves transactions alone
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
