"""What stands around an article goes, what stands in it stays; invented pages."""

from __future__ import annotations

import time

import pytest

from pipelines.extraction.analysed_text import _CONTROLS, _LINE_ENDS, _is_odd
from pipelines.extraction.extractor import extractor_for
from pipelines.extraction.furniture import is_furniture, without_furniture
from tests.unit.extraction.articles import article

FURNITURE = [
    "  • $ 81.20 -0.44",
    "€/$ 1.0832 +0.21%",
    "USD 76.97   EUR 88.51",
    "Read also: Armenia and Iran sign an agreement",
    "See more: Russia's budget",
    "READ MORE: Iran's answer to Turkey.",
    "Related stories",
    "Latest news from Turkey",
    "Reading now",
    "► Most read: Kyiv under fire",
    "Subscribe to our Russia newsletter!",
    "Follow us on Telegram: news of Ukraine",
    "By Israel Smith and Chad Brown, Ankara",
    "By Anna Novak",
    "Author: Georgia Miller",
    "Editor — Anna Novak",
    "Anna Novak, specially for The Moscow Gazette",
    "Reporting by Anna Novak in Moscow; Editing by Paul Martin in London",
    "Photo: Kremlin press service",
    "Photo by Anna Novak / Baku Press",
    "© 2025 Baku Press",
    "Copyright (c) 2025 The Moscow Gazette",
    "All rights reserved. Baku Press",
    "Original article: https://gazette.example/russia/1",
    "https://gazette.example/russia/1",
    "Source: Kremlin",
    "* An organisation banned in Russia",
    "**Recognised as a foreign agent in Russia",
    "Читайте также: Россия и Украина",
    "Главные новости Украины и России",
    "🔴 [Подписаться на новости Москвы](https://channel.example/moscow)",
]
ARTICLE = [
    "By the end of the year Russia will leave the treaty.",
    "By Tuesday, Ukraine had lost two towns",
    "Read the treaty again, Armenia told Turkey.",
    "Other news agencies reported that Russia had attacked Ukraine.",
    "More from both sides is expected: Iran and Iraq will meet again.",
    "Copyright law divides France and Germany.",
    "Photographs show Russian troops in Belarus.",
    "Images of the strike on Iran spread quickly: Israel denies it.",
    "Sources in Baku say that Russia will answer.",
    "Reporting by Western media angers Russia.",
    "Share prices fell in Turkey after talks with Russia.",
    "Top news agencies left Russia.",
    "Oil rose by $ 2.30, or 3 %, after Iran's answer",
    "Azerbaijan at the beginning of the war",
    "“Путин” is how Russians write Putin, said Ukraine",
    "* Iran will be heard on Monday",
    "Author Anna Novak left Russia for France.",
]


@pytest.mark.parametrize("line", FURNITURE)
def test_lines_around_an_article_are_known(line: str) -> None:
    assert is_furniture(line, is_latin=True)
    text = f"Envoys met in Geneva on Monday.\n\n{line}\n\nThey will meet again on Friday."
    assert without_furniture(text) == "Envoys met in Geneva on Monday.\n\nThey will meet again on Friday."


@pytest.mark.parametrize("line", ARTICLE)
def test_lines_of_an_article_stay(line: str) -> None:
    assert not is_furniture(line, is_latin=True)


@pytest.mark.parametrize("line", FURNITURE)
def test_no_actor_comes_from_furniture(line: str) -> None:
    found = extractor_for().extract(article("Poland opens a bridge", f"The bridge is long.\n\n{line}\n\nIt is new."))
    assert [actor.id for actor in found.actors] == ["POL"]
    assert [entity.text for entity in found.entities] == []


def test_the_title_of_a_link_goes_with_it() -> None:
    text = "Rain fell.\n\nRead also:\nArmenia and Iran sign an agreement\n\nIt fell all day."
    assert without_furniture(text) == "Rain fell.\n\nIt fell all day."
    kept = "Rain fell.\n\nRead also:\nIran said that it had no water.\n\nIt fell all day."
    assert "Iran said" in without_furniture(kept)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The envoys shake hands. Photo: press service of Iran", "The envoys shake hands."),
        ("The envoys met. (Reporting by Anna Novak in Moscow; Editing by Paul Martin)", "The envoys met."),
        ("A bridge (Photo by Anna Novak/Baku Press via Agency) is long.", "A bridge is long."),
        ("He spoke of the image (imagery of Russia) he has.", "He spoke of the image (imagery of Russia) he has."),
        ("The photo (taken in Iran) is old.", "The photo (taken in Iran) is old."),
    ],
)
def test_credits_within_a_line_go(text: str, left: str) -> None:
    assert without_furniture(text) == left


def test_a_text_in_another_script_is_not_foreign_to_itself() -> None:
    text = "Россия и Украина начали переговоры.\n\nСтороны встретятся снова"
    assert without_furniture(text) == text
    followed = (
        f"⚡️{text}\n**\n[👉 Подписаться](https://channel.example/+HWFlcuXhzKdhYWY6HWFlcuXhzKdhYWY6HWFlcuXhzKdhYWY6)"
    )
    assert without_furniture(followed) == f"⚡️{text}\n**"


def test_paragraphs_are_parted_as_before() -> None:
    text = "One.\nTwo.\n\nThree.\n\nReading now\n\nFour."
    assert without_furniture(text) == "One.\nTwo.\n\nThree.\n\nFour."


@pytest.mark.parametrize(
    "text",
    [
        "Photo: " * 60_000,
        "(photo by " * 50_000,
        "By A" + " Bb" * 150_000,
        "*" * 400_000,
        "\n• " * 200_000,
        "–" * 400_000,
    ],
)
def test_hostile_text_costs_bounded_time(text: str) -> None:
    # Against plain words of the same length, so that a slow machine is slow at both.
    plain = ("Envoys met in Geneva. " * (len(text) // 22 + 1))[: len(text)]
    begin = time.process_time()
    for _ in range(3):
        without_furniture(f"{plain}\nphoto\n{plain}")
    usual = time.process_time() - begin
    begin = time.process_time()
    without_furniture(f"{text}\n{text}")
    assert time.process_time() - begin < 50 * usual + 1


def test_odd_characters_are_those_the_patterns_look_for() -> None:
    for code in range(0x11000):
        is_one = _CONTROLS.search(chr(code)) is not None or _LINE_ENDS.search(chr(code)) is not None
        assert _is_odd(f"ab{chr(code)}c") == is_one, hex(code)
