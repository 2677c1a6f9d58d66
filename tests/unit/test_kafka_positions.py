"""Positions of a group that rests, as a broker answers that has just begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import kafka.errors
import pytest

from connectors.log.kafka_client import KafkaCluster, place
from connectors.log.kafka_shapes import Admin, Place
from connectors.log.kafka_topics import KafkaTopics
from schemas.errors import FatalError, LogUnavailableError

Answer = type[Exception]

HERE = place("p.t", 0)


class Broker:
    """Answers each wish to set positions with the next of ``answers``, and then with the last."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked = 0

    def alter_group_offsets(self, group_id: str, offsets: object) -> Mapping[Place, Answer]:
        self.asked += 1
        return {HERE: self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]}


def topics(monkeypatch: pytest.MonkeyPatch, broker: Broker, timeout_s: float = 120.0) -> KafkaTopics:
    monkeypatch.setattr(KafkaCluster, "admin", lambda _: cast(Admin, broker))
    return KafkaTopics(KafkaCluster(("127.0.0.1:9",), timeout_s, 10.0), "p")


@pytest.mark.parametrize("passing", [kafka.errors.CoordinatorLoadInProgressError, kafka.errors.NotCoordinatorError])
def test_a_broker_that_still_reads_in_its_groups_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, passing: Answer
) -> None:
    broker = Broker(passing, passing, kafka.errors.NoError)
    topics(monkeypatch, broker).commit("g", "t", {0: 3}, "log")
    assert broker.asked == 3


def test_no_longer_than_calls_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(kafka.errors.CoordinatorLoadInProgressError)
    with pytest.raises(LogUnavailableError, match=r"setting positions of 'g'.*CoordinatorLoadInProgress"):
        topics(monkeypatch, broker, timeout_s=0.0).commit("g", "t", {0: 3}, "log")
    assert broker.asked == 1


def test_a_group_with_members_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(kafka.errors.UnknownMemberIdError)
    with pytest.raises(FatalError, match="is reading 't' now"):
        topics(monkeypatch, broker).commit("g", "t", {0: 3}, "log")
    assert broker.asked == 1
