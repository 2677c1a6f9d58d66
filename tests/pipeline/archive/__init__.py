"""The archive job: the log's cold tier, what is trimmed behind it, and what is read of it again."""
