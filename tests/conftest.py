"""Loads what every test may use."""

pytest_plugins = ["tests.services.not_run", "tests.services.fixtures", "tests.services.postgres_fixtures"]
