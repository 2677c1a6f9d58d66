"""Actors: the catalogue of who is who, and finding them in text."""
