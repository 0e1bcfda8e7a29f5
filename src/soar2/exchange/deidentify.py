"""A real message made into a sample that names nobody: same shape, other values. Pure.

Only fields that the reader needs and that name nobody keep their value. Everything else is replaced letter
for letter and digit for digit, unknown fields too, since nobody can say what a sender puts there. Equal
values get equal replacements within one making, so that an addendum still belongs to its original; the making
uses secret chance and cannot be turned back. Days are moved by whole weeks. In free text the names and numbers
of the fields are replaced where they stand again, and so are dates, long numbers and mail addresses; other words
of it cannot be judged by a program.
"""

import hashlib
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from soar2.exchange.hl7v2.message import Message, Segment, parse

KEPT: dict[str, frozenset[int]] = {
    "MSH": frozenset({1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21}),
    "EVN": frozenset({1, 2}),
    "PID": frozenset({1, 8}),
    "PV1": frozenset({1, 2, 3}),
    "ORC": frozenset({1, 5, 7, 9}),
    "OBR": frozenset({1, 4, 5, 6, 7, 8, 22, 24, 25, 27}),
    "TQ1": frozenset({1, 7, 8, 9}),
    "OBX": frozenset({1, 2, 3, 4, 6, 7, 8, 11, 14}),
    "NTE": frozenset({1, 2, 4}),
}
TEXT: dict[str, frozenset[int]] = {"OBX": frozenset({5}), "NTE": frozenset({3}), "OBR": frozenset({13, 31})}
"""Free text: kept, with names and numbers replaced where they are met again."""
_WORDS = frozenset({"", "TX", "FT", "ST", "CE", "CWE", "CNE", "CF", "ID", "IS", "NM", "SN", "MO"})
_TIMES = frozenset({"DT", "TM", "TS", "DTM"})
"""Types (OBX-2) of values that are words, codes or measures, and of times. Any other may hold a person."""
NUMBERS: dict[str, frozenset[int]] = {"PID": frozenset({2, 3, 4, 18, 19, 20, 21}), "PV1": frozenset({19, 50})}
"""Identifiers (CX): the number goes; check digit, issuer and type, which a mapping needs, stay."""
_NAMED = {
    "PID": frozenset({3, 4, 5, 6, 9, 11, 13, 14, 18, 19, 20, 21}),
    "NK1": frozenset({2, 4, 5, 6}),
    "PV1": frozenset({7, 8, 9, 17, 19}),
    "ORC": frozenset({2, 3, 10, 11, 12}),
    "OBR": frozenset({2, 3, 16, 18, 19, 20, 28, 32, 33, 34, 35}),
    "OBX": frozenset({16}),
    "IPC": frozenset({1, 2}),
}
"""Fields whose words are looked for in free text."""
_DAY = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?=\d{0,6}(?:\.\d+)?(?:[+-]\d{4})?\Z)"
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    r"(?<![\w.])(?:\d{1,4}([-/.])\d{1,2}\1(?:\d{4}|\d{2})"
    rf"|\d{{1,2}}[-. ]{{1,2}}{_MONTH}[-,. ]{{1,2}}(?:\d{{4}}|\d{{2}})"
    rf"|{_MONTH}\.? \d{{1,2}},? ?\d{{4}})(?!\w)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvz", "aeiou"
_PART = re.compile(r"[^-']+")
_SHORTEST = 3  # letters of a name that is looked for in text; initials would hit everything
_SHORT_WORDS = frozenset(
    {
        "ad", "am", "an", "ap", "as", "at", "be", "by", "cm", "cn", "cs", "ct", "do", "dr", "go", "he", "if",
        "im", "in", "is", "it", "iv", "la", "le", "lp", "md", "me", "mm", "mr", "my", "no", "ny", "of", "oh",
        "on", "or", "pa", "pe", "po", "pt", "re", "rn", "so", "st", "to", "up", "us", "we",
    }
)  # fmt: skip
"""No name of two letters is looked for that is one of these."""
_COMMON = frozenset(
    {
        "the", "and", "for", "with", "from", "not", "none", "new", "old", "mri", "spine", "cord", "level",
        "levels", "left", "right", "cervical", "thoracic", "lumbar", "doctor", "nurse", "street", "road",
        "avenue", "unit", "ward", "main", "north", "south", "east", "west",
    }
)  # fmt: skip


@dataclass
class Names:
    """Stable replacements of one making; ``weeks`` back every day is moved."""

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    weeks: int = field(default_factory=lambda: 8 + secrets.randbelow(60))

    def other(self, value: str) -> str:
        """Another value of the same shape; the same one for the same value, whatever its case."""
        chance = self._chance(value)
        made = []
        for number, char in enumerate(value):
            byte = chance[number % len(chance)]
            if char.isdecimal():
                made.append(str((byte + number) % 10))
            elif char.isalpha():
                letters = _VOWELS if number % 2 else _CONSONANTS
                letter = letters[byte % len(letters)]
                made.append(letter.upper() if char.isupper() else letter)
            else:
                made.append(char)
        return "".join(made)

    def day(self, text: str) -> str:
        """A timestamp some whole weeks earlier, its time of day and offset as they were."""
        found = _DAY.match(text)
        if not found:
            return text
        try:
            day = datetime.strptime(found[0], "%Y%m%d") - timedelta(weeks=self.weeks)  # noqa: DTZ007 (a day)
        except ValueError:
            return text
        return day.strftime("%Y%m%d") + text[8:]

    def birth(self, text: str) -> str:
        """Another day of birth a year or two earlier."""
        found = _DAY.match(text)
        if not found:
            return self.other(text)
        chance = self._chance(text)
        year = int(text[:4]) - 1 - chance[0] % 2
        return f"{year:04d}{chance[1] % 12 + 1:02d}{chance[2] % 28 + 1:02d}" + re.sub(r"\d", "0", text[8:])

    def _chance(self, value: str) -> bytes:
        return hashlib.blake2b(value.casefold().encode(), key=self.salt, digest_size=32).digest()


@dataclass(frozen=True)
class Sample:
    """A message that names nobody, and how often which place of it was replaced."""

    raw: bytes
    replaced: Counter[str]


def deidentified(raw: bytes, names: Names, charset: str | None = None) -> Sample:
    """The message as a sample. Raises Unreadable when it cannot be taken apart: then it must not be kept."""
    message = parse(raw, charset)
    replaced: Counter[str] = Counter()
    words = _words_to_find(message)
    text, at = [], 0
    for segment in message.segments():
        text.append(_between(message.text[at : segment.start]))
        text.append(_segment(segment, names, words, replaced))
        at = segment.start + len(segment.text)
    text.append(_between(message.text[at:]) or "\r")
    return Sample("".join(text).encode(message.charset, "replace"), replaced)


def _between(text: str) -> str:
    """Line ends between segments. Lines that are no segment are left out: nobody knows what they say."""
    return "".join(char for char in text if char in "\r\n")


def _segment(segment: Segment, names: Names, words: frozenset[str], replaced: Counter[str]) -> str:
    bar, parts = segment.delimiters.field, list(segment.parts)
    for number in range(1, len(parts)):
        if segment.name == "MSH" and number <= 2:
            continue
        was = parts[number]
        parts[number] = _field(segment, number, was, names, words)
        if parts[number] != was:
            replaced[f"{segment.name}-{number}"] += 1
    return bar.join([parts[0], *parts[2:]] if segment.name == "MSH" else parts)


def _field(segment: Segment, number: int, raw: str, names: Names, words: frozenset[str]) -> str:
    name = segment.name
    if not raw or raw == '""':
        return raw
    if number in TEXT.get(name, ()):
        kind = segment.component(2).upper() if name == "OBX" else ""
        return _value(segment, kind, raw, names, words)
    if name == "PID" and number == 7:
        return names.birth(raw)
    if number in NUMBERS.get(name, ()):
        return _numbers(segment, raw, names)
    if number in KEPT.get(name, ()):
        days = _days(segment, raw, names)
        return days if name == "MSH" else _named(days, names, words)
    return _each(segment, raw, names)


def _value(segment: Segment, kind: str, raw: str, names: Names, words: frozenset[str]) -> str:
    """A value by its type: text and codes, a time, a document, else what may be a person, an address, a number."""
    if kind in ("ED", "RP"):
        return names.other(raw[:200])
    if kind in _TIMES:
        return _days(segment, raw, names)
    return _text(raw, names, words) if kind in _WORDS else _each(segment, raw, names)


def _days(segment: Segment, raw: str, names: Names) -> str:
    """Every part of a field that is a day, moved: one left where it was would tell by how much the others are."""
    marks = re.escape("".join(mark for mark in segment.delimiters[1:] if mark != " "))
    return re.sub(rf"[^{marks}]+", lambda found: names.day(found[0]), raw)


def _numbers(segment: Segment, raw: str, names: Names) -> str:
    marks = segment.delimiters
    made = []
    for one in _split(raw, marks.repetition):
        parts = _split(one, marks.component)
        # CX.2, .3, .4 and .5 say how and by whom the number was issued; any other part may name somebody
        parts = [part if 0 < place < 5 else names.other(part) for place, part in enumerate(parts)]
        made.append(marks.component.join(parts))
    return marks.repetition.join(made)


def _each(segment: Segment, raw: str, names: Names) -> str:
    """Every word of a field for itself, so that a number is replaced alike wherever it stands."""
    marks = re.escape("".join(mark for mark in segment.delimiters[1:] if mark != " "))
    return re.sub(rf"[^{marks}\s]+", lambda found: names.other(found[0]), raw)


def _split(raw: str, mark: str) -> list[str]:
    return raw.split(mark) if mark != " " else [raw]


def _text(raw: str, names: Names, words: frozenset[str]) -> str:
    """Free text: what the fields name, mail addresses, dates, and long numbers, which are rarely measures."""
    text = _MAIL.sub(lambda found: names.other(found[0]), raw)
    text = _DATE.sub(lambda found: _DIGITS.sub(lambda digits: names.other(digits[0]), found[0]), text)
    return _named(text, names, words, longest=5)


def _named(text: str, names: Names, words: frozenset[str], longest: int = 1000) -> str:
    """A text without the known names and numbers, and without numbers of more digits than ``longest``."""

    def instead(found: re.Match[str]) -> str:
        token = found[0]
        digits = token.replace("-", "")
        strange = digits.isdecimal() and len(digits) > longest
        if strange or _meant(token, words):
            return names.other(token)
        return _PART.sub(lambda part: names.other(part[0]) if _meant(part[0], words) else part[0], token)

    return _TOKEN.sub(instead, text)


def _meant(token: str, words: frozenset[str]) -> bool:
    """Whether it is one of the names; of two letters only with a capital, as names are written."""
    return token.casefold() in words and (len(token) >= _SHORTEST or token != token.lower())


def _words_to_find(message: Message) -> frozenset[str]:
    found: set[str] = set()
    for segment in message.segments():
        for number in _NAMED.get(segment.name, ()):
            for token in _TOKEN.findall(segment.field(number)):
                for word in {token, *_PART.findall(token)}:
                    long = len(word) >= (_SHORTEST if word.isalpha() else 4)
                    if long and word.casefold() not in _COMMON:
                        found.add(word.casefold())
    stated = message.first("PID")
    return frozenset(found - _issuers(stated) | _short_names(stated)) if stated else frozenset(found)


def _short_names(pid: Segment) -> set[str]:
    """Family and given names of two letters: of the patient alone, whose name matters most."""
    found = {word.casefold() for part in pid.components(5)[:3] for word in _TOKEN.findall(part)}
    return {word for word in found if len(word) == 2 and word.isalpha()} - _SHORT_WORDS


def _issuers(pid: Segment) -> set[str]:
    """Words of CX.4 and CX.5, which stay where they are and are nobody's name."""
    found: set[str] = set()
    for number in NUMBERS["PID"]:
        for rep in range(1, len(pid.repetitions(number)) + 1):
            for part in pid.components(number, rep)[1:5]:
                found |= {token.casefold() for token in _TOKEN.findall(part)}
    return found
