"""`tocsin extract --html`: what was found stands in the text, everything is escaped, and the page needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.extraction.extractor import extractor_for
from schemas.article import Article, Source
from schemas.errors import UsageError
from tests.unit.extraction.articles import article
from tocsin.commands.extract import command
from tocsin.marked_page import page_of

VOID = {"meta", "link", "br"}


class Checked(HTMLParser):
    """Collects tags and words; every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "sup"} and "found" not in (self.tags[-1][1].get("class") or ""):
            self.words.append(data)


def checked(page: str) -> Checked:
    parser = Checked()
    parser.feed(page)
    assert parser.open == []
    return parser


def page(*articles: Article) -> str:
    return "".join(page_of(extractor_for().marked(one) for one in articles))


def test_actors_pairs_tones_and_topics_are_marked() -> None:
    made = page(article("Baku accuses Moscow", "President Aliyev accused Russia of a cyberattack. He thanked Kyiv."))
    assert '<mark title="AZE: country, Ilham Aliyev, President">President Aliyev<sup>AZE</sup></mark>' in made or (
        "Ilham Aliyev, President" in made and "<sup>AZE</sup>" in made
    )
    assert "AZE → RUS (conflict) · cyberattack" in made
    assert re.search(r'class="topic" title="cyberattack">.*cyberattack', made)
    assert re.search(r'class="w-conflict">[^<]*accused', made)
    assert re.search(r'class="w-cooperation">[^<]*thanked', made)
    assert 'class="sentence conflict"' in made
    assert "<td>AZE → RUS</td><td>title</td>" in made
    assert "<td>Ilham Aliyev</td><td>person</td><td>AZE</td><td>President</td>" in made


def test_what_armed_actors_do_is_marked_as_conflict_once() -> None:
    text = "The Taliban’s advance in Kenya goes on. The Taliban overran and attacked Kenya."
    made = page(
        article("Taliban sweep in Kenya", text), article("A Kenyan sweep in Chile", "Kenya’s advance in Chile.")
    )
    for word in ("sweep", "advance", "overran"):
        assert made.count(f'<span class="w-conflict">{word}</span>') == 1
    assert len(re.findall(r'class="w-conflict">(?:<[^>]*>)*attacked', made)) == 1


def test_the_words_of_the_article_are_all_there_in_order() -> None:
    text = "Ukraine's “sanctions” on Russia & Belarus hit <5 % of exports.\n\nNATO welcomed it; Minsk protested."
    one = article("Kyiv sanctions Moscow", text)
    words = "".join(checked(page(one)).words)
    assert "Ukraine's “sanctions” on Russia & Belarus hit <5 % of exports." in words
    assert "NATO welcomed it; Minsk protested." in words


HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(2)> ' & Baku \u202e met Moscow"


def test_nothing_of_an_article_becomes_markup() -> None:
    one = article(
        HOSTILE.replace("<", "&lt;"), HOSTILE.replace("<", "&amp;lt;") + '\n\nPresident "><b>Putin</b> spoke.'
    )
    one = one.changed(source=Source(id="x", name='"><script>'), url='javascript:alert("1")')
    parsed = checked(page(one))
    assert {tag for tag, _ in parsed.tags} <= {
        "html", "head", "meta", "title", "style", "body", "p", "mark", "sup", "span", "article", "h1", "h2", "div",
        "table", "tr", "th", "td",
    }  # fmt: skip
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]


def test_the_page_loads_nothing_and_links_only_to_the_web() -> None:
    one = article("Baku").changed(url='https://gazette.example/?a=1&b="2"')
    parsed = checked(page(one))
    assert [attributes["href"] for _, attributes in parsed.tags if "href" in attributes] == [
        'https://gazette.example/?a=1&b="2"'
    ]
    assert not [tag for tag, attributes in parsed.tags if "src" in attributes or tag in {"link", "script"}]
    assert ("meta", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'") in [
        (tag, attributes.get("content")) for tag, attributes in parsed.tags
    ]


def test_a_long_article_and_an_empty_one_are_pages_too() -> None:
    checked(page(article("Baku", "Russia, Iran and Turkey met. " * 5_000), article("—")))


def test_the_command_prints_a_page_and_names_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"title": "Baku thanks Kyiv"}) + "\n" + json.dumps({"date": "2025-01-01"}) + "\n")
    result = CliRunner().invoke(command, [str(path), "--html"])
    assert result.exit_code == 1
    assert f"{path}:2" in result.stderr
    assert "AZE → UKR (cooperation)" in result.stdout
    checked(result.stdout)
    both = CliRunner().invoke(command, [str(path), "--html", "--explain"])
    assert isinstance(both.exception, UsageError)


@pytest.mark.parametrize("text", ["Президент России встретился с премьер-министром Армении.", "שלום לכם מירושלים"])
def test_other_scripts_are_shown(text: str) -> None:
    assert text in "".join(checked(page(article("", text, language=None))).words)
