"""The rule language: YAML text in, compiled rules out, and what they hit in a signal. Pure: no files, no clock."""
