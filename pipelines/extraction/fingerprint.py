"""The MinHash of a text: 64 values of 32 bits over its 3-word shingles, the same on every machine; copies share values."""

from __future__ import annotations

import re
import threading
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.extraction.actors.folding import fold
from schemas.fingerprint import VALUES, encode_packed

#: Words of a shingle.
SHINGLE_WORDS = 3

#: Words that are looked at; a longer text is a book, and its beginning tells which.
MAX_WORDS = 50_000

_WORD = re.compile(r"\w+")
_ASCII = bytes(range(128))
_GAPS = bytes(code for code in _ASCII if not (chr(code).isalnum() or chr(code) == "_"))
#: Bytes of UTF-8 with a space for each ASCII character of no word.
_WITHOUT_GAPS = bytes.maketrans(_GAPS, b" " * len(_GAPS))
_MASK = (1 << 64) - 1
_HALF = np.uint64(32)

#: A text with more kinds of others is read by the regular expression: each kind costs a walk through the text.
_MOST_GAPS = 40


def _split_mix(state: int, count: int) -> list[int]:
    """Return ``count`` numbers of SplitMix64 (Steele, Lea, Flood 2014), the constants of the 64 hash functions."""
    numbers = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        numbers.append(z ^ (z >> 31))
    return numbers


#: h(x) = (a·x + b mod 2^64) >> 32 with odd a: multiply-shift hashing (Dietzfelbinger 1996).
_FACTORS = np.array([n | 1 for n in _split_mix(1, VALUES)], dtype=np.uint64)[:, None]
_OFFSETS = np.array(_split_mix(2, VALUES), dtype=np.uint64)[:, None]
_FIRST, _SECOND, _THIRD = (np.uint64(n | 1) for n in _split_mix(3, SHINGLE_WORDS))

#: Shingles hashed at a time, so that a long text needs no more memory than a short one.
_SLICE = 2_048


class _Room(threading.local):
    """Memory of each thread that is used again and again: fresh pages cost as much as the hashing."""

    def __init__(self) -> None:
        self.values = np.empty(VALUES * _SLICE, dtype=np.uint64)


_room = _Room()

#: Texts with no more words than this are hashed several at a time; with more, calls cost little beside the work.
_SHORT_WORDS = 200

#: Hashes of words that were met; forgotten all at once when there are too many.
_KNOWN_WORDS = 65_536


class _WordHashes(dict[str, int]):
    """Hashes of words, each computed when it is first asked for."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _KNOWN_WORDS:
            self.clear()
        found = self[word] = xxhash.xxh64_intdigest(word.encode("utf-8", "replace"))
        return found


_word_hashes = _WordHashes()


def fingerprint_of(text: str) -> str:
    """Return the fingerprint of ``text`` as :mod:`schemas.fingerprint` writes it; "" for a text without a word."""
    return _fingerprint(words_of(fold(text))[:MAX_WORDS])


def fingerprints_of(folded: Iterable[str]) -> list[str]:
    """Return the fingerprint of each text, which is folded already. Short ones are hashed together: of such a text most of the
    cost is that of calls."""
    found: list[str] = []
    together: list[list[str]] = []
    count = 0
    for text in folded:
        words = words_of(text)[:MAX_WORDS]
        if not SHINGLE_WORDS <= len(words) <= _SHORT_WORDS or count + len(words) > _SLICE:
            found += _fingerprints(together)
            together, count = [], 0
        if SHINGLE_WORDS <= len(words) <= _SHORT_WORDS:
            together.append(words)
            count += len(words)
        else:
            found.append(_fingerprint(words))
    return found + _fingerprints(together)


def _fingerprints(texts: Sequence[Sequence[str]]) -> list[str]:
    """Return the fingerprints of texts of at least three words each, which have no more words together than a slice."""
    if not texts:
        return []
    ends = np.cumsum([len(words) for words in texts])
    shingles = _shingles(_hashes(list(chain.from_iterable(texts))))
    # Shingles that begin in a text's last two words reach into the next text.
    own = np.ones(len(shingles), dtype=np.bool_)
    own[ends[:-1] - 1] = own[ends[:-1] - 2] = False
    begins = np.concatenate([[0], ends[:-1]]) - 2 * np.arange(len(texts))
    lowest = np.minimum.reduceat(_mixed(shingles[own]), begins, axis=1)
    return [encode_packed(row.tobytes()) for row in (lowest >> _HALF).astype("<u4").T]


def _fingerprint(words: Sequence[str]) -> str:
    if not words:
        return ""
    shingles = _shingles(_hashes(words))
    lowest = _lowest(shingles[:_SLICE])
    for begin in range(_SLICE, len(shingles), _SLICE):
        np.minimum(lowest, _lowest(shingles[begin : begin + _SLICE]), out=lowest)
    # The lowest of the upper halves is the upper half of the lowest.
    return encode_packed((lowest >> _HALF).astype("<u4").tobytes())


def words_of(folded: str) -> list[str]:
    """Return what ``\\w+`` finds in folded text; several times as fast, because only characters beyond ASCII are looked at, each
    once."""
    raw = folded.encode("utf-8", "surrogatepass").translate(_WITHOUT_GAPS)
    if not folded.isascii():
        beyond = set(raw.translate(None, _ASCII).decode("utf-8", "surrogatepass"))
        gaps = [letter for letter in beyond if not letter.isalnum()]
        if len(gaps) > _MOST_GAPS:
            return _WORD.findall(folded)
        for gap in gaps:
            raw = raw.replace(gap.encode("utf-8", "surrogatepass"), b" ")
    return raw.decode("utf-8", "surrogatepass").split()


def _hashes(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    # Python's own array takes Python's numbers in half the time that numpy does.
    return np.frombuffer(array("Q", map(_word_hashes.__getitem__, words)), dtype=np.uint64)


def _lowest(shingles: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    lowest: npt.NDArray[np.uint64] = _mixed(shingles).min(axis=1)
    return lowest


def _mixed(shingles: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the shingles under each of the 64 hash functions, a row for each function; valid until the next call."""
    mixed = _room.values[: VALUES * len(shingles)].reshape(VALUES, len(shingles))
    np.multiply(_FACTORS, shingles, out=mixed)
    mixed += _OFFSETS
    return mixed


def _shingles(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return one number for each three words in a row; a text of one or two words has one shingle."""
    if len(hashes) < SHINGLE_WORDS:
        hashes = np.concatenate([hashes, np.zeros(SHINGLE_WORDS - len(hashes), dtype=np.uint64)])
    mixed: npt.NDArray[np.uint64] = hashes[:-2] * _FIRST ^ hashes[1:-1] * _SECOND ^ hashes[2:] * _THIRD
    return mixed ^ (mixed >> np.uint64(29))
