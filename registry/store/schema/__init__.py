"""The tables: the single source of the schema, read by Alembic and by every statement."""
