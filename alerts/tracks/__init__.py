"""A rule's detectors at work: each track holds all keys of one detector."""
