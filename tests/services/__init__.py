"""Real servers for tests: started on loopback when they can be had, named loudly when they cannot."""
