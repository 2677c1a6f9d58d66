"""Parts of replay that are pure."""
