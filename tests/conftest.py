"""Loads what every test may use."""

import gc

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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
    """Look for garbage less often: the modules of every test, which hold none, are gone through each time.

    And load what Hypothesis leaves for the first regular expression: pytest writes its modules anew as it loads them, and Python
    3.11 fails at that when a thread that a test has started compiles something at the same moment.
    """
    gc.set_threshold(50_000, 20, 50)
    st.from_regex("a").validate()
