"""Endings that may follow a stem in Russian and Ukrainian: of nouns, adjectives and names of people."""

from __future__ import annotations

_NOUN = "а я у ю ы и і ї е є о ой ою ей ею єю ом ем єм ам ям ами ями ах ях ов ев ів їв ию ия ии ией ію ія ії ією ь ью ём ові еві"
_ADJECTIVE = (
    "ий ый ой ая яя ое ее ие ые ого его ому ему им ым ом ем ей ую юю их ых ими ыми ій ої ою ому ім им их ими у а е і"
)
_PERSON = "ин ина ину ином ине ин ці ка ки ке ку кой ок кам ками ках ка кою"

#: A stem followed by one of these, or by nothing, is the word in some case.
ENDINGS = frozenset(["", *_NOUN.split(), *_ADJECTIVE.split(), *_PERSON.split()])

#: A name with a capital is not many: with these it would be somebody's surname, as Ливанов is no Lebanon.
NAME_ENDINGS = ENDINGS - frozenset(["ов", "ев", "ів", "їв", *_PERSON.split()])

LONGEST_ENDING = max(len(ending) for ending in ENDINGS)
