"""Fixtures of real servers, one of each per test session."""
