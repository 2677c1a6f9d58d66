"""Sentences whose events others have coded by hand, PLOVER's and PETRARCH's, in one shape: who acts on whom, by country."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations, product
from pathlib import Path
from typing import Any  # JSON that others wrote by hand

PLOVER_FILE = Path("data") / "plover_gsr_half.json"
PETRARCH_FILE = Path("data") / "petrarch_validation.tar.xz"
_PETRARCH_RECORDS = "petrarch_validation/petrarch/data/text/PETR.UnitTest.records.xml"

#: Codes that the coders wrote where ISO 3166-1 has others.
_PLOVER_CODES = {"JAP": "JPN", "ITL": "ITA", "VTN": "VNM"}

#: PETRARCH's sentences are about countries of a novel; these are their codes, ids and names as users would write them.
NOVEL = """\
actors:
  - {id: NOVEL_ARN, name: Arnor, type: country, demonyms: [Arnorian]}
  - {id: NOVEL_CAL, name: Calenardhon, type: country, aliases: [Calimehtar]}
  - {id: NOVEL_DAG, name: Dagolath, type: country, aliases: [Telemar]}
  - {id: NOVEL_DOL, name: Dol Amroth, type: country}
  - {id: NOVEL_ERI, name: Eriador, type: country, demonyms: [Eriadorian, Eriadori]}
  - {id: NOVEL_FOR, name: Fornost, type: country}
  - {id: NOVEL_GON, name: Gondor, type: country, capitals: [Minas Tirith], aliases: [Anorien]}
  - {id: NOVEL_ITH, name: Ithilen, type: country}
  - {id: NOVEL_MOR, name: Mordor, type: country, capitals: [Barad-dur]}
  - {id: NOVEL_OSG, name: Osgiliath, type: country}
  - {id: NOVEL_ROH, name: Rohan, type: country, demonyms: [{text: Rohans}]}
  - {id: NOVEL_BRE, name: Bree, type: country}
"""
_NOVEL_IDS = {code: f"NOVEL_{code}" for code in re.findall(r"id: NOVEL_(\w+)", NOVEL)}


@dataclass(frozen=True)
class EventSentence:
    """One sentence with its coded event(s). ``pairs`` are directed (source, target); of compound actors both ways."""

    name: str
    on: datetime
    text: str
    actors: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def plover_sentences(data: Path, countries: frozenset[str]) -> list[EventSentence]:
    """Return PLOVER's sentences; codes of bodies and movements, which are no ``countries``, are left out."""
    found = []
    for event in json.loads((data / PLOVER_FILE).read_text(encoding="utf-8")):
        if "text" not in event:
            continue
        sources, targets = (_plover_codes(event.get(key), countries) for key in ("source", "target"))
        pairs = set(product(sources, targets)) if targets else {*combinations(sources, 2)}
        if not targets:
            pairs |= {(other, one) for one, other in pairs}
        found.append(_sentence(event["id"], date(2000, 1, 1), event["text"], {*sources, *targets}, pairs))
    return found


def _plover_codes(actors: Any, countries: frozenset[str]) -> list[str]:
    listed = actors if isinstance(actors, list) else [actors]
    codes = [one["code"] for one in listed if isinstance(one, dict) and "code" in one]
    corrected = [_PLOVER_CODES.get(code, code) for code in codes]
    return [code for code in dict.fromkeys(corrected) if code in countries]


def petrarch_sentences(data: Path, countries: frozenset[str]) -> list[EventSentence]:
    """Return the sentences of PETRARCH's tests of which each actor is of the novel or one of ``countries``."""
    with tarfile.open(data / PETRARCH_FILE) as archive:
        member = archive.extractfile(_PETRARCH_RECORDS)
        if member is None:
            raise FileNotFoundError(f"{data / PETRARCH_FILE} holds no {_PETRARCH_RECORDS}")
        records = member.read().decode("utf-8", "replace")
    return list(_petrarch_records(records, {country: country for country in countries} | _NOVEL_IDS))


def _petrarch_records(records: str, ids: Mapping[str, str]) -> Iterator[EventSentence]:
    for record in re.findall(r"<Sentence .*?</Sentence>", records, re.DOTALL):
        head = re.search(r'date="(\d{4})(\d{2})(\d{2})" id="([^"]+)"', record)
        text = re.search(r"<Text>(.*?)</Text>", record, re.DOTALL)
        codes = re.findall(r'<EventCoding\s+sourcecode="([^"]*)"\s+targetcode="([^"]*)"', record)
        # "---" is an actor that the coder was not told of: such an event has no pair.
        coded = [(source, target) for source, target in codes if "-" not in source + target]
        if head is None or text is None or not coded or any(code[:3] not in ids for two in coded for code in two):
            continue
        pairs = {(ids[source[:3]], ids[target[:3]]) for source, target in coded}
        actors = {actor for pair in pairs for actor in pair}
        on = date(int(head[1]), int(head[2]), int(head[3]))
        yield _sentence(head[4], on, text[1], actors, pairs)


def _sentence(name: str, on: date, text: str, actors: set[str], pairs: set[tuple[str, str]]) -> EventSentence:
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    between = frozenset((one, other) for one, other in pairs if one != other)
    return EventSentence(name, at, " ".join(text.split()), frozenset(actors), between)
