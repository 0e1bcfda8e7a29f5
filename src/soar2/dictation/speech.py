"""What speech recognition and typing make of the macro's words: grades as heard, words misspelt by a letter or two."""

import re
from functools import lru_cache

_LETTER = {"see": "c", "sea": "c", "cee": "c", "bee": "b", "be": "b", "ay": "a", "eh": "a"}
_HEARD = re.compile(r"(?<=[1e])\s?-?\s?(see|sea|cee|bee|be|ay|eh)\b")
_ROMAN = re.compile(r"\b(iii|ii|i(?=\s?-?\s?(?:[abc]\b|see|sea|cee|bee|be|ay)|\b))")
_VALUE = {"i": "1", "ii": "2", "iii": "3"}


def spoken_grade(words: str) -> str:
    """*One see*, *won C*, *II*, *1-C* in lower case as the grade that was meant."""
    plain = re.sub(r"\bwon\b", "one", words)
    plain = _ROMAN.sub(lambda m: _VALUE[m[1]], plain)
    return _HEARD.sub(lambda m: _LETTER[m[1]], plain)


@lru_cache(maxsize=4096)
def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """The only word of ``known`` that ``word`` misspells: by one letter, from eight letters on by two. None otherwise."""
    if len(word) < 5 or word in known:
        return None
    allowed = 2 if len(word) >= 8 else 1
    found = [
        k
        for k in known
        if k[0] == word[0] and abs(len(k) - len(word)) <= allowed and _distance(word, k) <= allowed
    ]
    return found[0] if len(found) == 1 else None


def _distance(one: str, two: str) -> int:
    """Letters wrong, missing or too many; two swapped neighbours count as one."""
    before2: list[int] = []
    before = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            best = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                best = min(best, before2[j - 2] + 1)
            row.append(best)
        before2, before = before, row
    return before[-1]
