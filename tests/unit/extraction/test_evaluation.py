"""The judge of extraction: what counts, what counts neither way, and what it says without gold."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import evaluate_sentences, judged_texts, main_pairs
from benchmarks.evaluate_extraction import judge_sentences, main
from benchmarks.judged_texts import Judged, read_judged
from benchmarks.scores import Score
from benchmarks.sentence_gold import FILES, PAGES, SAMPLES, LabelledSentence, read_sentences, texts_of
from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.extractor import extractor_for
from tests.unit.extraction.articles import DAY, article

SENTENCE = {
    "file": "own.txt",
    "date": "2025-05-28",
    "i": 1,
    "sentence": "Baku accused Moscow of a cyberattack.",
    "actors": ["AZE", "RUS"],
    "persons": {},
    "pairs": ["AZE>RUS -1 explicit"],
    "topics": ["cyberattack"],
    "optional_actors": [],
    "optional_topics": [],
}


def gold(folder: Path, **changes: object) -> Path:
    (folder / "gold").mkdir()
    (folder / "gold" / "seed_003_sentences.jsonl").write_text(
        json.dumps({**SENTENCE, **changes}) + "\n", encoding="utf-8"
    )
    return folder


def test_what_is_optional_counts_neither_way() -> None:
    score = Score()
    score.add(1, ["A", "B"], ["C"], ["A", "C", "D"])
    assert (score.found, score.missed, score.wrong) == (1, ["1:B"], ["1:D"])
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)


def test_all_found_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judge_sentences(gold(tmp_path)) == 0
    out = capsys.readouterr().out
    assert out.count("F1 1.000") == 6
    assert "sentences co_occurrence    F1 1.000" in out


def test_co_occurrence_pairs_what_only_tells_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Baku accused Moscow of lies, the Turkish news agency Anadolu reported."
    judge_sentences(gold(tmp_path, sentence=text, actors=["AZE", "RUS"], pairs=["AZE>RUS -1 explicit"], topics=[]))
    out = capsys.readouterr().out
    assert "sentences pairs            F1 1.000" in out
    assert "sentences co_occurrence    F1 1.000" not in out


def test_too_little_found_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        judge_sentences(
            gold(tmp_path, actors=["AZE", "RUS", "CHN"], pairs=["AZE-RUS -1 explicit", "AZE-CHN +0 explicit"])
        )
        == 1
    )
    assert "missed 1:AZE-CHN" in capsys.readouterr().out


def test_an_optional_pair_may_be_found(tmp_path: Path) -> None:
    assert judge_sentences(gold(tmp_path, sentence="Baku accused Moscow; Kyiv looked on.", actors=["AZE", "RUS", "UKR"],
                     pairs=["AZE>RUS -1 explicit", "AZE-UKR +0 optional", "RUS-UKR +0 anaphoric"], topics=[])) == 0  # fmt: skip


def test_a_broken_pair_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'AZE RUS' is no pair"):
        judge_sentences(gold(tmp_path, pairs=["AZE RUS"]))


def test_nothing_to_find_and_nothing_found_is_well() -> None:
    assert Score().f1 == 1.0


def test_without_data_each_part_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == main(None) == 2
    assert capsys.readouterr().err.count("NOT RUN") == 6


ANNOTATIONS = Path(judged_texts.__file__).parent / "annotations"


@pytest.mark.parametrize(("name", "count"), [("headlines.jsonl", 50), ("russian_posts.jsonl", 30)])
def test_the_annotations_are_whole_and_hold_no_text(name: str, count: int) -> None:
    judged = read_judged(ANNOTATIONS / name)
    assert len(judged) == count
    known = set(load_catalogue().actors)
    for one in judged:
        assert set(one.actors) - known <= {"STC", "ADF"}  # Two armed groups that the catalogue lacks: always missed.
        assert {actor for pair in one.pairs or () for actor in pair.split("-")} <= set(one.actors)


def test_judged_texts_are_scored_and_no_others() -> None:
    text = "Baku accused Moscow of a cyberattack."
    one = Judged(line=7, start=0, end=len(text), check="80a2d878", actors=["AZE", "CHN"], pairs=["AZE-RUS"])
    actors, pairs = judged_texts.score([one], lambda line: (text, DAY, "en"), extractor_for())
    assert (actors.found, actors.missed, actors.wrong, pairs.f1) == (1, ["7:CHN"], ["7:RUS"], 1.0)
    with pytest.raises(ValueError, match="line 7 is another text"):
        judged_texts.score([one], lambda line: (text.upper(), DAY, "en"), extractor_for())


TEXT = "Baku accused Moscow of a cyberattack."
LABELLED = LabelledSentence.model_validate(
    {
        "half": "dev", "pool": "samples", "file": "own.txt", "date": "2025-05-28", "start": 2, "end": 2 + len(TEXT),
        "check": "80a2d878", "actors": ["AZE", "RUS"], "optional_actors": [], "pairs": ["AZE-RUS"], "optional_pairs": [],
        "tones": {"AZE-RUS": -1}, "directions": ["AZE>RUS"],
    }
)  # fmt: skip


def test_the_labelled_sentences_are_whole_and_hold_no_text() -> None:
    sentences = read_sentences()
    known = set(load_catalogue().actors)
    assert Counter(one.half for one in sentences) == {"dev": 238, "test": 238, "fresh": 300}
    for one in sentences:
        assert set(one.actors) - known <= {"STC", "ADF"}  # Two armed groups that the catalogue lacks: always missed.
        assert {actor for pair in one.pairs for actor in pair.split("-")} <= {*one.actors, *one.optional_actors}
        assert set(one.tones) <= set(one.pairs)
        assert len(one.model_dump_json()) < 1_500


def test_texts_are_taken_from_their_place_and_no_others(tmp_path: Path) -> None:
    (tmp_path / SAMPLES).mkdir()
    own = tmp_path / SAMPLES / "own.txt"
    own.write_text("\r\n" + TEXT, encoding="utf-8", newline="")
    in_line = LABELLED.model_copy(
        update={"pool": "rss", "file": None, "line": 1, "field": "title", "start": 0, "end": 37}
    )
    lines = tmp_path / FILES["rss"]
    lines.parent.mkdir()
    with lzma.open(lines, "wt", encoding="utf-8") as file:
        file.write("{}\n" + json.dumps({"title": TEXT}) + "\n")
    with tarfile.open(tmp_path / PAGES, "w:xz") as archive:
        texts = json.dumps({"a1": {"articleBody": TEXT}}).encode()
        member = tarfile.TarInfo("article_extraction_benchmark/ground-truth.json")
        member.size = len(texts)
        archive.addfile(member, io.BytesIO(texts))
    on_page = in_line.model_copy(update={"pool": "pages", "line": None, "field": None, "page": "a1"})
    for name in ("headliner", "wikipedia"):
        with lzma.open(tmp_path / FILES[name], "wt", encoding="utf-8") as file:
            file.write("{}\n")
    assert [text for _, text in texts_of([in_line, on_page, LABELLED], tmp_path)] == [TEXT] * 3
    own.write_text("\r\n" + TEXT.upper(), encoding="utf-8", newline="")
    with pytest.raises(ValueError, match=r"own\.txt@2 is another text"):
        list(texts_of([LABELLED], tmp_path))


def test_labelled_sentences_are_scored_by_half_and_pool() -> None:
    scores = evaluate_sentences.evaluate([(LABELLED, TEXT), (LABELLED, "Baku praised Moscow.")], extractor_for())
    assert set(scores) == {("dev", "all"), ("dev", "samples")}
    found = scores["dev", "all"]
    assert (found.actors.f1, found.pairs.f1, found.co_occurrence.f1, found.direction.f1) == (1, 1, 1, 1)
    assert (found.tone.found, found.tone.missed, found.tone.wrong) == (1, ["1:AZE-RUS -1"], ["1:AZE-RUS +1"])


def test_a_labelled_sentence_stands_in_one_place() -> None:
    with pytest.raises(ValueError, match="stands in a file, on a page, or in a field"):
        LabelledSentence.model_validate(LABELLED.model_dump() | {"file": None})


def test_main_pairs_are_those_an_article_is_about() -> None:
    told = (
        ["Azerbaijan accused Russia again."] * 9 + ["Russia thanked Peru once."] + ["Azerbaijan answered Russia."] * 9
    )
    signal = extractor_for().extract(article("", "\n\n".join(["Azerbaijan, Russia and Chile met.", *told])))
    assert main_pairs.central_pairs(signal) == ["AZE-RUS"]
    short = extractor_for().extract(article("", "Azerbaijan, Russia and Chile met."))
    assert main_pairs.central_pairs(short) == ["AZE-RUS", "AZE-CHL", "CHL-RUS"]
