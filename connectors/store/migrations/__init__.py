"""The way from any earlier version of the tables to the present one, run by Alembic from ``schema_version.py``."""
