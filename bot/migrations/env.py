"""Runs the migrations on the connection that `bot.mailbox.database` opened, in its transaction."""

from alembic import context

from bot.mailbox.schema import metadata

connection = context.config.attributes["connection"]
# SQLite can change tables inside a transaction as long as the driver does not commit by itself; ours does not.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
