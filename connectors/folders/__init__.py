"""Watched folders: files of articles that others put there."""
