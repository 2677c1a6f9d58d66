"""A broker that somebody else runs, named by ``$KAFKA_BOOTSTRAP``."""

from __future__ import annotations

from tests.services.not_run import not_run


class ExternalBroker:
    """Used as it is; tests that would have to kill it are not run."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def kill(self) -> None:
        """Not ours to kill."""
        not_run(
            "killing the Kafka broker",
            "KAFKA_BOOTSTRAP names a broker that these tests did not start",
            required_in_ci=False,
        )

    def start(self) -> None:
        """Never stopped here."""
