"""docs/reference/reading-json.md: the answer of `soar2 read --json`, key by key, with its closed words."""

import json

from reference.tables import code, table

from soar2.criteria import escc, sins
from soar2.criteria.urgency import LANES, TUMOUR
from soar2.dictation import template
from soar2.dictation.reading import read_report

EXAMPLE = (
    "SPINE ONCOLOGY MACRO\n"
    "Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
    "Level T8 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50%"
    " | Posterolateral bilateral | Status progressed\n"
    "Other levels: no epidural disease.\n"
)
NOT_STATED = "not_stated"
REPORT = {
    "file": "the file as named on the command line",
    "source": "`macro` or `free-text`; `discrete` is kept for coded fields and not produced yet",
    "tumour": code(TUMOUR),
    "levels": "every level with a lesion, and no other",
    "worst_escc": "the highest grade any level may have; null without one",
    "imaging_score": "`pack`, `version`, and `min` and `max` of the score; both null without levels",
    "lane": code(LANES),
    "review": "true: a person should look",
    "outside": "dangers that are not this programme's: " + code(template.OUTSIDE),
    "reasons": "at most three sentences: why this lane",
    "rule": "the line of [the lane table](lanes.md) that held",
    "review_reasons": "why a person should look, in sentences",
    "numbering": "how the vertebrae were counted, as dictated; null when not said",
    "conus": "the level of the conus; null when not said",
    "unread": "words that were not understood, as dictated",
    "spans": "where in the text an item of the whole report was read: first character, one past the last",
    "pack_label": "the words that must stand beside the score",
}
LEVEL = {
    "level": "`C1` to `C7`, `T1` to `T13`, `L1` to `L6`, `S1` to `S5`, `Oc`; `unknown` where none is named",
    "escc": f"{code(escc.GRADES)}; null unless one grade is certain",
    "escc_range": "lowest and highest grade the words allow; null when not stated or not applicable",
    "escc_status": "`graded`, `described`, `not_stated`, `not_applicable`",
    "below_conus": f"{code((*escc.BELOW_CONUS, NOT_STATED))}; null at and above the conus",
    "lesion": code(sins.LESION),
    "alignment": code(sins.ALIGNMENT),
    "collapse": code(sins.COLLAPSE),
    "posterolateral": code(sins.POSTEROLATERAL),
    "cord_signal": code(("new", "present", "old", "absent", NOT_STATED)),
    "status": code(("new", "progressed", "stable", "improved", "treated_stable", NOT_STATED)),
    "sins_imaging": "lower and upper end of imaging SINS, 0 to 15",
    "lane": "the level's lane",
    "rule": "the line of the lane table that held",
    "score": "lower and upper end of the level's imaging score",
    "treatment": "the words of the item Treated; null when there are none",
    "contradictions": "items on which two statements exclude each other",
    "spans": "where in the text each item was read",
}


def page() -> str:
    answer = read_report(EXAMPLE).as_json("report.txt")
    _same(set(REPORT), set(answer), "report")
    _same(set(LEVEL), set(answer["levels"][0]), "level")
    parts = [
        "# The answer of `soar2 read --json`",
        "One JSON object a report, one a line, in the order of the files. Words are closed: a program may rely"
        " on them. Keys"
        " may be added later. null means that it does not apply or is not known. A file may hold several HL7"
        " messages, or"
        " several texts: a form feed stands between them, or each has a macro with its own numbering or conus.",
        "## The report",
        table(["key", "value"], ((f"`{key}`", words) for key, words in REPORT.items())),
        "## A level",
        table(["key", "value"], ((f"`{key}`", words) for key, words in LEVEL.items())),
        "## An example",
        f"This text, which `soar2 template` shows with every choice:\n\n```\n{EXAMPLE}```",
        f"is read as:\n\n```json\n{json.dumps(answer, indent=1, ensure_ascii=False)}\n```",
    ]
    return "\n\n".join(parts)


def _same(described: set[str], found: set[str], what: str) -> None:
    if described != found:
        raise SystemExit(
            f"reference/reading.py: keys of a {what} on one side only: {sorted(described ^ found)}"
        )
