"""The poll job over real connections, a real parse worker, the SQLite log and the SQLite store."""
