"""What pages show, read from log, store and engine: pure read models, no HTML, no HTTP."""
