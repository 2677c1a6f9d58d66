"""Topics: phrases with stems, exceptions, and a list that rules may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.extraction.actors.folding import fold
from pipelines.extraction.phrases import Phrase, PhraseFinder, parted_text
from pipelines.extraction.topics import topic_ids, topic_phrases, topics
from schemas.errors import UsageError

FINDER = PhraseFinder(topic_phrases(topics()))


def found(text: str) -> set[str]:
    return {topics()[hit.family].id for hit in FINDER.find(text)}


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Baku blames a cyber-attack on its ministries", "cyberattack"),
        ("Hackers stole the files", "cyberattack"),
        ("The minister paid a visit to Ankara", "diplomacy_visit"),
        ("Gas pipelines froze", "energy"),
        ("A convoy with HUMANITARIAN AID crossed", "humanitarian_aid"),
        ("Villages of Nagorno–Karabakh", "karabakh"),
        ("Moscow’s “soft power” wanes", "media_softpower"),
        ("Full-scale invasion enters its fourth year", "military_action"),
        ("London promised military aid", "military_aid"),
        ("A cease-fire was agreed", "peace_talks"),
        ("The “peacekeepers” went home", "peacekeepers"),
        ("The passenger plane fell near Aktau", "plane_crash"),
        ("Respect for territorial integrity", "territorial_integrity"),
        ("Exports of hazelnuts doubled", "trade_economy"),
        ("They were extradited as spies", "trial_espionage"),
        ("Joint exercises begin in the Baltic", "defence_cooperation"),
        ("Polling stations opened", "elections"),
        ("Protesters filled the square", "protest"),
        ("New sanctions follow", "sanctions"),
        ("A suicide bomber struck", "terrorism"),
        ("An earthquake shook the province", "disaster"),
        ("The junta seized power", "coup"),
        ("Uranium enrichment goes on", "nuclear"),
    ],
)
def test_a_topic_is_found(text: str, topic: str) -> None:
    assert topic in found(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The trade union met", "trade_economy"),
        ("Cold War films", "military_action"),
        ("Sputnik V vaccine trials", "media_softpower"),
        ("It met with criticism", "diplomacy_visit"),
        ("Protestants gathered for a service", "protest"),
        ("A couple met", "coup"),
        ("He energetically denied", "energy"),
        ("tear gas", "energy"),
    ],
)
def test_a_look_alike_is_not(text: str, topic: str) -> None:
    assert topic not in found(text)


def test_places_are_those_of_the_text() -> None:
    text = "Он сказал: “Trade – and more trade”"
    assert [text[hit.start : hit.end] for hit in FINDER.find(text)] == ["Trade", "trade"]


def test_the_longest_phrase_of_a_family_counts_and_families_do_not_disturb_each_other() -> None:
    finder = PhraseFinder(
        [Phrase("war*", 0, 1), Phrase("cold war", 0, 0), Phrase("cold", 1, 1), Phrase("war games", 0, 2)]
    )
    assert [(hit.family, hit.kind) for hit in finder.find("cold war")] == [(1, 1)]
    assert [(hit.start, hit.kind) for hit in finder.find("warlike war games")] == [(0, 1), (8, 2)]


def test_without_phrases_nothing_is_found() -> None:
    assert PhraseFinder([]).find("anything") == []


@pytest.mark.parametrize("text", ["a\ud800b", "İstanbul war", "ß—war", "\U0001f600 war"])
def test_folding_keeps_the_length(text: str) -> None:
    assert len(parted_text(fold(text))) == len(text)
    FINDER.find(text)


def test_ids_are_unique_and_complete() -> None:
    assert len(topic_ids()) == len(topics()) >= 34
    assert {"cyberattack", "karabakh", "peace_talks", "defence_cooperation", "epidemic", "border"} <= topic_ids()


def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text("topics: [{id: Bad Id, name: x, phrases: [y]}]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"topics\.yaml.*(\n.*)*topics\.0\.id"):
        topics(file)
