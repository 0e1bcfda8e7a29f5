"""What in a sentence is denied, doubted, past, planned or somebody else's: one mark for each item.

One pass from left to right, as a listener would take it. A denial reaches over a list (*no fracture, epidural
disease or cord compression*) and ends where something new is asserted (*no fracture, T8 tumour compresses the cord*).
Where the words leave it open, the end of the denial is preferred: a finding read twice harms less than one missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from soar2.dictation.freetext.items import Item

#: Items that a denial or doubt can be about.
CONCEPT = frozenset(
    """ACT EPI INTO TUMOUR LESION SIGNAL SLIP DEFORM HEIGHT PEDICLE PLANA MSCC abscess infection haematoma
    unstable_fracture benign_tumour harmless CORDCOMP LYTIC BLASTIC MIXED WORSE BETTER TREAT SPINOUS CANCER""".split()  # noqa: SIM905
)
_SEEN = frozenset(("seen", "identified", "present", "noted"))
_HEAD = frozenset(("at", "the", "in", "of", "from", "a", "level", "an", "there", "is"))
_SINGULAR = frozenset(("is", "was", "has", "hasn't"))


@dataclass(slots=True)
class Scope:
    """Marks by item: ``denied`` holds the kind of denial (no, without, not, new, severe) or ''."""

    denied: list[str]
    doubted: list[bool]
    aside: list[str]
    excepted: list[int] = field(default_factory=list)
    #: Denied by words such as *has resolved* or *is not seen today*: of today, whatever came before.
    gone: set[int] = field(default_factory=set)

    def standing(self, n: int) -> bool:
        return not self.denied[n] and not self.aside[n]


def scope_of(items: Sequence[Item], tags: frozenset[str]) -> Scope:
    """The marks of a sentence; ``tags``: all tags of its items."""
    count = len(items)
    scope = Scope([""] * count, [False] * count, [""] * count)
    if tags & _DENIALS:
        _deny(items, scope)
    if tags & _DOUBTS:
        _doubt(items, scope)
    if tags & _ASIDES or any(item.word in ("in", "old") for item in items):
        _set_aside(items, scope)
    return scope


_DENIALS = frozenset(("GONE", "NO", "WITHOUT", "NOT", "NOTSEVERE", "NONEW", "POSTNO", "NIL", "EXCEPT"))
_DOUBTS = frozenset(("MAYBE", "HEDGE"))
_ASIDES = frozenset(("BACK", "PLAN", "ADVICE", "SHOULD", "FAMILY", "AGO"))

# ------------------------------------------------------------------------------------------- denial


def _deny(items: Sequence[Item], scope: Scope) -> None:
    kind, begun = "", 0
    for n, item in enumerate(items):
        tags = item.tags
        if "POSTNO" in tags:
            _deny_back(items, n, scope)
            kind = ""
        elif "NO" in tags and not _is_value(items, n):
            kind, begun = "no", n
        elif "GONE" in tags and not _is_value(items, n):
            # "absent epidural disease", but "epidural disease absent"
            kind, begun = ("no", n) if _before_concept(items, n) else ("", n)
            if not kind and not any("NOW" in later.tags for later in items[n + 1 :]):
                _deny_back(items, n, scope)
        elif "NIL" in tags and _is_value(items, n):
            _deny_label(items, n, scope)
            kind = ""
        elif "WITHOUT" in tags:
            kind, begun = "without", n
        elif "NOT" in tags:
            kind, begun = "not", n
        elif "NONEW" in tags:
            kind, begun = "new", n
        elif "NOTSEVERE" in tags:
            kind, begun = "severe", n
        elif kind and _ends(items, n, kind, begun):
            kind = ""
        if "EXCEPT" in tags:
            scope.excepted.append(n)
            kind = ""
        if kind and n != begun:
            scope.denied[n] = kind


def _before_concept(items: Sequence[Item], n: int) -> bool:
    return n + 1 < len(items) and bool(items[n + 1].tags & (CONCEPT | {"CORD"}))


def _is_value(items: Sequence[Item], n: int) -> bool:
    """*Epidural disease: none*, *cord compression - absent*, *(no)*: the word closes a label instead of opening a
    denial."""
    if n == 0 or "NIL" not in items[n].tags:
        return False
    before = items[n - 1].word
    after = items[n + 1].word if n + 1 < len(items) else "."
    closed = after in (".", ",", ";", ")", "]", "|", ":") or n + 1 >= len(items)
    if before in (":", "(", "=", "-", "[", "|", "?"):
        return closed
    return before in ("is", "are", "was", "were") and items[n].word in (
        "absent",
        "negative",
        "none",
        "nil",
        "normal",
    )


def _deny_label(items: Sequence[Item], n: int, scope: Scope) -> None:
    if items[n].word in ("n / a", "not applicable"):
        return
    at = n - 2 if items[n - 1].tags == frozenset() else n - 1
    while at >= 0 and "STOP" not in items[at].tags and items[at].word not in (".", "|", ")", "("):
        if items[at].tags & CONCEPT or "CORD" in items[at].tags:
            scope.denied[at] = scope.denied[at] or "no"
        at -= 1


def _deny_back(items: Sequence[Item], n: int, scope: Scope) -> None:
    """*Cord compression is not seen*; *epidural disease and cord compression are not seen*. What an earlier scan did
    not show is new."""
    after = items[n + 1 : n + 5]
    if items[n].word.startswith(("not", "is not", "are not")) and any("BACK" in item.tags for item in after):
        return
    before = items[n - 1].word if n else ""
    first = items[n].word.split()[0]
    singular = before in _SINGULAR or first in _SINGULAR
    at = n - 1
    while at >= 0 and "STOP" not in items[at].tags and items[at].word != ".":
        if singular and "AND" in items[at].tags and not _nominal(items, at, n):
            break
        if "WITH" in items[at].tags and items[at].word in ("with", "causing", "which") and _told(items, at):
            break
        if items[at].tags & CONCEPT and "TREAT" not in items[at].tags:
            scope.denied[at] = scope.denied[at] or "no"
            scope.gone.add(at)
        at -= 1


def _nominal(items: Sequence[Item], at: int, n: int) -> bool:
    """Whether nothing but a level stands between a comma and the denial: *cord compression at T8, is not seen*."""
    return not any(item.tags & CONCEPT for item in items[at + 1 : n])


def _told(items: Sequence[Item], at: int) -> bool:
    return any(item.tags & CONCEPT for item in items[at + 1 : at + 6])


def _ends(items: Sequence[Item], n: int, kind: str, begun: int) -> bool:
    """Whether the denial that began at ``begun`` ends before item ``n``."""
    tags, word = items[n].tags, items[n].word
    if "STOP" in tags or word in (".", ":", ")"):
        return True
    if "NOW" in tags or word.partition(" ")[0] in (
        "after",
        "following",
        "despite",
        "because",
        "since",
        "given",
    ):
        return True
    if "WITH" in tags:
        if word in ("there is", "there are", "there's", "has", "have"):
            return n > begun + 1
        comma = n > 0 and items[n - 1].word == ","
        if word in ("which", "where") and (comma or kind != "no"):
            return True
        return comma or kind in ("without", "not") or (_level_between(items, begun, n) and word == "with")
    if "OR" in tags:
        return False
    if word == "-" and 0 < n < len(items) - 1 and items[n - 1].end < items[n].start < items[n + 1].start - 1:
        return True
    if word == "show" and n > begun + 1:
        return True  # "MRI without contrast shows ..."
    if "GRADELABEL" in tags:
        return n > 0 and items[n - 1].word == ","
    if word == "," and kind in ("without", "not") and not _list_follows(items, n):
        return True
    if "AND" in tags and (_asserts(items, n, kind, begun)):
        return True
    # "no epidural tumour at T7 T8 compresses the cord": a verb whose subject is a second level
    return items[n].action.endswith(" v") and _level_between(items, begun, n) and kind != "not"


def _list_follows(items: Sequence[Item], n: int) -> bool:
    """*Without fracture, collapse or epidural disease*: the comma goes on with a list."""
    for item in items[n + 1 :]:
        if "STOP" in item.tags or item.word == "." or item.tags & {"VERB", "WITH"}:
            return False
        if "OR" in item.tags:
            return True
    return False


def _level_between(items: Sequence[Item], begun: int, n: int) -> bool:
    return any("LEVEL" in item.tags for item in items[begun + 1 : n]) and any(
        item.tags & CONCEPT for item in items[begun + 1 : n]
    )


def _asserts(items: Sequence[Item], n: int, kind: str, begun: int) -> bool:
    """Whether the words after the comma or *and* at ``n`` say something new rather than go on with the list."""
    segment, more = _segment(items, n + 1)
    if not segment:
        return False
    concept = next((k for k, item in enumerate(segment) if item.tags & CONCEPT), None)
    if concept is None:
        return False
    head = [item for item in segment[:concept] if item.word not in _HEAD]
    if any("LEVEL" in item.tags for item in head):
        return True
    if any(item.action.endswith(" v") for item in segment) and kind != "not":
        return True
    if any(
        item.tags & {"NOW", "NEW"} or ("HEDGE" in item.tags and item.word.endswith((" for", " of")))
        for item in head
    ):
        return True
    verb = next((k for k, item in enumerate(segment) if item.word in ("is", "are") and k > 0), None)
    if verb is not None:
        after = segment[verb + 1].word if verb + 1 < len(segment) else ""
        if "POSTNO" in (segment[verb + 1].tags if verb + 1 < len(segment) else ()):
            return True  # it is denied by its own words
        return after not in _SEEN or any(item.word in ("is", "are") for item in items[begun:n])
    level = any("LEVEL" in item.tags for item in segment)
    acting = any(item.action for item in segment)
    if level and acting and not more:
        return any("SEVERE" in item.tags or item.tags & {"TUMOUR", "LESION", "EPI"} for item in segment) or (
            items[n].word == "," and kind != "not"
        )
    return False


def _segment(items: Sequence[Item], start: int) -> tuple[Sequence[Item], bool]:
    """The items up to the next comma, *and*, *or* or stop; and whether an *or* follows in the sentence."""
    end = start
    while end < len(items) and not items[end].tags & {"AND", "OR", "STOP"} and items[end].word != ".":
        end += 1
    more = any("OR" in item.tags for item in items[start:])
    return items[start:end], more


# -------------------------------------------------------------------------------------------- doubt


def _doubt(items: Sequence[Item], scope: Scope) -> None:
    for n, item in enumerate(items):
        if "MAYBE" in item.tags:
            if item.word.endswith(("exclude", "rule out", "possible", "confidently exclude")):
                _doubt_on(items, n, scope, certain=False)
            else:
                _doubt_back(items, n, scope)
        elif "HEDGE" in item.tags:
            if (
                item.word == "?"
                and n + 1 < len(items)
                and items[n + 1].word in ("no", "yes", "none", "nil", "absent", "present")
            ):
                continue
            if item.word == "?":
                ahead = _doubt_on(items, n, scope)
                if not ahead:
                    _doubt_back(items, n, scope)
            elif item.action:
                scope.doubted[n] = True  # "threatens the cord"
            elif (
                n
                and items[n - 1].word in _IS
                and not _acts_next(items, n)
                and not item.word.endswith((" for", " of"))
            ):
                _doubt_back(items, n, scope)  # "cord compression is suspected at T8"
            elif not _doubt_on(items, n, scope):
                _doubt_back(items, n, scope)


def _acts_next(items: Sequence[Item], n: int) -> bool:
    return any(item.action for item in items[n + 1 : n + 3])


_IS = frozenset(("is", "are", "was", "were", "remains", "be"))


def _doubt_on(items: Sequence[Item], n: int, scope: Scope, *, certain: bool = True) -> bool:
    """Doubt on what follows, up to the next *with*, assertion or stop; whether there was anything."""
    found = False
    for at in range(n + 1, len(items)):
        tags = items[at].tags
        if "STOP" in tags or items[at].word == "." or (found and "WITH" in tags and certain):
            break
        if found and "AND" in tags and _asserts(items, at, "no", n):
            break
        if tags & CONCEPT or "MSCC" in tags:
            scope.doubted[at] = True
            found = True
            if not certain:
                scope.denied[at] = ""
    return found


def _doubt_back(items: Sequence[Item], n: int, scope: Scope) -> None:
    for at in range(n - 1, -1, -1):
        if "STOP" in items[at].tags or items[at].word == ".":
            break
        if "AND" in items[at].tags and any(item.tags & CONCEPT for item in items[at + 1 : n]):
            break
        if items[at].tags & CONCEPT:
            scope.doubted[at] = True
            scope.denied[at] = ""


# -------------------------------------------------------------------------------- past, plan, family

_STUDY = frozenset(
    "study exam mri mr ct scan imaging report pet radiograph examination comparison".split()  # noqa: SIM905
)


def _set_aside(items: Sequence[Item], scope: Scope) -> None:
    words = {item.word for item in items}
    if (
        any("FAMILY" in item.tags and _of_relative(items, n) for n, item in enumerate(items))
        and not words & _TOLD
    ):
        scope.aside[:] = ["family"] * len(items)
        return
    kept = any("KEPT" in item.tags and not scope.denied[n] for n, item in enumerate(items))
    dated = kept or any("NEW" in item.tags and not scope.denied[n] for n, item in enumerate(items))
    now = max((n for n, item in enumerate(items) if "NOW" in item.tags), default=-1)
    for n, item in enumerate(items):
        advice = "ADVICE" in item.tags and bool(words & _ADVISED)
        if "PLAN" in item.tags or advice or ("SHOULD" in item.tags and n <= 2):
            if words & _CONFIRMED:
                continue
            last = len(items)
            shown = last if advice else next((k for k in range(n + 1, last) if items[k].word in _SHOWN), last)
            _mark(items, scope, n, "plan", shown, through=False)
        elif not dated and (_ago(items, n) or _year(items, n)):
            _mark_clause(items, scope, n, now)
        elif (
            "BACK" in item.tags
            and not kept
            and not scope.denied[n]
            and not _compares(items, n)
            and not _of_patient(items, n)
        ):
            _mark_past(items, scope, n, now)
    for n, item in enumerate(items):
        if item.word == "for" and not dated and _was_treated(items, n):
            _mark(items, scope, n, "past", now if now > n else len(items), through=False)
    if _introduces(items):
        for at in range(len(items)):
            if scope.doubted[at] and "?" in words:
                scope.aside[at] = scope.aside[at] or "plan"
    for at in scope.gone:
        scope.aside[at] = ""


def _ago(items: Sequence[Item], n: int) -> bool:
    """*Two years ago*, *before treatment*, unless it dates a treatment or a comparison."""
    return "AGO" in items[n].tags and not _compares(items, n) and not _dates_treatment(items, n)


def _year(items: Sequence[Item], n: int) -> bool:
    """*in 2022*, unless it dates a treatment."""
    if (
        items[n].word != "in"
        or n + 1 >= len(items)
        or len(items[n + 1].word) != 4
        or items[n + 1].word[:2] not in ("19", "20")
    ):
        return False
    return items[n + 1].word.isdigit() and not _dates_treatment(items, n)


_TOLD = frozenset(
    ("discussed", "informed", "told", "notified", "communicated", "called", "conveyed", "explained")
)
_ADVISED = frozenset(
    """should return seek patients develop develops occur occurs arise arises worsen worsens suspected symptoms clinically
    attend emergency call repeat warning clinical""".split()  # noqa: SIM905
)
_CONFIRMED = frozenset(("confirmed", "positive", "affirmative", "confirms"))
_SHOWN = frozenset(("show", "there is", "there are"))


_GIVEN = ("treated", "irradiated", "previous", "prior", "post", "s / p", "status post", "following", "after")


def _was_treated(items: Sequence[Item], n: int) -> bool:
    """*Treated with SBRT in 2022 for cord compression*: what was treated then."""
    return any("TREAT" in item.tags and item.word.startswith(_GIVEN) for item in items[max(0, n - 7) : n])


_SUFFERED = frozenset(("had", "has", "died", "diagnosed", "history", "suffered", "who", "with"))


def _of_relative(items: Sequence[Item], n: int) -> bool:
    """*Mother had breast cancer*; not *mother of two with a metastasis*."""
    if items[n].word in ("family history", "maternal", "paternal"):
        return True
    after = [item.word for item in items[n + 1 : n + 4]]
    return bool(after) and after[0] != "of" and bool(_SUFFERED & set(after))


def _introduces(items: Sequence[Item]) -> bool:
    """*55 year old man with back pain, ?cord compression*: who is scanned, and the question asked."""
    return any(
        item.word == "old" and any(before.word in ("year", "yr", "y") for before in items[max(0, n - 3) : n])
        for n, item in enumerate(items)
    )


def _of_patient(items: Sequence[Item], n: int) -> bool:
    """*History of prostate cancer with cord compression*: the history is the cancer's."""
    return any(item.tags & {"CANCER", "TREAT"} for item in items[n + 1 : n + 4])


def _dates_treatment(items: Sequence[Item], n: int) -> bool:
    near = items[max(0, n - 5) : n]
    return any(
        item.tags & {"TREAT", "CANCER"} or item.word in ("diagnosed", "diagnosis", "presented", "born")
        for item in near
    )


def _mark_clause(items: Sequence[Item], scope: Scope, n: int, now: int) -> None:
    first = now if now < n else 0
    for at in range(n - 1, first - 1, -1):
        if "STOP" in items[at].tags or "NOW" in items[at].tags:
            break
        scope.aside[at] = scope.aside[at] or "past"


def _compares(items: Sequence[Item], n: int) -> bool:
    """*compared with the prior study*, *since prior*: the finding set against an earlier one stays today's."""
    at = n - 1
    words: list[str] = []
    while at >= 0 and len(words) < 8:
        words += items[at].word.split()
        if items[at].tags & CONCEPT:
            break
        at -= 1
    return any(
        word in ("since", "than", "compared", "from", "versus", "relative", "comparison", "c")
        for word in words
    )


def _mark_past(items: Sequence[Item], scope: Scope, n: int, now: int) -> None:
    """From *prior* to the end of its clause or to *now*; *seen on the prior study* speaks of the words before it."""
    stop = now if now > n else len(items)
    studied = any(item.word in _STUDY for item in items[n + 1 : n + 4])
    if any(items[k].tags & {"POSTNO", "NOT"} for k in range(max(0, n - 4), n)):
        return  # "not present on the prior study": it is new
    opening = n > 0 and items[n - 1].word in ("on", "in", "the") and studied
    if opening and any(item.tags & CONCEPT for item in items[:n]):
        for at in range(n - 1, -1, -1):
            if "STOP" in items[at].tags or "NOW" in items[at].tags:
                break
            scope.aside[at] = scope.aside[at] or "past"
        return
    if items[n].word == "history of":  # "history of metastatic disease with cord compression"
        stop = next((k for k in range(n + 1, stop) if "WITH" in items[k].tags), stop)
    _mark(items, scope, n, "past", stop, through=studied)


def _mark(items: Sequence[Item], scope: Scope, n: int, why: str, stop: int, *, through: bool = True) -> None:
    passed = False
    for at in range(n, stop):
        tags = items[at].tags
        passed = passed or bool(tags & CONCEPT)
        if (
            "STOP" in tags
            or (passed and items[at].word == ":")
            or (not through and at > n + 1 and "AND" in tags and _asserts(items, at, "no", n))
        ):
            break
        scope.aside[at] = scope.aside[at] or why
