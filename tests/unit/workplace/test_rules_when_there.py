"""Rules that cannot be put into force yet, because log or store is away when the service starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FatalError, StoreUnavailableError
from tocsin import service
from tocsin.settings import FILE_NAME, Workplace, load_workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    (tmp_path / FILE_NAME).write_text("")
    return load_workplace(tmp_path)


def test_they_are_tried_again_until_they_are() -> None:
    away = [StoreUnavailableError("connection refused"), StoreUnavailableError("connection refused")]
    said: list[str] = []

    def put() -> str:
        if away:
            raise away.pop()
        return "2 in force"

    prepare = service.rules_when_there(put, said.append)
    assert [prepare(), prepare(), prepare()] == [False, False, True]
    assert said == ["log and store are there, and the jobs start; rules: 2 in force"]


def test_what_no_waiting_mends_ends_the_service() -> None:
    def put() -> str:
        raise FatalError("the store is damaged")

    with pytest.raises(FatalError):
        service.rules_when_there(put, print)()


def _away(_workplace: Workplace) -> str:
    raise StoreUnavailableError("connection refused")


def test_without_the_job_that_tells_people_nothing_is_waited_for(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "put_rules_into_force", _away)
    with pytest.raises(StoreUnavailableError):
        service.begin(("extract",), place)


def test_with_it_the_others_wait(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "put_rules_into_force", _away)
    beginning = service.begin(("extract", "notify"), place)
    assert not beginning["in_force"]
    assert any("until then notify alone works" in line for line in beginning["lines"])
