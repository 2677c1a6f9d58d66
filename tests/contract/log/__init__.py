"""One suite for every log: what the port promises, tried on an SQLite file and on a real Apache Kafka."""
