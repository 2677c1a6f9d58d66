"""Rules that cannot be put into force yet, because log or store is away when the service starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import FatalError, StoreUnavailableError
from tocsin import service
from tocsin.settings import FILE_NAME, Workplace, load_workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    (tmp_path / FILE_NAME).write_text("")
    return load_workplace(tmp_path)


def test_they_are_tried_again_until_they_are(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    away = [StoreUnavailableError("connection refused"), StoreUnavailableError("connection refused")]
    said: list[str] = []

    def put(_workplace: Workplace, _stopping: Callable[[], bool]) -> str:
        if away:
            raise away.pop()
        return "2 in force"

    monkeypatch.setattr(service, "put_rules_into_force", put)
    prepare = service.rules_when_there(place, said.append, lambda: False)
    assert [prepare(), prepare(), prepare()] == [False, False, True]
    assert said == ["log and store are there, and the jobs start; rules: 2 in force"]


def test_what_no_waiting_mends_ends_the_service(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(_workplace: Workplace, _stopping: Callable[[], bool]) -> str:
        raise FatalError("the store is damaged")

    monkeypatch.setattr(service, "put_rules_into_force", put)
    with pytest.raises(FatalError):
        service.rules_when_there(place, print, lambda: False)()


def test_without_the_job_that_tells_people_nothing_is_waited_for(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(_workplace: Workplace) -> str:
        raise StoreUnavailableError("connection refused")

    monkeypatch.setattr(service, "put_rules_into_force", put)
    with pytest.raises(StoreUnavailableError):
        service.run_supervised(("poll",), place, verbose=False, lock=False, say=print)
