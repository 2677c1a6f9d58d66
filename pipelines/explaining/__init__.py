"""Why it rang and why it did not: recomputed from the log with the engine itself, never guessed."""
