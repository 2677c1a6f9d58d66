"""The log behind its port: an SQLite file (embedded) or Apache Kafka, opened by URL."""
