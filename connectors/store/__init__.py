"""The store on SQLite or PostgreSQL: what rang, what is to be delivered, where feeds stand. Opened by ``open.open_store``."""
