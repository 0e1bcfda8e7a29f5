"""docs/reference/evaluation.md: labels, what `soar2 evaluate` counts, and what it finds on our own reports."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from reference.tables import code, table

from soar2.dictation.evaluate import Evaluation, Rate, evaluate
from soar2.dictation.labels import (
    LEVEL_WORDS,
    OPEN,
    OUTSIDE,
    REPORT_WORDS,
    SINS_ITEMS,
    UNSTATED,
    Fault,
    ReportLabel,
    read_labels,
)
from soar2.dictation.reading import read_report
from soar2.evaluate_command import labelled

ROOT = Path(__file__).resolve().parents[2]
REPORT = {
    "name": "what the report is called, where several labels stand in one file",
    "text": "the report; without it, the file beside the label that is called as the report",
    "tumour": "",
    "lane": "",
    "source": "",
    "review": f'true, false or `"{OPEN}"`',
    "outside": f"a list: {code(OUTSIDE)}; a word with `{OPEN}` behind it may be named or not",
    "levels": "a table with one key a level: `T8`, `T3-T5`, `unknown`; an empty table means no lesion",
    "levels_complete": "false: there may be lesions at other levels too; true if not given",
    "cancer_known": "true: cancer is known from order, history or record, whatever the report says",
    "rest": f"what an item not given at a level is: `{UNSTATED}` or `{OPEN}` (the default: not compared)",
    "note": "for people; not read",
}
LEVEL = {
    "sins": "the true imaging SINS, `9` or `7 to 9`, where an expert gives it; else it follows from the four items",
    "epidural": "E of the lane table where neither grade nor below-conus word gives it; for checking labels only",
    "rest": "as above, for this level",
    "note": "for people; not read",
}
COUNTED = (
    (
        "emergencies caught",
        "of the reports labelled emergent, those read as emergent, or as urgent with review; each other one is named",
    ),
    ("emergent: sensitivity", "of the reports labelled emergent, those read as emergent"),
    ("emergent: precision", "of the reports read as emergent, those labelled so"),
    ("urgent or emergent", "the same for the two lanes together"),
    ("reaches a person", "the same for a lane above none, or review"),
    ("reaches a person in vain", "of the reports labelled as reaching nobody, those that reach somebody"),
    (
        "SINS interval contains the label",
        "of the levels found, those whose interval holds the labelled points",
    ),
    (
        "level found",
        "lesions labelled and read at their level; a lesion read at a level without one counts against it",
    ),
    (
        "an item, `escc` to `status`",
        "where the words determine it: the label gives a word and not `unstated`",
    ),
    ("SINS items", f"{code(SINS_ITEMS)} taken together"),
    ("escc, a range", "levels whose words allow several grades: both ends must be the same"),
    ("an item, unstated", "levels whose words do not give it: nothing may be made up"),
    ("report: …", "items of the whole report"),
)
STATUS = (
    (0, "no emergency was missed and every interval holds its label"),
    (1, "an emergency was missed, or an interval leaves its label out"),
    (2, "there is no label, or a label or its report could not be used; the others are counted all the same"),
)
HEADLINE = (
    "emergencies caught",
    "levels with one grade",
    "SINS items",
    "SINS interval contains the label",
    "in vain",
)


def page() -> str:
    return "\n\n".join(
        (
            "# Evaluation",
            "`soar2 evaluate DIR` reads every labelled report under a folder and prints where the reader and the labels"
            " differ. [How to use it on your own archive](../how-to/evaluate-on-your-archive.md) is a guide; this page"
            " is the reference. It needs no database, sends nothing, and never prints a report's text unless"
            " `--show-text` asks for it.",
            "## A label",
            "A label is a TOML file. Either it is called as the report beside it (`4711.toml` beside `4711.txt` or"
            " `4711.hl7`), or it holds several under `[[report]]`, each with a `name`; keys above the"
            " first `[[report]]` are then defaults. A key that is not there is not compared. An item may have a list of"
            f' words, each of which is right; `"{OPEN}"` says that experts would differ: it is not compared.',
            table(["key", "meaning"], ((f"`{key}`", words or _closed(key)) for key, words in REPORT.items())),
            "A level has these items:",
            table(["item", "meaning"], _level_rows()),
            "Below the conus `rest` does not stand for the cord's signal, and at the cord not for `below_conus`.",
            "## What is counted",
            "Only the words count: what an expert cannot find in the report is `unstated`. A label with several lanes"
            " counts in a line only where all of them answer it alike. Intervals are Wilson's, 95%.",
            table(["line", "counts"], COUNTED),
            "A level that was not found is wrong in every item its words determine. Where the words give nothing, both"
            " `not_stated` and `indeterminate` are right.",
            "## Exit status",
            table(["status", "when"], STATUS),
            "## The JSON",
            "`--json` prints one object. Every rate is `hits`, `total`, `share` and `interval`; a disagreement has"
            " `file`, `level` (null: of the report), `field`, `label` and `read`.",
            "```json\n" + json.dumps(_shape(), indent=1) + "\n```",
            "## On our own reports",
            "Every report is our own and synthetic. `open` may be read by whoever writes rules; `held out` was written"
            " by somebody else and is not. The others are made from phrase tables: `tumour` mixes grades and items,"
            " `framed` says, denies, doubts, remembers and asks the same words, and `ordinary` has no danger in it."
            " A hospital's own archive is the evidence that counts there.",
            table(["set", "reports", *HEADLINE], _figures()),
        )
    )


def _closed(key: str) -> str:
    return code(sorted(REPORT_WORDS[key]))


def _level_rows() -> Iterator[tuple[str, str]]:
    for item, words in LEVEL_WORDS.items():
        more = "; or a range, `1a to 3`" if item == "escc" else ""
        yield f"`{item}`", code(sorted(words)) + more
    yield from ((f"`{key}`", words) for key, words in LEVEL.items())


def _shape() -> dict[str, object]:
    """The keys of the answer, from an empty evaluation."""
    return {
        key: value if isinstance(value, int) else ({} if isinstance(value, dict) else [])
        for key, value in (Evaluation().as_json() | {"unusable": 0}).items()
    }


def _figures() -> Iterator[list[str]]:
    for name, pairs in _sets():
        result = evaluate((label, read_report(text).as_json(label.name)) for label, text in pairs)
        yield [
            name,
            str(result.reports),
            *(
                _said(rate)
                for rate in (
                    result.caught,
                    result.agreement.get("escc", Rate(0, 0)),
                    result.agreement.get("SINS items", Rate(0, 0)),
                    result.contained,
                    result.person.false_alarms,
                )
            ),
        ]


def _sets() -> Iterator[tuple[str, list[tuple[ReportLabel, str]]]]:
    for folder in ("open", "held_out"):
        found = list(labelled(ROOT / "tests/corpus" / folder))
        yield folder.replace("_", " "), [pair for pair in found if not isinstance(pair, Fault)]
    sys.path.insert(0, str(ROOT / "tests/support"))
    from framed_reports import framed_reports
    from ordinary_reports import ordinary_reports
    from tumour_reports import tumour_reports

    yield "tumour", [(label, label.text or "") for label in tumour_reports()]
    yield "framed", [(label, label.text or "") for label in framed_reports()]
    quiet = {"lane": "none", "review": False, "outside": [], "levels": {}}
    yield (
        "ordinary",
        [(read_labels(quiet, report.name)[0][0], report.text) for report in ordinary_reports()],
    )


def _said(rate: Rate) -> str:
    if rate.share is None or rate.interval is None:
        return "-"
    low, high = rate.interval
    return f"{rate.hits} of {rate.total}: {rate.share:.1%} ({low:.1%} to {high:.1%})"
