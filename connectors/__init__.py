"""All input and output with the world: feeds, log, archive, store, channels, telemetry and the clock."""
