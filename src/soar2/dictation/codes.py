"""The codes of what the macro says: RadElement where its sets have the value, SNOMED CT for levels, else our own.

Both ways, and without loss for every value those sets hold: ``codings_of`` gives all codes of a value, the first
of them is the one to send; ``value_of`` reads any of them back. RadElement sets RDES21 (SINS) and RDES288
(ESCC): values are numbered in the order of the published set. They lack L6, T13, S5 and the occiput, half a body's
height, a collapse that cannot be told, the scale below the conus, cord signal and change since the prior; those
travel in our own code system, whose codes are ``field.word``.

Sources: RadElement as re-exported in the Open Imaging Finding Model (OIFM_CDE_000021, OIFM_CDE_000288, April
2026); SNOMED CT whole vertebrae from DICOM CID 7603, bodies from the TG-263 map of mCODE (C1 and C2 share one
code, S1 to S5 are bodies alone).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from soar2.criteria.anatomy import LEVELS
from soar2.dictation.template import FIELD

RADELEMENT = "https://radelement.org"
SNOMED = "http://snomed.info/sct"
OWN = "urn:soar2:spine-oncology-macro"
SINS_SET, ESCC_SET = "RDES21", "RDES288"
NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Coding:
    """One code. ``display`` is the code's own name, not ours."""

    system: str
    code: str
    display: str


#: Element, and its values in the published order: (their name, our word). RadElement's *unknown* is *not stated*.
_ELEMENTS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "lesion": (
        "RDE153",
        (("blastic", "blastic"), ("mixed", "mixed"), ("lytic", "lytic"),
         ("indeterminate", "indeterminate"), ("unknown", NOT_STATED)),
    ),
    "alignment": (
        "RDE154",
        (("preserved", "normal"), ("deformed", "deformity"), ("subluxated", "subluxation"),
         ("indeterminate", "indeterminate"), ("unknown", NOT_STATED)),
    ),
    "collapse": (
        "RDE155",
        (("none", "none"), ("less than 50 percent collapse", "lt50"), ("more than 50 percent collapse", "gt50"),
         ("no collapse with more 50 percent vertebral body involved", "none_gt50_involved")),
    ),
    "posterolateral": (
        "RDE156",
        (("absent", "none"), ("unilateral", "unilateral"), ("bilateral", "bilateral"),
         ("indeterminate", "indeterminate"), ("unknown", NOT_STATED)),
    ),
    "escc": ("RDE1998", tuple((f"grade {grade}", grade) for grade in ("0", "1a", "1b", "1c", "2", "3"))),
}  # fmt: skip
_LEVEL_ELEMENT = "RDE151"
_RADELEMENT_LEVELS = (
    *(f"T{n}" for n in range(1, 13)), *(f"C{n}" for n in range(1, 8)), *(f"S{n}" for n in range(1, 5)),
    *(f"L{n}" for n in range(1, 6)),
)  # fmt: skip

_VERTEBRA = {
    "C1": "14806007", "C2": "39976000", "C3": "113205007", "C4": "5329002", "C5": "36978003", "C6": "36054005",
    "C7": "87391001", "T1": "64864005", "T2": "53733008", "T3": "1626008", "T4": "73071006", "T5": "56401006",
    "T6": "45296009", "T7": "62487009", "T8": "11068009", "T9": "82687006", "T10": "7610001", "T11": "12989004",
    "T12": "23215003", "L1": "66794005", "L2": "14293000", "L3": "36470004", "L4": "11994002", "L5": "49668003",
}  # fmt: skip
_BODY = {
    "C3": "91116008", "C4": "14705001", "C5": "67479001", "C6": "88298007", "C7": "16126006", "T1": "56094003",
    "T2": "50060007", "T3": "73138009", "T4": "86197001", "T5": "6105006", "T6": "32430008", "T7": "71737002",
    "T8": "77435000", "T9": "33766003", "T10": "48405002", "T11": "52120002", "T12": "280849005",
    "L1": "61032001", "L2": "53983007", "L3": "55492004", "L4": "71996003", "L5": "21799000",
    "S1": "65985001", "S2": "11808007", "S3": "49967005", "S4": "69950008", "S5": "21452006",
}  # fmt: skip


def element_of(key: str) -> str:
    """The RadElement element of a field, ``level`` included; empty where its sets have none."""
    return _LEVEL_ELEMENT if key == "level" else _ELEMENTS[key][0] if key in _ELEMENTS else ""


def codings_of(key: str, word: str) -> tuple[Coding, ...]:
    """Every code of a closed word, the one to send first; ``key`` is a field's key or ``level``.

    Raises KeyError for a field without closed words and ValueError for a word it does not have.
    """
    if word not in _words(key):
        raise ValueError(f"{key} has no word {word!r}")
    return tuple(coding for coding in _all(key) if _BACK[coding.system, coding.code] == (key, word))


def value_of(system: str, code: str) -> tuple[str, str] | None:
    """(field or ``level``, closed word) of a code; None for one that is in no table here."""
    return _BACK.get((system, code))


def own_words() -> Iterator[tuple[str, str]]:
    """(field, word) of every value that RadElement and SNOMED CT do not hold: what only our own system carries."""
    for key in ("level", *_closed()):
        for word in _words(key):
            if {coding.system for coding in codings_of(key, word)} == {OWN}:
                yield key, word


def code_system() -> dict[str, object]:
    """Our own code system as a FHIR R4 CodeSystem: a code for every closed word, those others hold too included."""
    return {
        "resourceType": "CodeSystem",
        "url": OWN,
        "name": "SpineOncologyMacro",
        "title": "Words of the spine oncology macro",
        "status": "draft",
        "content": "complete",
        "caseSensitive": True,
        "count": sum(len(_words(key)) for key in ("level", *_closed())),
        "concept": [
            {"code": f"{key}.{word}", "display": _display(key, word)}
            for key in ("level", *_closed())
            for word in _words(key)
        ],
    }


def _closed() -> tuple[str, ...]:
    return tuple(key for key, field in FIELD.items() if field.choices)


def _words(key: str) -> tuple[str, ...]:
    if key == "level":
        return LEVELS
    words = tuple(choice.word for choice in FIELD[key].choices)
    if not words:
        raise KeyError(key)
    return (*words, NOT_STATED)


def _display(key: str, word: str) -> str:
    if key == "level":
        return word
    shown = {choice.word: choice.shown for choice in FIELD[key].choices}
    return f"{FIELD[key].label} {shown.get(word, 'not stated')}"


def _all(key: str) -> Iterator[Coding]:
    if key == "level":
        yield from (Coding(SNOMED, code, f"Vertebra {level}") for level, code in _VERTEBRA.items())
        yield from (Coding(SNOMED, code, f"Body of {level}") for level, code in _BODY.items())
        named = enumerate(_RADELEMENT_LEVELS)
        yield from (Coding(RADELEMENT, f"{_LEVEL_ELEMENT}.{n}", level) for n, level in named)
    elif key in _ELEMENTS:
        element, values = _ELEMENTS[key]
        yield from (Coding(RADELEMENT, f"{element}.{n}", name) for n, (name, _) in enumerate(values))
    yield from (Coding(OWN, f"{key}.{word}", _display(key, word)) for word in _words(key))


def _table() -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    yield from (
        ((SNOMED, code), ("level", level)) for table in (_VERTEBRA, _BODY) for level, code in table.items()
    )
    named = enumerate(_RADELEMENT_LEVELS)
    yield from (((RADELEMENT, f"{_LEVEL_ELEMENT}.{n}"), ("level", level)) for n, level in named)
    for key, (element, values) in _ELEMENTS.items():
        yield from (((RADELEMENT, f"{element}.{n}"), (key, word)) for n, (_, word) in enumerate(values))
    yield from (
        ((OWN, f"{key}.{word}"), (key, word)) for key in ("level", *_closed()) for word in _words(key)
    )


def _unique(
    pairs: Iterator[tuple[tuple[str, str], tuple[str, str]]],
) -> dict[tuple[str, str], tuple[str, str]]:
    """A code that stands for two values would silently become one of them: refused when the module loads."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for code, value in pairs:
        if found.setdefault(code, value) != value:
            raise ValueError(f"{code} stands for {found[code]} and {value}")
    return found


_BACK = _unique(_table())
