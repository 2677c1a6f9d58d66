"""Articles to signals: the whole of extraction as one pure, deterministic function of the article and its own version.

article ─▶ text ─▶ language ─▶ sentences with actors, pairs, topics, tone ─▶ names ─▶ findings ─▶ signal
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.actors.finder import ActorFinder
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.analysed_text import MAX_CHARACTERS, AnalysedText, analysed_text
from pipelines.extraction.analysis import Readers, SentenceRead
from pipelines.extraction.entities import Passage, entities_of, passages_in
from pipelines.extraction.findings import actors_of, pairs_of, persons_of, tone_of_article, topics_of
from pipelines.extraction.fingerprint import fingerprint_of, fingerprints_of
from pipelines.extraction.language import identifier_version, identify, support_of
from pipelines.extraction.name_model import NamedSpan, NameRecogniser, model_version
from schemas.article import Article
from schemas.errors import RecordTooLargeError
from schemas.ids import digest
from schemas.model import MAX_RECORD_BYTES
from schemas.reasons import ArticleStatus, LanguageSupport
from schemas.signal import EntityFound, Sentence, Signal

if TYPE_CHECKING:
    from pipelines.extraction.marks import MarkedSignal

#: Text up to this length makes no signal near the limit of a record; what is longer is weighed.
_SAFE_CHARACTERS = 8_000

#: A text that was halved so often and is still too long for a record is not news.
_HALVINGS = 12

_HERE = Path(__file__).parent
#: The code that findings depend on. The transforms around it may change without changing a finding.
_CODE = (
    "actors/*.py", "analysed_text.py", "analysis.py", "entities.py", "extractor.py", "findings.py", "fingerprint.py",
    "furniture.py", "ground.py", "language.py", "meetings.py", "name_model.py", "pairs.py", "parties.py", "phrase_files.py",
    "phrases.py", "reporters.py", "sentences.py", "tone.py", "topics.py", "data/*.yaml",
)  # fmt: skip


class ExplainedPair(TypedDict):
    """A pair of a sentence."""

    source: str
    target: str
    directed: bool
    tone: str


class ExplainedPerson(TypedDict):
    """A person of a sentence, and in whose name they act."""

    name: str
    actor: str | None
    role: str | None


class ExplainedSentence(TypedDict):
    """What was found in one sentence, ``text = Signal.text[start:end]``."""

    article_id: str
    sentence: int
    text: str
    start: int
    end: int
    actors: list[str]
    pairs: list[ExplainedPair]
    topics: list[str]
    persons: list[ExplainedPerson]


@dataclass(frozen=True)
class _Analysis:
    analysed: AnalysedText
    folded: str
    language: str | None
    support: LanguageSupport
    read: Sequence[SentenceRead]
    passages: Sequence[Passage]

    def passage_texts(self) -> list[str]:
        return [self.analysed.text[p.start : p.end] for p in self.passages]


class Extractor:
    """Extraction with one actor catalogue. Dear to make (see :func:`extractor_for`), then only read."""

    def __init__(self, own_files: Sequence[Path] = ()) -> None:
        catalogue = load_catalogue(own_files)
        self._readers = Readers.made(ActorFinder(catalogue))
        self._recogniser: NameRecogniser | None = None
        self.version = digest("extractor", _code_digest(), catalogue.digest, model_version(), identifier_version())

    @property
    def recognised_tokens(self) -> int:
        """How many tokens the model for names has read in this process."""
        return self._recogniser.tokens if self._recogniser is not None else 0

    def extract(self, article: Article) -> Signal:
        """Return the signal of ``article``; :raises RecordTooLargeError: no part of its text fits in a record."""
        return self.extract_many([article])[0]

    def extract_many(self, articles: Sequence[Article]) -> list[Signal]:
        """Return the signals of ``articles``, in order; faster than one by one, and the same.

        :raises RecordTooLargeError: of one of them; the caller may then ask one by one.
        """
        analyses = [self._analyse(article, MAX_CHARACTERS) for article in articles]
        names = self._names(analyses)
        fingerprints = fingerprints_of(analysis.folded for analysis in analyses)
        return [self._fitting(*each) for each in zip(articles, analyses, names, fingerprints, strict=True)]

    def explain(self, article: Article) -> list[ExplainedSentence]:
        """Return what was found, sentence by sentence."""
        analysis = self._analyse(article, MAX_CHARACTERS)
        named = self._persons_named(analysis, article.event_time.date())
        text = analysis.analysed.text
        return [
            ExplainedSentence(
                article_id=article.article_id,
                sentence=number,
                text=text[sentence.start : sentence.end],
                start=sentence.start,
                end=sentence.end,
                actors=list(dict.fromkeys(hit.actor for hit in sentence.hits)),
                pairs=[
                    ExplainedPair(source=p.source, target=p.target, directed=p.directed, tone=p.tone.value)
                    for p in sentence.pairs
                ],
                topics=sorted(sentence.topics),
                persons=_persons(sentence) + named.get(number, []),
            )
            for number, sentence in enumerate(analysis.read)
        ]

    def marked(self, article: Article) -> MarkedSignal:
        """Return the signal of ``article`` with the places its findings come from.

        :raises RecordTooLargeError: as :meth:`extract`.
        """
        # It shows findings and is no part of their version.
        from pipelines.extraction.marks import MarkedSignal, marks_in

        signal = self.extract(article)
        read = self._readers.read(signal.text, article.event_time.date(), signal.language, signal.language_support)
        return MarkedSignal(signal, read, marks_in(signal.text, read, self._readers, signal.language_support))

    def _analyse(self, article: Article, max_characters: int) -> _Analysis:
        if article.status is ArticleStatus.WITHDRAWN:
            withdrawn = AnalysedText(article.title, "", article.cuts)
            return _Analysis(withdrawn, "", article.language, LanguageSupport.NONE, (), ())
        analysed = analysed_text(article, max_characters)
        language = identify(analysed.text, article.language)
        support = support_of(language)
        folded = fold(analysed.text)
        read = self._readers.read(analysed.text, article.event_time.date(), language, support, folded)
        passages = passages_in(analysed.text, read, article.source.country) if support is LanguageSupport.FULL else []
        return _Analysis(analysed, folded, language, support, read, passages)

    def _names(self, analyses: Sequence[_Analysis]) -> list[list[list[NamedSpan]]]:
        texts = [text for analysis in analyses for text in analysis.passage_texts()]
        if not texts:
            return [[] for _ in analyses]
        if self._recogniser is None:
            self._recogniser = NameRecogniser()
        found = iter(self._recogniser.names_in(texts))
        return [[next(found) for _ in analysis.passages] for analysis in analyses]

    def _persons_named(self, analysis: _Analysis, on: date) -> dict[int, list[ExplainedPerson]]:
        persons: dict[int, list[ExplainedPerson]] = {}
        for entity in self._unknown_names(analysis, self._names([analysis])[0], on):
            if entity.label == "PERSON":
                for sentence in entity.sentences:
                    person = ExplainedPerson(name=entity.text, actor=entity.actor, role=entity.role)
                    persons.setdefault(sentence, []).append(person)
        return persons

    def _unknown_names(self, analysis: _Analysis, names: list[list[NamedSpan]], on: date) -> tuple[EntityFound, ...]:
        """Return the names the model found that are not those of known actors (as a dateline's place is)."""
        found = entities_of(analysis.analysed.text, analysis.read, analysis.passages, names)
        return tuple(entity for entity in found if not self._readers.actors.find(entity.text, on, None))

    def _fitting(self, article: Article, analysis: _Analysis, names: list[list[NamedSpan]], fingerprint: str) -> Signal:
        """Return the signal; of a text whose signal would not fit in a record, that of as much of it as does."""
        signal = self._signal(article, analysis, names, fingerprint)
        length = len(analysis.analysed.text)
        for _ in range(_HALVINGS):
            if (
                length <= _SAFE_CHARACTERS
                or _most_bytes(signal) <= MAX_RECORD_BYTES
                or len(signal.model_dump_json().encode()) <= MAX_RECORD_BYTES
            ):
                return signal
            length //= 2
            analysis = self._analyse(article, length)
            signal = self._signal(article, analysis, self._names([analysis])[0], fingerprint_of(analysis.analysed.text))
        raise RecordTooLargeError(
            f"the signal of article {article.article_id} does not fit in a record, however short its text"
        )

    def _signal(self, article: Article, analysis: _Analysis, names: list[list[NamedSpan]], fingerprint: str) -> Signal:
        read, titled = analysis.read, bool(analysis.analysed.title)
        text = analysis.analysed.text
        actors = actors_of(read, titled)
        return Signal(
            article_id=article.article_id,
            revision=article.revision,
            revised_at=article.revised_at,
            status=article.status,
            source=article.source,
            feed_id=article.feed_id,
            url=article.url,
            title=analysis.analysed.title,
            text=text,
            language=analysis.language,
            language_support=analysis.support,
            observed_at=article.observed_at,
            event_time=article.event_time,
            event_time_reason=article.event_time_reason,
            extractor_version=self.version,
            fingerprint=fingerprint,
            tone=tone_of_article(read, titled),
            sentences=tuple(Sentence(start=s.start, end=s.end, tone=s.tone) for s in read),
            actors=actors,
            pairs=pairs_of(read, titled, actors),
            topics=topics_of(read),
            entities=persons_of(read) + self._unknown_names(analysis, names, article.event_time.date()),
            cuts=analysis.analysed.cuts,
        )


@cache
def _extractor(own_files: tuple[Path, ...], _contents: str) -> Extractor:
    return Extractor(own_files)


def extractor_for(own_files: Iterable[Path] = ()) -> Extractor:
    """Return the extractor of this process with the users' actor files ``own_files``; one is made for each content of them.

    :raises ActorFileError: an actor file is wrong.
    """
    files = tuple(own_files)
    contents = digest(*(path.read_bytes() if path.is_file() else b"" for path in files))
    return _extractor(files, contents)


def _most_bytes(signal: Signal) -> int:
    """Return a number that the bytes of the JSON of ``signal`` do not exceed: six for each character, ten for each number.

    Characters of what is bounded (ids, types, names of fields) are counted as the most there can be.
    """
    source = signal.source
    words = [
        signal.text, signal.title, signal.url, signal.article_id, signal.feed_id, signal.language,
        source.id, source.name, source.group, source.country,
    ]  # fmt: skip
    words += [word for one in signal.entities for word in (one.text, one.role)]
    numbers = 6 * len(signal.sentences) + 5 * len(signal.cuts)
    for found in (signal.actors, signal.topics, signal.entities):
        numbers += sum(40 + len(one.sentences) for one in found)
    numbers += sum(60 + len(one.sentences) + 8 * len(one.topics) for one in signal.pairs)
    return 4_000 + 6 * sum(len(word) for word in words if word) + 10 * numbers


def _persons(sentence: SentenceRead) -> list[ExplainedPerson]:
    persons = dict.fromkeys((hit.person, hit.actor, hit.role) for hit in sentence.hits if hit.person is not None)
    return [ExplainedPerson(name=name, actor=actor, role=role) for name, actor, role in persons]


@cache
def _code_digest() -> str:
    files = sorted(path for pattern in _CODE for path in _HERE.glob(pattern))
    parts: list[str | bytes] = []
    for path in files:
        parts += [path.relative_to(_HERE).as_posix(), path.read_bytes().replace(b"\r\n", b"\n")]
    return digest(*parts)
