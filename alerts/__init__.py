"""Decisions only: rules, detectors, stories, the engine and its life cycle. No network, disk, clock, Beam or Kafka."""
