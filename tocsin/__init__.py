"""The front door: command line, settings and the supervisor of the jobs."""
