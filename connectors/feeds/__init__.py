"""Feeds: fetched politely, parsed behind a guard, turned into articles."""
