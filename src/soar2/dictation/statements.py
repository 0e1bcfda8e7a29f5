"""What one piece of text says about one thing, with the place of its words."""

from typing import NamedTuple

from soar2.criteria.escc import GradeRange


class Place(NamedTuple):
    """Half-open span of characters in the report's text: ``text[start:end]`` are the words."""

    start: int
    end: int


class Statement(NamedTuple):
    """One item at one level: a closed word of the template."""

    item: str
    word: str
    place: Place


class Epidural(NamedTuple):
    """One statement about epidural disease.

    ``how``: ``graded`` (an ESCC grade), ``below`` (a below-conus word, kept in ``word``), ``described``
    (words without a grade), ``excludes`` (no cord compression: it rules grades out but gives none) or
    ``hedge`` (compression not excluded: it raises the upper end). ``prose`` marks words outside the macro.
    """

    range: GradeRange
    how: str
    place: Place
    word: str = ""
    prose: bool = False


class Flag(NamedTuple):
    """Something a person must look at: a short key, and the words, verbatim."""

    key: str
    words: str
    place: Place
