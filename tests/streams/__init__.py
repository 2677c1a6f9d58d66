"""Invented streams of ``signals``: hour by hour coverage, articles on watched keys, rules; for tests of deciding."""
