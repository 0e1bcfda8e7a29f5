"""What a sentence without a level is about: the level whose line or paragraph it stands in, else a region.

*T8: lytic lesion. No epidural extension.* speaks of T8 and of no other level.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from soar2.dictation import levels as level_words
from soar2.dictation.sentences import Sentence, blank_comparisons, same_paragraph

#: Names of MRI sequences that look like levels.
_SEQUENCE = re.compile(
    r"\bt[12](?:\s*(?:and|/|,|&|or)\s*t[12])*(?:[\s-]*(?:weighted|w\b|wi\b|hyper\w*|hypo\w*|signal|bright|dark|iso\w*|"
    r"prolong\w*|sequence\w*|images?|stir|flair|fat|fs\b|fse|tse|axial|sagittal|shorten\w*|marrow))"
)
_REGION = re.compile(
    r"\b(?:(?P<C>cervical|c-?spine)|(?P<T>thoracic|dorsal|t-?spine)|(?P<L>lumb(?:ar|osacral)|l-?spine)"
    r"|(?P<S>sacr(?:al|um)))\b(?!\s*[-.]?\s*\d)",
    re.I,
)
_CONCLUSION = re.compile(r"impression|conclusion|summary|opinion", re.I)
_LEADS = re.compile(r"\s*(?:[-*•]\s*)?(?:(?:at|the|level)\s+)*", re.I)


#: Sentences back at which one still looks for the level spoken of; so the work grows with the length of a text only.
_FARTHEST = 20


@dataclass(frozen=True, slots=True)
class Context:
    """``levels``: those the paragraph was speaking of, ``sure`` when it can only mean these. ``region``: first
    letters of the levels of the region named in the sentence or over it; empty when none is."""

    levels: tuple[str, ...] = ()
    sure: bool = False
    region: str = ""
    heading: str = ""

    @property
    def everywhere(self) -> bool:
        """A denial that stands here is about the whole spine: in the conclusion, or under no heading at all."""
        return not self.heading or bool(_CONCLUSION.search(self.heading))


NO_CONTEXT = Context()


def named_levels(sentence: str) -> list[level_words.Named]:
    """Lists and ranges of levels in a sentence in lower case; T1 and T2 of sequences are none."""
    return level_words.find(_SEQUENCE.sub(lambda m: " " * len(m.group()), sentence))


def context_of(text: str, prose: Sequence[Sentence], n: int) -> Context:
    """The context of the ``n``-th sentence, which names no level itself."""
    here = prose[n]
    region = _region(here.lower)
    if not region:
        for at in range(n - 1, max(n - _FARTHEST, -1), -1):
            if not same_paragraph(text, prose[at], prose[at + 1]):
                break
            words = blank_comparisons(prose[at].lower)
            named = [spec for spec in named_levels(words) if spec.levels]
            if named:
                return _spoken_of(words, named, here.heading)
    return Context(region=region or _region(here.heading), heading=here.heading)


def _spoken_of(words: str, named: list[level_words.Named], heading: str) -> Context:
    """The level or list with which the sentence begins, else its only level, else any of those named."""
    lead = _LEADS.match(words)
    if lead and named[0].start == lead.end():
        return Context(named[0].levels, True, heading=heading)
    levels = tuple(dict.fromkeys(level for spec in named for level in spec.levels))
    return Context(levels, len(levels) == 1, heading=heading)


def _region(words: str) -> str:
    found = {match.lastgroup or "" for match in _REGION.finditer(words)}
    return "".join(sorted(found)) + ("S" if "L" in found and "S" not in found else "")
