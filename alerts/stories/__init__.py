"""Which articles tell one story: likeness of texts, and the stories of a key."""
