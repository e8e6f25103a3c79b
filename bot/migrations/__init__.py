"""The history of the tables, one file a change; alembic runs what is missing when the server starts."""
