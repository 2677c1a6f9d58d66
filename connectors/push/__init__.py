"""The endpoint to which others push articles."""
