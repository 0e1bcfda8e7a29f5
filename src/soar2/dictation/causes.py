"""Causes in words: tumour of the programme, or one of the dangers that belong to somebody else."""

import re

# These patterns read words in lower case.
# Metastasis, myeloma, lymphoma, malignancy of unknown origin; intramedullary and leptomeningeal metastasis
# belong to the programme as well.
TUMOUR = re.compile(
    r"\b(?:metasta\w+|myeloma\w*|plasm[ao]cytoma\w*|lymphoma\w*|malignan\w+|carcinoma\w*|neoplas\w+|tumou?rs?|"
    r"intramedullary|leptomeningeal|mets?)\b",
)
#: Each outside danger and the words that name it.
DANGER: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("abscess", re.compile(r"\babscess(?:es)?\b|\bphlegmon\b")),
    (
        "infection",
        re.compile(
            r"\b(?:disc?itis|disk?itis|osteomyelitis|spondylodisc?itis|spondylodisk?itis)\b"
            r"|\b(?:spinal|epidural|vertebral|disc|disk)\s+infection\b|\binfectious\s+(?:spondyl\w+|process)\b",
        ),
    ),
    ("haematoma", re.compile(r"\b(?:epidural|subdural|spinal|intraspinal)\s+ha?ematomas?\b")),
    (
        "unstable_fracture",
        re.compile(
            r"\bunstable\b[^.;]{0,40}\bfractures?\b|\bfractures?\b[^.;]{0,40}\bunstable\b|\bfracture[- ]dislocation\b",
        ),
    ),
)  # fmt: skip
#: Non-tumour causes of compression; not dangerous by themselves.
HARMLESS = re.compile(
    r"\b(?:dis[ck]s?|herniat\w+|protrusion|extrusion|bulg\w+|steno\w+|spondylo(?!disc?itis)\w+|degenerat\w+|osteophyt\w+|"
    r"ligament\w*|lipomatosis|osteoporo\w+|benign|insufficiency|trauma\w*|burst|retropuls\w+|schmorl\w*)\b",
)
BENIGN_TUMOUR = re.compile(
    r"\b(?:ha?emangiomas?|schwannomas?|meningiomas?|neurofibromas?|ependymomas?|chordomas?|osteoid osteoma|"
    r"osteoblastomas?|astrocytomas?|primary (?:bone |spinal )?tumou?rs?|benign tumou?rs?)\b",
)
_LABEL_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("abscess", re.compile(r"abscess|phlegmon", re.I)),
    ("infection", re.compile(r"infect|disc?itis|disk?itis|osteomyelitis", re.I)),
    ("haematoma", re.compile(r"ha?ematoma", re.I)),
    ("unstable_fracture", re.compile(r"unstable[ _]?\w*[ _]?fracture|fracture[ -]dislocation", re.I)),
    (
        "primary_or_benign_tumour",
        re.compile(
            r"primary|benign[ _]tumou?r|ha?emangioma|schwannoma|meningioma|ependymoma|neurofibroma|chordoma", re.I
        ),
    ),
    ("compression", re.compile(r"compression", re.I)),
)  # fmt: skip
_NOTHING = re.compile(r"\s*(?:no|none|nil|nothing|absent|n/a|not stated|-+)?\s*\.?\s*", re.I)


def named_outside(words: str) -> tuple[str, ...]:
    """The dangers named after an *Outside* label; ``other`` for words that are none of them, nothing for *none*."""
    if _NOTHING.fullmatch(words):
        return ()
    named = tuple(
        key for key, pattern in _LABEL_WORDS if pattern.search(words) and not _denied(words, pattern)
    )
    if named:
        return named
    return () if re.match(r"\s*(?:no|without)\b", words, re.I) else ("other",)


def _denied(words: str, pattern: re.Pattern[str]) -> bool:
    found = pattern.search(words)
    return found is not None and bool(re.search(r"\b(?:no|without|not)\b", words[: found.start()], re.I))


def outside_cause(words: str) -> str | None:
    """``danger`` key, ``benign_tumour`` or ``harmless`` when the words give a cause that is not this programme's
    tumour; None otherwise. Tumour named beside it keeps the level in the programme."""
    if BENIGN_TUMOUR.search(words):
        return "primary_or_benign_tumour"
    if TUMOUR.search(words):
        return None
    for key, pattern in _LABEL_WORDS[:4]:
        if pattern.search(words):
            return key
    return "harmless" if HARMLESS.search(words) else None
