"""How long the log keeps records: the defaults are those of the job, and nobody may go below what others need."""

from __future__ import annotations

import pytest

from pipelines.trimming import Retention
from schemas.errors import UsageError
from tocsin.settings import Settings, parse_settings


def test_the_defaults_are_those_of_the_job() -> None:
    assert Retention(**Settings().retention.model_dump()) == Retention()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('articles = "6d"', 'tocsin.toml:2: retention.articles: must be at least "1w"'),
        ('signals = "34d"', 'tocsin.toml:2: retention.signals: must be at least "5w"'),
        ('dead_letters = "1h"', 'tocsin.toml:2: retention.dead_letters: must be at least "1d"'),
        ('trim = "perhaps"', "tocsin.toml:2: retention.trim:"),
    ],
)
def test_what_is_too_short_is_refused_with_its_line(line: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_settings(f"[retention]\n{line}\n", "tocsin.toml", {})
    assert told in refused.value.message
