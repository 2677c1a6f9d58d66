"""Measurements: how good and how fast, each against something said beforehand."""
