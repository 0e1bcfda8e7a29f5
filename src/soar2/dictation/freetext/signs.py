"""A sign said, doubted or denied, as a mention with its range of grades."""

from soar2.criteria.escc import GradeRange
from soar2.dictation.freetext.mentions import Mention, Sentence, cause_of, levels_of, other_levels


def sign(
    said: Sentence,
    n: int,
    first: int,
    last: int,
    affirmed: GradeRange,
    denied: GradeRange | None,
    *,
    below: str = "",
    cause: str = "",
    where: str = "",
) -> Mention:
    """A sign said, doubted or denied at item ``n``; its words run from item ``first`` to item ``last``."""
    scope = said.scope
    kind = scope.denied[n]
    given = cause or cause_of(said, n)
    if not given and ("EPI" in said.items[n].tags or said.has("EPI")):
        given = "tumour"
    if kind == "severe":
        return built(said, n, first, last, None, "", cause=given, standing="denied")
    if kind:
        nothing = denied is not None and denied.hi == "0"
        how = "described" if nothing else "excludes"
        return built(said, n, first, last, denied, how if denied else "", cause=given, word="no", where=where)
    if scope.doubted[n]:
        return built(
            said, n, first, last, GradeRange("0", "3"), "hedge", cause=given, where=where, word=affirmed.lo
        )
    return built(
        said, n, first, last, affirmed, "described", cause=given, below=below, where=where, word="yes"
    )


def limit(said: Sentence, n: int, reach: GradeRange) -> Mention:
    if said.scope.denied[n]:
        return built(said, n, n, n, None, "", standing="denied")
    return built(said, n, n, n, reach, "excludes", cause=cause_of(said, n), word="no")


def built(
    said: Sentence,
    n: int,
    first: int,
    last: int,
    reach: GradeRange | None,
    how: str,
    *,
    below: str = "",
    cause: str = "",
    standing: str = "",
    word: str = "",
    where: str = "",
) -> Mention:
    items = said.items
    return Mention(
        "escc",
        word,
        items[first].start,
        items[last].end,
        levels_of(said, max(n, last)),
        reach,
        how,
        below if how == "described" else "",
        cause,
        standing or said.scope.aside[n],
        how == "hedge",
        other_levels(said, n),
        where,
    )
