"""The records, as they lie on the topics."""
