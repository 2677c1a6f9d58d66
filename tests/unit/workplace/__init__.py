"""Tests of the files of a folder."""
