"""A user's own actors: writing them, trying their names on articles, comparing, updating, reviewing. Commands only print."""
