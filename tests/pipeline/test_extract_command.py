"""`tocsin extract` on files and standard input: what comes out, and mistakes named by file and line."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.extraction.extractor import Extractor, extractor_for
from schemas.article import Article
from schemas.errors import UsageError
from schemas.ids import milliseconds
from schemas.signal import Signal
from schemas.wire import encode
from tests.unit.extraction.articles import DAY, article
from tocsin.commands.extract import command

SUMMONED = "Azerbaijan summons the Russian ambassador"


def extract(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], input=stdin)


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_line_needs_only_words_and_what_else_it_tells_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows: list[dict[str, object]] = [
        {"title": SUMMONED},
        {"text": "Fico met Zelensky in Bratislava.", "date": "2025-07-10T08:00:00+02:00", "source": "sme.sk", "language": "en"},
        {"t": "2020-01-03T02:00:00Z", "src": "bbc-news", "title": "US kills Iranian general", "desc": "In Baghdad.", "url": "https://bbc.example/1"},
        {"id": "mine-7", "headline": SUMMONED, "link": "https://x.example/7", "text": "First & last.\n\nMore <b>here</b>."},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = extract(path)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    made = [Signal.model_validate_json(line) for line in result.stdout.splitlines()]
    assert [one.title for one in made] == [SUMMONED, "", "US kills Iranian general", SUMMONED]
    assert [(p.source, p.target) for p in made[0].pairs] == [("AZE", "RUS")]
    assert (made[1].source.id, made[1].language, milliseconds(made[1].event_time)) == ("sme.sk", "en", 1752127200000)
    assert (made[2].source.id, made[2].url, made[2].event_time.year) == ("bbc-news", "https://bbc.example/1", 2020)
    assert made[2].text == "US kills Iranian general\n\nIn Baghdad."
    assert made[3].article_id == "mine-7"
    assert made[3].text == f"{SUMMONED}\n\nFirst & last.\n\nMore here."


def test_own_actors_of_a_service_here_are_not_read_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tocsin.toml").write_text("")
    assert extract("-", stdin='{"title": "Acme waits"}').stderr == ""
    Path("actors").mkdir()
    Path("actors/own.yaml").write_text("actors:\n  - {id: ACME, name: Acme, type: company}\n")
    told = extract("-", stdin='{"title": "Acme waits"}')
    assert told.stderr == "the own actors of tocsin.toml are not read here; with them: --actors actors/own.yaml\n"
    assert lines(told)[0]["actors"] == []
    asked = extract("-", "--actors", "actors/own.yaml", stdin='{"title": "Acme waits"}')
    assert asked.stderr == ""
    assert len(lines(asked)[0]["actors"]) == 1  # type: ignore[arg-type]
    Path("tocsin.toml").write_text("no settings")
    assert extract("-", stdin='{"title": "Acme waits"}').exit_code == 0


def test_an_article_of_the_log_comes_out_as_the_service_makes_it() -> None:
    one = article(SUMMONED, "Officials met in Baku.")
    result = extract("-", stdin=encode(one) + b"\n")
    assert Signal.model_validate_json(result.stdout) == extractor_for().extract(one)


def test_explain_is_one_line_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    text = "President Aliyev accused Russia of arrests. Nothing else happened."
    path.write_text(f"{SUMMONED}\n\n{text}\n")
    result = extract(path, "--explain")
    assert result.exit_code == 0, result.stderr
    said = lines(result)
    names = ["article_id", "sentence", "text", "start", "end", "actors", "pairs", "topics", "persons"]
    assert [list(one) for one in said] == [names] * 3
    assert [one["text"] for one in said] == [SUMMONED, *text.replace(". ", ".\n").split("\n")]
    assert {one["article_id"] for one in said} == {"story"}
    assert said[1]["pairs"] == [{"source": "AZE", "target": "RUS", "directed": True, "tone": "conflict"}]
    assert said[1]["persons"] == [{"name": "Ilham Aliyev", "actor": "AZE", "role": "President"}]
    (whole,) = (Signal.model_validate_json(line) for line in extract(path).stdout.splitlines())
    assert [whole.text[s.start : s.end] for s in whole.sentences] == [one["text"] for one in said]


def test_a_page_is_read_as_a_reader_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        '<html lang="en"><head><title>Gazette | News</title><meta property="og:title" content="Baku and Kyiv sign">'
        '<meta property="article:published_time" content="2025-05-28T09:01:00Z">'
        '<link rel="canonical" href="https://gazette.example/1"><script>var Moscow = "Tehran"</script>'
        "<body><nav>Paris Berlin</nav><h1>Baku and Kyiv sign</h1><p>Officials of Azerbaijan<br>spoke."
        "<p>They left &amp; slept.</p>"
        "<footer>Beijing</footer></body></html>"
    )
    (made,) = (Signal.model_validate_json(line) for line in extract(path).stdout.splitlines())
    assert made.text == "Baku and Kyiv sign\n\nOfficials of Azerbaijan spoke.\n\nThey left & slept."
    assert (made.url, made.event_time.isoformat()) == ("https://gazette.example/1", "2025-05-28T09:01:00+00:00")
    assert {one.id for one in made.actors} == {"AZE", "UKR"}
    path.write_bytes(
        '<meta charset="windows-1251"><p>Президент России посетил Баку, где встретился с президентом.</p>'.encode(
            "cp1251"
        )
    )
    (russian,) = (Signal.model_validate_json(line) for line in extract(path).stdout.splitlines())
    assert russian.language == "ru"


def test_lines_that_cannot_be_used_are_named_and_the_others_printed(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text(
        f'{{"title": "{SUMMONED}"}}\n\nnope\n[1]\n{{"url": "https://x.example"}}\n'
        f'{{"title": "x", "date": "soon"}}\n{{"title": "lone \\ud800 and {SUMMONED}"}}\n'
    )
    result = extract(path)
    assert result.exit_code == 1
    assert len(lines(result)) == 2
    said = result.stderr.splitlines()
    assert [line.split(": ")[0] for line in said[:-1]] == [f"{path}:{number}" for number in (3, 4, 5, 6)]
    assert "no title, summary or text" in said[2]
    assert "'soon' is no time" in said[3]
    assert said[-1] == "4 articles could not be used"
    deep = extract("-", stdin='{"title": "fine"}\n' + '{"a":' * 200_000 + "\n")
    assert (deep.exit_code, len(lines(deep))) == (1, 1)
    assert "-:2: no JSON" in deep.stderr


def test_an_article_that_breaks_the_extractor_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Extractor.extract_many

    def extract_many(self: Extractor, articles: list[Article]) -> list[Signal]:
        if any("poison" in one.title for one in articles):
            raise ValueError("indigestible")
        return real(self, articles)

    monkeypatch.setattr(Extractor, "extract_many", extract_many)
    path = tmp_path / "many.jsonl"
    path.write_text("".join(f'{{"title": "{"poison" if n % 3 else "bread"} {n}"}}\n' for n in range(30)))
    result = extract(path)
    assert result.exit_code == 1
    assert [one["title"] for one in lines(result)] == [f"bread {n}" for n in range(0, 30, 3)]
    assert result.stderr.splitlines()[0] == f"{path}:2: ValueError: indigestible (extraction_failed)"
    assert result.stderr.splitlines()[-1] == "20 articles could not be used"


def test_standard_input_may_be_lines_a_text_or_a_page() -> None:
    assert [one["title"] for one in lines(extract("-", stdin=f'\n{{"title": "{SUMMONED}"}}'))] == [SUMMONED]
    assert lines(extract("-", stdin=f"{SUMMONED}\n\nHe came."))[0]["text"] == f"{SUMMONED}\n\nHe came."
    assert lines(extract(stdin=f"<p>{SUMMONED}</p>"))[0]["text"] == SUMMONED
    empty = extract("-", stdin="")
    assert (empty.exit_code, empty.stdout) == (0, "")


def test_own_actors_and_packed_files(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("actors:\n  - {id: GAZETTE, name: Daily Gazette, type: company}\n")
    packed = tmp_path / "a.jsonl.xz"
    packed.write_bytes(lzma.compress(b'{"title": "Azerbaijan sues the Daily Gazette", "date": "2025-05-28"}\n'))
    (made,) = (Signal.model_validate_json(line) for line in extract(packed, "--actors", own).stdout.splitlines())
    assert {one.id for one in made.actors} == {"AZE", "GAZETTE"}
    own.rename(tmp_path / "wrong.yaml").write_text("actors:\n  - {id: GAZETTE, nam: Daily Gazette}\n")
    wrong = extract(packed, "--actors", tmp_path / "wrong.yaml")
    assert isinstance(wrong.exception, UsageError)
    assert "wrong.yaml:2" in wrong.exception.message


def test_files_that_cannot_be_read_are_a_usage_error(tmp_path: Path) -> None:
    assert extract(tmp_path / "missing.txt").exit_code == 2
    odd = tmp_path / "a.docx"
    odd.write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"a\.docx is of no known kind"):
        raise extract(odd).exception or AssertionError("no error")
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Müller".encode("latin-1"))
    result = extract(latin)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{latin}: not UTF-8" in result.stderr


def test_without_a_date_it_is_of_today() -> None:
    (said,) = lines(extract("-", stdin=f'{{"title": "{SUMMONED}"}}'))
    assert str(said["event_time"]) > DAY.isoformat()
