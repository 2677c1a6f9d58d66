"""Fixtures of real servers, one of each per test session."""

from tests.services.kafka.fixtures import kafka_broker, kafka_url

__all__ = ["kafka_broker", "kafka_url"]
