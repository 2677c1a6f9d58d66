"""Alerts in words: from an event of the ledger and its evidence to what a person reads. Pure."""
