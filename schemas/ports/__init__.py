"""Ports that more than one layer speaks: the log and the store. Each carries its whole contract."""
