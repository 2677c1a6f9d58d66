"""Keywords in a rule file: words, exact words, stems, patterns, words near each other."""

from __future__ import annotations

from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.folding import fold
from alerts.rules.groups import AnyAllNone, Groups
from alerts.rules.mistakes import clipped, did_you_mean, meant, one_of
from alerts.rules.model import KeywordsPart, Near, Pattern, Phrase, PlainTerm, Stem, Term
from alerts.rules.number_readers import Whole
from alerts.rules.patterns import MAX_PATTERN_CHARACTERS, PatternError, UserPattern
from alerts.rules.query_signs import meant_as_query
from alerts.rules.readers import Flag, Items, JsonSchema, Reader, Text, described
from alerts.rules.reading import Reading
from alerts.rules.stems import LANGUAGES
from alerts.rules.yaml_tree import Mapping_, Node, Scalar

_MAX_WORDS_BETWEEN = 100
_MAX_NEAR_GROUPS = 6


class Words(Reader[str]):
    """Words in a row, with at least one letter or digit; white space becomes single spaces."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the words."""
        text = self._text.read(node, path, reading)
        if text is None:
            return None
        if not any(character.isalnum() for character in fold(text).text):
            reading.wrong(node, path, f"{clipped(text)!r} has no letter and no digit", "a term is made of words")
            return None
        words = " ".join(text.split())
        if (query := meant_as_query(words)) is not None:
            reading.wrong(node, path, *query)
            return None
        return words

    def schema(self) -> JsonSchema:
        """A string."""
        return self._text.schema()


class _Language(Reader[str]):
    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        text = Text().read(node, path, reading)
        written = node.text if isinstance(node, Scalar) else ""
        if text is None or written in LANGUAGES:
            return text
        message = f"no endings are known for the language {clipped(written)!r}"
        reading.wrong(node, path, message, f"use {one_of(sorted(LANGUAGES))}, or list the forms as words")
        return None

    def schema(self) -> JsonSchema:
        return {"enum": sorted(LANGUAGES)}


_CASE = Key("case", Flag(), "True: spelt exactly so; case, accents and dashes are not overlooked.")
_WORDS = Key("text", Words(), "Words in a row.", required=True)
_STEM = Key("stem", Words(), "Words in a row, each in any of its endings.", required=True)
_LANGUAGE = Key(
    "language", _Language(), "The language the endings are those of.", required=True, example="language: ru"
)
_PATTERN = Key("pattern", Text(max_characters=MAX_PATTERN_CHARACTERS), "An RE2 pattern.", required=True)


def _phrase(values: Values) -> PlainTerm | None:
    return Phrase(text=values.get_or(_WORDS, ""), case=values.get_or(_CASE, default=False))


def _stem(values: Values) -> PlainTerm | None:
    return Stem(text=values.get_or(_STEM, ""), language=values.get_or(_LANGUAGE, ""))


def _usable(values: Values) -> None:
    try:
        compiled = UserPattern(values.get_or(_PATTERN, ""), case=values.get_or(_CASE, default=False))
    except PatternError as error:
        remedy = "patterns are those of RE2: no look-around, no back-references, small repetitions"
        values.wrong(_PATTERN, f"no pattern that can be used: {clipped(str(error))}", remedy)
        return
    if compiled.matches_nothing():
        values.wrong(_PATTERN, "the pattern is content with nothing, so it is found everywhere", "ask for one letter")


def _pattern(values: Values) -> PlainTerm | None:
    return Pattern(pattern=values.get_or(_PATTERN, ""), case=values.get_or(_CASE, default=False))


_PLAIN_KINDS: dict[str, Reader[PlainTerm]] = {
    "text": Fields((_WORDS, _CASE), _phrase, about="Words in a row."),
    "stem": Fields((_STEM, _LANGUAGE), _stem, about="Words in any of their endings."),
    "pattern": Fields(
        (_PATTERN, _CASE), _pattern, about="A regular expression of RE2.", checks=(Check((_PATTERN,), _usable),)
    ),
}


class Plain(Reader[PlainTerm]):
    """A text, or a mapping that begins with ``text``, ``stem`` or ``pattern``."""

    _text = Words()

    def read(self, node: Node, path: str, reading: Reading) -> PlainTerm | None:
        """Return the term."""
        if isinstance(node, Mapping_):
            kind = next((kind for kind in _PLAIN_KINDS if kind in node.entries), None) or _misspelt(node)
            if kind is not None:
                return _PLAIN_KINDS[kind].read(node, path, reading)
            _no_kind(node, path, reading, [*_PLAIN_KINDS])
            return None
        text = self._text.read(node, path, reading)
        return None if text is None else Phrase(text=text)

    def schema(self) -> JsonSchema:
        """Any of the forms."""
        return {"anyOf": [self._text.schema(), *(reader.schema() for reader in _PLAIN_KINDS.values())]}


def _misspelt(node: Mapping_) -> str | None:
    """Return the kind of term that ``node`` no doubt is meant to be."""
    return next((kind for name in node.entries if (kind := meant(name, _PLAIN_KINDS)) is not None), None)


def _no_kind(node: Mapping_, path: str, reading: Reading, kinds: list[str]) -> None:
    first = next(iter(node.entries), "")
    message = f"no term: {described(node)} with {clipped(first)!r}" if first else "an empty mapping is no term"
    reading.wrong(node, path, message, did_you_mean(first, kinds))


_PLAIN = Plain()
_CHOICES = Key(
    "any", Items(_PLAIN, or_one=True), "One of these terms.", required=True, example="any: [corridor, route]"
)
_ONE_OF = Fields((_CHOICES,), lambda values: values.get(_CHOICES), about="One of several terms.")


class _Group(Reader[tuple[PlainTerm, ...]]):
    """A term, a list of terms, or ``{any: [terms]}``: one of them has to be there."""

    _short = Items(_PLAIN, or_one=True)

    def read(self, node: Node, path: str, reading: Reading) -> tuple[PlainTerm, ...] | None:
        if isinstance(node, Mapping_) and not any(kind in node.entries for kind in _PLAIN_KINDS):
            return _ONE_OF.read(node, path, reading)
        return self._short.read(node, path, reading)

    def schema(self) -> JsonSchema:
        return {"anyOf": [self._short.schema(), _ONE_OF.schema()]}


_NEAR = Key(
    "near", Items(_Group(), least=2, most=_MAX_NEAR_GROUPS), "Terms (or {any: [terms]}) in any order.", required=True
)
_BETWEEN = Key(
    "words",
    Whole(least=0, most=_MAX_WORDS_BETWEEN),
    "Words between the first and the last, at most.",
    required=True,
    example="words: 5",
)


def _near(values: Values) -> Near | None:
    return Near(groups=values.get_or(_NEAR, ()), words=values.get_or(_BETWEEN, 0))


_NEAR_TERM = Fields((_NEAR, _BETWEEN), _near, about="Terms that stand near each other.")


class AnyTerm(Reader[Term]):
    """A plain term, or ``{near: […], words: N}``."""

    def read(self, node: Node, path: str, reading: Reading) -> Term | None:
        """Return the term."""
        if isinstance(node, Mapping_):
            if "near" in node.entries:
                return _NEAR_TERM.read(node, path, reading)
            if not any(kind in node.entries for kind in _PLAIN_KINDS) and _misspelt(node) is None:
                _no_kind(node, path, reading, [*_PLAIN_KINDS, "near"])
                return None
        return _PLAIN.read(node, path, reading)

    def schema(self) -> JsonSchema:
        """Any of the forms."""
        return {"anyOf": [_PLAIN.schema(), _NEAR_TERM.schema()]}


def _keywords(groups: AnyAllNone[Term]) -> KeywordsPart:
    return KeywordsPart(
        any=tuple(dict.fromkeys(groups.any)),
        all=tuple(dict.fromkeys(groups.all)),
        none=tuple(dict.fromkeys(groups.none)),
    )


KEYWORDS = Groups(AnyTerm(), _keywords, item_keys=frozenset({*_PLAIN_KINDS, "near"}))
