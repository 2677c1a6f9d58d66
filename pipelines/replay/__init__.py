"""History through the same extraction and the same engine: what would have rung."""
