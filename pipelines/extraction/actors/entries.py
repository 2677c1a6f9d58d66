"""What may stand in an actor file: the shapes of its entries. See the built-in files in ``data`` for examples of each."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

#: Every type of actor. ``country`` and ``territory`` have demonyms and capitals; a company is never its country.
ActorType = Literal[
    "country", "territory", "body", "alliance", "armed_group", "company", "agency", "party", "movement", "organisation"
]

#: Languages whose names are given as stems, to be followed by an ending of that language.
StemLanguage = Literal["ru", "uk"]

#: The version of the format of actor files.
FORMAT = 1

_MAX_NAME_CHARACTERS = 120
_DASHED_ID = re.compile(r"[A-Z][A-Z0-9_]{1,31}")


def _name(text: str) -> str:
    """Accept text that can be found: with a letter or digit at both ends, or an abbreviation's full stop at its end."""
    if len(text) > _MAX_NAME_CHARACTERS:
        raise ValueError(f"a name has at most {_MAX_NAME_CHARACTERS} characters")
    if not text or not text[0].isalnum() or not (text[-1].isalnum() or text[-1] in ".+)"):
        raise ValueError("a name begins and ends with a letter or a digit")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text.replace("\n", " ").replace("\t", " ")):
        raise ValueError("a name has no characters that cannot be written or seen (control characters)")
    if "  " in text or "\n" in text or "\t" in text:
        raise ValueError("the words of a name are parted by one space")
    return text


def _identifier(text: str) -> str:
    if _DASHED_ID.fullmatch(text) is None:
        raise ValueError("an id is 2 to 32 upper-case letters, digits and underscores, beginning with a letter")
    return text


def _as_alias(value: Any) -> Any:  # Any: what a file holds before it is checked
    return {"text": value} if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_name)]
ActorId = Annotated[str, AfterValidator(_identifier)]


class Entry(BaseModel):
    """A mapping of a file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AliasEntry(Entry):
    """A name, and when it is not meant.

    ``case``: only as written (or all in capitals); ``unless``: not where one of these texts stands within 150 characters;
    ``needs``: only in an article in which one of these texts stands; ``place``: a place rather than somebody behind a
    preposition of place ("in Karabakh"); ``person_like``: also a given or family name ("Michael Jordan", "Chad Smith").
    """

    text: Name
    case: bool = False
    place: bool = False
    person_like: bool = False
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


Alias = Annotated[AliasEntry, BeforeValidator(_as_alias)]


class OfficialEntry(Entry):
    """One office of one person. Several entries with the same ``name`` are one person.

    ``given`` and ``surnames`` are spellings (default: from ``name``); ``stems`` are surnames in inflected languages;
    ``common``: the surname alone is not enough; ``until`` is the first day out of office. ``source`` names where the days are
    from, ``as_of`` the day up to which it tells (default: the file's): without ``until`` the office was held on that day.
    ``checked: false`` says that the source was not read for this entry, or not for all of its days since 2019.
    """

    name: Name
    role: str = Field(min_length=1, max_length=80)
    start: date = Field(alias="from")
    until: date | None = None
    given: tuple[Name, ...] = ()
    surnames: tuple[Name, ...] = ()
    aliases: tuple[Alias, ...] = ()
    stems: dict[StemLanguage, tuple[Name, ...]] = {}
    common: bool = False
    family_first: bool = False
    source: str | None = None
    as_of: date | None = None
    checked: bool = True

    @model_validator(mode="after")
    def _ordered(self) -> OfficialEntry:
        if self.until is not None and self.until <= self.start:
            raise ValueError("until must be after from")
        return self


class ActorEntry(Entry):
    """An actor. An entry with the id of an actor of an earlier file adds to it; then only ``id`` is needed."""

    id: ActorId
    name: Name | None = None
    type: ActorType | None = None
    country: ActorId | None = None
    aliases: tuple[Alias, ...] = ()
    demonyms: tuple[Alias, ...] = ()
    capitals: tuple[Alias, ...] = ()
    metonyms: tuple[Alias, ...] = ()
    stems: dict[StemLanguage, tuple[Name, ...]] = {}
    officials: tuple[OfficialEntry, ...] = ()
    note: str | None = None


class ActorFile(Entry):
    """One file.

    ``stop``: phrases in which no actor is named; ``given_names``: names that make a surname behind them somebody's; ``as_of``:
    the day on which the offices without an end were checked, where they name none of their own; ``replaces``: the built-in file
    whose place this one takes, if its ``as_of`` is not before that one's; ``format``: raised when an older program would misread
    it.
    """

    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    replaces: str | None = None
    as_of: date | None = None
    actors: tuple[ActorEntry, ...] = ()
    stop: tuple[Name, ...] = ()
    given_names: tuple[Name, ...] = ()
