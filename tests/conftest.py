"""Loads what every test may use."""

import gc

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.services.not_run",
    "tests.services.left_behind",
    "tests.services.fixtures",
    "tests.services.postgres_fixtures",
]

# A busy machine is no defect: neither an example nor making one has a time to be done in. The rest stays as Hypothesis has it,
# which under CI tries the same examples each time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """Look for garbage less often: the modules of every test, which hold none, are gone through each time."""
    gc.set_threshold(50_000, 20, 50)
