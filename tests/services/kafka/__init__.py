"""A real Apache Kafka for tests; ``python -m tests.services.kafka`` runs one until it is interrupted."""

from tests.services.kafka.broker import KafkaBroker, NotAvailableError

__all__ = ["KafkaBroker", "NotAvailableError"]
