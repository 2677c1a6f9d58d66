"""The rule language: loading, matching, the index, the compiled form, words, schema and commands."""
