"""The extractor: articles to signals, the same whoever runs it, bounded whatever comes in."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.extraction.actors.catalogue import ActorFileError
from pipelines.extraction.extractor import Extractor, _most_bytes, extractor_for
from schemas.fingerprint import decode
from schemas.model import MAX_RECORD_BYTES
from schemas.reasons import ArticleStatus, CutReason, LanguageSupport, Prominence, Tone
from schemas.signal import PairFound, Signal
from schemas.wire import decode_signals, encode
from tests.unit.extraction.articles import article

EXTRACTOR = extractor_for()

TITLE = "Baku accuses Moscow of a cyberattack"
BODY = (
    "Azerbaijan said on Monday that Russia was behind an attack on its ministries. Nobody was hurt.\n\n"
    "The Kremlin denied it. President Ilham Aliyev thanked Ukraine for its help.\n\n"
    "Analysts recalled the crash of a passenger plane. Turkey offered to mediate."
)


def pair(signal: Signal, key: str) -> PairFound:
    (found,) = [p for p in signal.pairs if f"{p.source}{'>' if p.directed else '-'}{p.target}" == key]
    return found


def test_a_signal_is_that_of_its_article() -> None:
    one = article(TITLE, BODY, country="GBR")
    signal = EXTRACTOR.extract(one)
    for name in ("article_id", "revision", "revised_at", "status", "source", "feed_id", "url", "observed_at", "event_time",
                 "event_time_reason"):  # fmt: skip
        assert getattr(signal, name) == getattr(one, name)
    assert signal.text == f"{TITLE}\n\n{BODY}"
    assert signal.extractor_version == EXTRACTOR.version
    assert (signal.language, signal.language_support) == ("en", LanguageSupport.FULL)
    assert len(decode(signal.fingerprint)) == 64
    assert decode_signals(encode(signal)) == signal


def test_sentences_are_ranges_of_the_text_and_the_title_is_the_first() -> None:
    signal = EXTRACTOR.extract(article(TITLE, BODY))
    texts = [signal.text[s.start : s.end] for s in signal.sentences]
    assert texts[0] == TITLE
    assert texts[1:3] == [
        "Azerbaijan said on Monday that Russia was behind an attack on its ministries.",
        "Nobody was hurt.",
    ]
    assert len(texts) == 7
    assert signal.sentences[0].tone is Tone.CONFLICT


def test_actors_pairs_topics_and_persons_with_their_sentences() -> None:
    signal = EXTRACTOR.extract(article(TITLE, BODY))
    actors = {a.id: a for a in signal.actors}
    assert {"AZE", "RUS", "UKR", "TUR"} == set(actors)
    assert actors["RUS"].prominence is Prominence.TITLE
    assert (actors["RUS"].mentions, actors["RUS"].sentences) == (3, (0, 1, 3))
    assert actors["TUR"].prominence is Prominence.MENTION
    hostile = pair(signal, "AZE>RUS")
    assert hostile.prominence is Prominence.TITLE
    assert (hostile.tones.conflict, hostile.mentions, hostile.sentences) == (1, 1, (0,))
    assert hostile.topics == ("cyberattack",)
    assert pair(signal, "AZE-RUS").prominence is Prominence.TITLE, "how central two are does not depend on who acts"
    assert pair(signal, "AZE>UKR").tones.cooperation == 1
    assert {"cyberattack", "plane_crash"} <= {t.id for t in signal.topics}
    (aliyev,) = [e for e in signal.entities if e.actor == "AZE"]
    assert (aliyev.text, aliyev.label, aliyev.role, aliyev.sentences) == ("Ilham Aliyev", "PERSON", "President", (4,))


def test_what_stands_in_the_lead_or_comes_up_again_and_again_is_what_an_article_is_about() -> None:
    filler = " ".join(["The evening was quiet and long."] * 6)
    text = f"France and Spain met. {filler} Japan and Egypt met. " + "Chad and Peru met. " * 3
    signal = EXTRACTOR.extract(article("", text))
    assert pair(signal, "ESP-FRA").prominence is Prominence.MAIN
    assert pair(signal, "EGY-JPN").prominence is Prominence.MENTION
    assert pair(signal, "PER-TCD").prominence is Prominence.MAIN
    assert Prominence.TITLE not in {p.prominence for p in signal.pairs}


def test_the_summary_stands_in_where_there_is_no_text() -> None:
    assert EXTRACTOR.extract(article("A title", summary="Russia waits.")).text == "A title\n\nRussia waits."
    assert EXTRACTOR.extract(article("", summary="Russia waits.")).text == "Russia waits."
    assert EXTRACTOR.extract(article("A title")).text == "A title"
    assert EXTRACTOR.extract(article("")).sentences == ()


def test_markup_is_no_text() -> None:
    html = (
        "<p>Talks in&nbsp;<b>Baku</b> &amp; elsewhere</p><script>var kremlin = 'Moscow';</script><style>p {}</style>"
        "<p>&lt;b&gt;Done&lt;/b&gt;, 3 < 5 &#x1F600;<br/>End</p><!-- Russia -->"
    )
    signal = EXTRACTOR.extract(article("<i>Baku</i> &quot;talks&quot;", html))
    assert signal.text == 'Baku "talks"\n\nTalks in\xa0Baku & elsewhere\n\nDone, 3 < 5 \U0001f600\n\nEnd'
    assert {a.id for a in signal.actors} == {"AZE"}


def test_characters_nobody_sees_hide_nobody() -> None:
    signal = EXTRACTOR.extract(article("", "Rus\u200bsia and \u202eAzer\u00adbaijan met.\x00\x07"))
    assert {a.id for a in signal.actors} == {"RUS", "AZE"}
    assert signal.cuts == (CutReason.CHARACTERS,)


def test_a_withdrawn_article_has_a_signal_and_no_findings() -> None:
    signal = EXTRACTOR.extract(article(TITLE, BODY, status=ArticleStatus.WITHDRAWN))
    assert signal.status is ArticleStatus.WITHDRAWN
    assert (signal.actors, signal.pairs, signal.topics, signal.entities, signal.sentences) == ((), (), (), (), ())
    assert (signal.text, signal.fingerprint) == ("", "")


@pytest.mark.parametrize(
    ("text", "declared", "language", "support", "actors"),
    [
        ("Москва обвинила Азербайджан во враждебных действиях", "ru", "ru", LanguageSupport.NAMES, {"RUS", "AZE"}),
        ("Москва обвинила Азербайджан во враждебных действиях", "en", "ru", LanguageSupport.NAMES, {"RUS", "AZE"}),
        ("Президент України зустрівся з міністром у Києві, щоб обговорити допомогу", None, "uk", LanguageSupport.NAMES, {"UKR"}),
        ("Russia waits", None, "en", LanguageSupport.FULL, {"RUS"}),
        ("Russia waits", "en-GB", "en", LanguageSupport.FULL, {"RUS"}),
        ("Der Minister sprach gestern lange mit den Vertretern der Wirtschaft über neue Zölle und Steuern", "en", "de",
         LanguageSupport.NONE, set()),
    ],
)  # fmt: skip
def test_the_language_and_what_can_be_found_in_it(
    text: str, declared: str | None, language: str, support: LanguageSupport, actors: set[str]
) -> None:
    signal = EXTRACTOR.extract(article("", text, language=declared))
    assert (signal.language, signal.language_support) == (language, support)
    assert {a.id for a in signal.actors} == actors


def test_unknown_names_beside_a_title_are_entities() -> None:
    text = "Talks went on. Estonian Deputy Foreign Minister Karel Tammsaar flew to Baku on Tuesday for talks."
    signal = EXTRACTOR.extract(article("Talks go on in the capital", text))
    (person,) = [e for e in signal.entities if e.label == "PERSON"]
    assert (person.text, person.actor, person.role) == ("Karel Tammsaar", "EST", "Deputy Foreign Minister")
    assert person.sentences == (2,)


def test_the_model_for_names_reads_two_sentences_at_most() -> None:
    before = EXTRACTOR.recognised_tokens
    EXTRACTOR.extract(article("", "French envoy Karel Tammsaar flew to Baku on Tuesday. " * 30))
    assert 0 < EXTRACTOR.recognised_tokens - before < 30


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    articles = [
        article(TITLE, BODY),
        article("", "Estonian minister Karel Tammsaar met French envoy Odile Marchand in Riga."),
        article("", ""),
        article("", "Polish Finance Minister Zbigniew Kowalczyk and the Danish minister Sten Holm left."),
    ]
    assert EXTRACTOR.extract_many(articles) == [EXTRACTOR.extract(one) for one in articles]


def test_explaining_is_one_line_a_sentence_as_json() -> None:
    lines = EXTRACTOR.explain(article(TITLE, BODY))
    assert [line["sentence"] for line in lines] == list(range(7))
    assert set(lines[0]) == {"article_id", "sentence", "text", "start", "end", "actors", "pairs", "topics", "persons"}
    assert lines[0]["text"] == TITLE
    assert lines[0]["actors"] == ["AZE", "RUS"]
    assert lines[0]["pairs"] == [{"source": "AZE", "target": "RUS", "directed": True, "tone": "conflict"}]
    assert lines[0]["topics"] == ["cyberattack"]
    assert lines[4]["persons"] == [{"name": "Ilham Aliyev", "actor": "AZE", "role": "President"}]
    assert json.loads(json.dumps(lines)) == lines


def test_one_extractor_per_process_and_files(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("actors: [{id: ACMEOIL, name: Acme Oil, type: company, country: FRA}]", encoding="utf-8")
    assert extractor_for() is EXTRACTOR
    with_own = extractor_for([own])
    assert extractor_for([own]) is with_own
    assert with_own.version != EXTRACTOR.version
    assert [a.id for a in with_own.extract(article("", "Acme Oil drills in Azerbaijan")).actors] == ["ACMEOIL", "AZE"]
    own.write_text("actors: [{id: ACMEGAS, name: Acme Gas, type: company}]", encoding="utf-8")
    assert extractor_for([own]).version not in {with_own.version, EXTRACTOR.version}


def test_a_wrong_actor_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ActorFileError, match=r"missing\.yaml"):
        extractor_for([tmp_path / "missing.yaml"])


def test_the_version_is_that_of_the_code_and_data() -> None:
    assert Extractor().version == EXTRACTOR.version


def test_every_module_that_findings_depend_on_is_in_the_version() -> None:
    script = (
        "import sys, pipelines.extraction.extractor as e\n"
        "hashed = {p for pattern in e._CODE for p in e._HERE.glob(pattern)}\n"
        "used = {m.__file__ for n, m in sys.modules.items() if n.startswith('pipelines.extraction.')}\n"
        "missing = used - {str(p) for p in hashed}\n"
        "heavy = {'spacy', 'apache_beam', 'py3langid'} & set(sys.modules)\n"
        "assert not missing, missing\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "." * 1_000_000,
        "x" * 2_000_000,
        "Russia, " * 100_000,
        "Russia met Ukraine. " * 50_000,
        "France, Chad and Peru told Japan, Egypt and Cuba. " * 20_000,
        "<" * 500_000,
        "<p " * 300_000,
        "<script>" * 100_000,
        "&" * 500_000,
        "President Xx Yy " * 50_000,
        "not " * 200_000,
        "a\u0301\u0302\u0303\u0304\u0305" * 100_000,
        "\U0001f600" * 500_000,
        "\u202e\u200b" * 300_000,
        "\n" * 500_000 + "A" + " \n" * 200_000,
        "(AP) " * 100_000,
        "A. " * 200_000,
        "\x00\x01" * 200_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_costs_bounded_time_and_fits_in_a_record(text: str) -> None:
    begin = time.process_time()
    signal = EXTRACTOR.extract(article("A title", text))
    assert time.process_time() - begin < 8
    assert len(encode(signal)) <= MAX_RECORD_BYTES
    if len(signal.text) > 150_000:
        assert CutReason.RECORD_LIMIT in signal.cuts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Russia, China, Iran, Türkiye, Ukraine, Poland, France and Germany met NATO. " * 400,
        'President Macron of France attacked "Putin" \\ in Moscow.\n\n' * 200,
        '\U0001f600\u0301\x7f"' * 3_000,
        "A. " * 5_000,
    ],
)
def test_a_signal_has_no_more_bytes_than_it_is_said_to_have_at_most(text: str) -> None:
    signal = EXTRACTOR.extract(article('Talks "in" Baku', text))
    assert len(signal.model_dump_json().encode()) <= _most_bytes(signal)
