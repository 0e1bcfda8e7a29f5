"""From sentences to statements with their levels: where a sentence that names none belongs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from soar2.dictation.freetext.mentions import Mention
from soar2.dictation.freetext.sections import ADDENDUM, HISTORY, NOT_TODAY, Said
from soar2.dictation.freetext.sentence import Read, moved_level, read_sentence
from soar2.dictation.statements import Place


@dataclass(slots=True)
class Fact:
    """A mention bound to its levels, at its place in the report."""

    mention: Mention
    levels: tuple[str, ...]
    place: Place
    section: str
    region: str = ""
    cause: str = ""
    block: int = 0


@dataclass(slots=True)
class Aside:
    """Words that were set aside, and why."""

    place: Place
    why: str


@dataclass(slots=True)
class Prose:
    """What the report's prose says, bound to levels."""

    facts: list[Fact] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    conus: str | None = None
    conus_place: Place | None = None
    cancer: bool = False
    overruled: bool = False
    #: Levels that an addendum corrects: (as written, as meant).
    renamed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Topic:
    """What the sentences under one heading are speaking of."""

    block: int = -1
    levels: tuple[str, ...] = ()
    cause: str = ""
    tumour: bool = False
    region: str = ""
    label: str = ""


def bind(sentences: Iterable[Said]) -> Prose:
    """Every statement about today, with its levels; and what was set aside."""
    prose = Prose()
    topic = _Topic()
    for said in sentences:
        read = read_sentence(said.lower)
        if said.section in NOT_TODAY:
            _not_today(prose, said, read)
            continue
        if said.block != topic.block:
            topic = _Topic(block=said.block)
        if read.label == "other" and topic.label == "level":
            topic.levels, topic.cause, topic.tumour = (), "", False
        _take(prose, topic, said, read)
        _move(topic, read)
    _renamed(prose)
    return prose


def _renamed(prose: Prose) -> None:
    """An addendum that moves a finding: *at T9, not T8*."""
    for wrong, right in prose.renamed:
        for fact in prose.facts:
            if wrong in fact.levels and fact.section != ADDENDUM:
                fact.levels = tuple(right if level == wrong else level for level in fact.levels)
                prose.overruled = True


def _not_today(prose: Prose, said: Said, read: Read) -> None:
    if said.section == HISTORY and any(m.word == "yes" for m in read.cancer):
        prose.cancer = True
    for mention in read.mentions:
        prose.asides.append(Aside(_place(said, mention), said.section))


def _place(said: Said, mention: Mention) -> Place:
    return said.place(mention.start, mention.end)


def _take(prose: Prose, topic: _Topic, said: Said, read: Read) -> None:
    if read.conus and prose.conus is None:
        prose.conus, prose.conus_place = read.conus, Place(said.start, said.end)
    if said.section == ADDENDUM and (moved := moved_level(said.lower)):
        prose.renamed.append(moved)
        return
    spoken = _spoken_of(topic, said.lower)
    everywhere = bool(_EVERYWHERE.search(said.lower))
    for mention in read.mentions:
        place = _place(said, mention)
        if mention.item == "cancer":
            prose.cancer = prose.cancer or (mention.word == "yes" and not mention.standing)
            continue
        if mention.standing:
            prose.asides.append(Aside(place, mention.standing))
            continue
        levels, cause = mention.levels, mention.cause
        if not levels and not mention.other and not everywhere and _same_region(topic, read):
            levels = spoken
        if (
            not cause
            and topic.cause
            and not topic.tumour
            and (not mention.levels or set(mention.levels) <= set(topic.levels))
        ):
            cause = topic.cause
        region = read.region or topic.region
        prose.facts.append(Fact(mention, levels, place, said.section, region, cause, said.block))


_EVERYWHERE = re.compile(r"\b(?:either|both|any|all|each|every)(?: of (?:these|the))? levels?\b")


def _spoken_of(topic: _Topic, words: str) -> tuple[str, ...]:
    """The levels spoken of; *the former* and *the latter* are the first and the last of them."""
    if words.startswith(("the latter", "latter")):
        return topic.levels[-1:]
    return topic.levels[:1] if words.startswith(("the former", "former")) else topic.levels


def _same_region(topic: _Topic, read: Read) -> bool:
    return not read.region or all(level[0] in read.region for level in topic.levels)


def _move(topic: _Topic, read: Read) -> None:
    """What the next sentence goes on about."""
    if read.label:
        topic.label = read.label
    if read.disc and read.levels and topic.levels and topic.tumour and not read.tumour:
        return  # a remark on a disc in between
    if read.levels:
        if read.levels != topic.levels:
            topic.cause, topic.tumour = "", False
        topic.levels = read.levels
    elif read.region:
        topic.levels, topic.cause, topic.tumour = (), "", False
        topic.region = read.region
    topic.tumour = topic.tumour or read.tumour
    topic.cause = read.cause or topic.cause
