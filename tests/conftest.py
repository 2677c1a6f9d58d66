"""Loads what every test may use."""

import gc

pytest_plugins = ["tests.services.not_run", "tests.services.fixtures", "tests.services.postgres_fixtures"]


def pytest_collection_finish() -> None:
    """Look for garbage less often: the modules of every test, which hold none, are gone through each time."""
    gc.set_threshold(50_000, 20, 50)
