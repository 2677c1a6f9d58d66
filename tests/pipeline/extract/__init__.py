"""The extract job on real logs, in one process and in several."""
