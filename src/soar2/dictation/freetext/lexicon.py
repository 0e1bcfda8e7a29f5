"""The words that the grammar knows, each with its tag. Everything else in a sentence is filler.

A phrase is written once with ``|`` between alternatives of one word; American and British spellings are made the
same word first (``plain_word``). The longest phrase wins, so *compression fracture* is no compression.
"""

import tomllib
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import NamedTuple


class Entry(NamedTuple):
    """What a phrase stands for: its tags and, for an action, its group and form (``press v``)."""

    tags: frozenset[str]
    action: str = ""


_FILE = tomllib.loads(files("soar2.dictation.freetext").joinpath("phrases.toml").read_text(encoding="utf-8"))
_SAME: dict[str, str] = {other: word for word, others in _FILE["spelling"].items() for other in others}


def plain_word(word: str) -> str:
    """One spelling for each word of the lexicon."""
    return _SAME.get(word, word)


# ---------------------------------------------------------------------------------- misspelt words
# One letter wrong, missing, doubled or swapped in a long word whose loss would hide a finding.

_SPELT = """metastasis metastatic metastases compression compressing compresses compressed epidural extradural thecal
    obliterated obliterates effacement effaced myeloma plasmacytoma lymphoma malignant subluxation collapse
    bilateral unilateral pathologic fracture indenting indents deforming deforms flattening flattens displacing
    displaces abutting contacting haematoma abscess hyperintensity posterior pedicle sclerotic blastic
    progression unchanged extension vertebral stenosis cauda equina""".split()  # noqa: SIM905


def _shortened(word: str) -> set[str]:
    return {word[:n] + word[n + 1 :] for n in range(len(word))}


_NEIGHBOURS: dict[str, str] = {}
for _word in _SPELT:
    if len(_word) >= 7:
        for _short in _shortened(_word) | {_word}:
            _NEIGHBOURS.setdefault(_short, _word)


@lru_cache(maxsize=8192)
def respelt(word: str) -> str:
    """The known word that ``word`` misspells by one letter, else ``word`` itself."""
    if len(word) < 7 or word in _SAME or (word,) in PHRASES or not word.isascii():
        return word
    known = _NEIGHBOURS.get(word)
    if known is None:
        known = next((_NEIGHBOURS[s] for s in _shortened(word) if s in _NEIGHBOURS), None)
    if (
        known is None
        or known[0] != word[0]
        or abs(len(known) - len(word)) > 1
        or known[:-1] == word
        or known + "s" == word
    ):
        return word
    return known


# ------------------------------------------------------------------------------------------ actions
# What tumour does to the sac, the cord, the fluid or the canal. Forms: v (compresses), g (compressing),
# p (compressed), n (compression).

_VERBS = {
    "press": ("compress", "flatten", "deform", "distort", "displac:e", "squeez:e", "squash", "imping:e", "indent",
              "impress", "pinch", "buckl:e", "splay", "constrict", "crush", "crowd", "kink", "push",
              "shift", "drap:e", "bow", "mold", "mould", "stretch", "nudg:e", "threaten", "sandwich", "trap+p",
              "entrap+p", "strangulat:e"),
    "efface": ("effac:e", "obliterat:e", "occlud:e", "block"),
    "touch": ("abut+t", "contact", "touch", "reach", "kiss"),
    "encase": ("encas:e", "surround", "encircl:e", "envelop"),
    "narrow": ("narrow", "stenos:e", "compromis:e", "attenuat:e", "encroach"),
    "fill": ("fill", "occupy"),
}  # fmt: skip
_NOUNS = {
    "press": ("compression", "deformity", "deformation", "distortion", "displacement", "impingement", "indentation",
              "mass effect"),
    "efface": ("effacement", "obliteration", "occlusion"),
    "touch": ("abutment",),
    "encase": ("encasement", "encirclement"),
    "narrow": ("narrowing", "stenosis", "stenoses", "compromise", "encroachment"),
}  # fmt: skip


def _verb_forms(verb: str) -> dict[str, str]:
    stem, _, ending = verb.partition(":")
    stem, _, doubled = stem.partition("+")
    base = stem + ending
    joined = stem + doubled
    s = base + ("es" if base.endswith(("ss", "sh", "ch")) else "s")
    return {base: "v", s: "v", joined + "ing": "g", joined + "ed": "p"}


def _actions() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for group, verbs in _VERBS.items():
        for verb in verbs:
            for form, kind in _verb_forms(verb).items():
                found[form] = Entry(frozenset(("ACT",)), f"{group} {kind}")
    for group, nouns in _NOUNS.items():
        for noun in nouns:
            found[noun] = Entry(frozenset(("ACT",)), f"{group} n")
    for phrase in ("reduced to a ribbon", "reduced to a slit"):
        found[phrase] = Entry(frozenset(("ACT",)), "press p")
    for word in ("thinned", "thinning"):
        found[word] = Entry(frozenset(("ACT",)), f"press {'p' if word.endswith('ed') else 'g'}")
    found["mass affect"] = found["mass effect"]
    found["occupies"] = found["occupy"]
    for phrase in ("impression on", "impression upon", "pressure on", "impressing on"):
        found[phrase] = Entry(frozenset(("ACT",)), "press v")
    for phrase in (
        "lies against",
        "lie against",
        "lying against",
        "rests on",
        "resting on",
        "extends up to",
        "in contact with",
        "comes into contact with",
    ):
        found[phrase] = Entry(frozenset(("ACT",)), "touch v")
    return found


def _expanded() -> dict[tuple[str, ...], Entry]:
    phrases: dict[tuple[str, ...], Entry] = {
        tuple(plain_word(w) for w in a.split()): entry for a, entry in _actions().items()
    }
    for tag, listed in _FILE["phrases"].items():
        for phrase in listed:
            for words in product(*(word.split("|") for word in phrase.split())):
                key = tuple(plain_word(w) for w in words)
                known = phrases.get(key, _NOTHING)
                phrases[key] = Entry(known.tags | {tag}, known.action)
    return phrases


_NOTHING = Entry(frozenset())
PHRASES = _expanded()


def _lengths() -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for phrase in PHRASES:
        found.setdefault(phrase[0], set()).add(len(phrase))
    return {first: tuple(sorted(lengths, reverse=True)) for first, lengths in found.items()}


#: First word -> lengths of the phrases that begin with it, the longest first.
LENGTHS = _lengths()
#: Tags of causes that are not this programme's; all but the last are dangers by themselves.
CAUSES = ("abscess", "infection", "haematoma", "unstable_fracture", "benign_tumour", "harmless")
