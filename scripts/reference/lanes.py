"""docs/reference/lanes.md, from the lines of the lane table and from what they answer."""

from dataclasses import asdict

from reference.tables import table

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.criteria.intervals import Interval
from soar2.criteria.packs import load_pack
from soar2.criteria.urgency import LANES, LINES, Case, decide

HOLDS = {
    1: ("the report says that there is no tumour", "never"),
    2: (
        "tumour is not stated and no lesion is named",
        "when cancer is known from the history in the report, or from an earlier report",
    ),
    3: ("a lesion is there, and no level is named: the words go to one level `unknown`", "always"),
    4: ("T, and the whole of E is {treated_routine} or lower", "never"),
    5: ("T, and E is known", "always"),
    6: ("the lower end of E is {emergent} or higher: the cord is compressed", "never"),
    7: ("cord signal change, and the lower end of E is {emergent_with_signal} or higher", "never"),
    8: ("subluxation, and the lower end of E is {emergent_with_subluxation} or higher", "never"),
    9: (
        "the upper end of E is {urgent} or higher: the cord is touched, or may be",
        "unless E is exactly {urgent}",
    ),
    10: ("subluxation, or cord signal change, or S is {urgent_sins} or more", "when E is not known"),
    11: (
        "the upper end of E is {expedited} or higher, or E is not known, or S is {expedited_sins} or more, or"
        " tumour is only"
        " suspected",
        "when E is not known or an interval, or tumour is only suspected",
    ),
    12: ("otherwise", "never"),
}
TERMS = (
    (
        "tumour",
        "metastasis, myeloma, lymphoma or malignancy of unknown origin; intramedullary and leptomeningeal too",
    ),
    (
        "lesion",
        "a bone or soft-tissue lesion, a treated tumour level, an epidural grade above 0 or compression,"
        " without a cause"
        " outside the programme; tumour that is not stated beside a lesion counts as suspected",
    ),
    (
        "E",
        "the epidural grade as an interval on 0 < 1a < 1b < 1c < 2 < 3; below the conus none, mild, moderate"
        " and severe take"
        " the places of {places}",
    ),
    ("S", "the lower end of imaging SINS (0 to 15); what is not stated adds its least points to S"),
    ("cord signal change", "at that level, and not said to be old; without a comparison it counts as new"),
    (
        "T",
        "treated, stable or improved, not new, no higher than before, without cord signal change or"
        " subluxation; in the"
        " running system an earlier report here must be on record and agree",
    ),
)
ROWS: tuple[tuple[str, GradeRange | None], ...] = (
    *((f"ESCC {grade}: {escc.MEANING[grade]}", escc.exactly(grade)) for grade in escc.GRADES),
    ("epidural tumour, no grade", escc.EPIDURAL_TUMOUR),
    ("cord compressed, no grade", escc.CORD_COMPRESSED),
    ("not stated", None),
)


def page() -> str:
    pack = load_pack()
    cut = asdict(pack.cutoffs)
    places = ", ".join(escc.BELOW_CONUS_PLACE[word] for word in escc.BELOW_CONUS)
    lines = ((line.number, *_words(line.number, cut), line.lane or "go on") for line in LINES)
    parts = [
        "# The lane table",
        f"A level gets the lane of the first line that holds. A report takes its most urgent level. There are"
        f" {len(LANES)}"
        f" lanes: {', '.join(LANES)}. The grades and numbers below are the cut-offs of the pack `{pack.name}`"
        f" {pack.version}"
        f" ({pack.status}); see [the pack](pack-soar2-open-1.md).",
        "A lane says how soon a person should look. It is a rule's suggestion, not a diagnosis, and it names no"
        " treatment.",
        "## The lines",
        table(
            ["line", "holds when", "review", "lane"], ((n, when, look, lane) for n, when, look, lane in lines)
        ),
        "Review means that a person should look at the reading. It is also asked for when two statements"
        " exclude each other"
        " (each reading goes through the table and the more urgent one stands), when an item that was not"
        " stated could raise"
        " the lane through imaging SINS, and when a danger outside the programme is named. Not known satisfies"
        " no comparison.",
        "## The words",
        table(["word", "meaning"], ((word, words.format(places=places)) for word, words in TERMS)),
        "## What the table answers",
        "Computed from the code, with tumour present and a named level. *look* marks review.",
        _answers(),
        "Both tests `tests/spec/test_lane_table.py` and the pack's golden cases hold this table; the first"
        " enumerates every"
        " combination of findings and shows that a worse finding never lowers the lane.",
    ]
    return "\n\n".join(parts)


def _words(number: int, cut: dict[str, object]) -> tuple[str, str]:
    holds, review = HOLDS[number]
    return holds.format(**cut), review.format(**cut)


def _answers() -> str:
    columns = {
        "nothing else": ("present", Interval.exactly(0), {}),
        "SINS 4 to 9": ("present", Interval.exactly(4), {}),
        "SINS 10 to 15": ("present", Interval.exactly(10), {}),
        "cord signal change": ("present", Interval.exactly(0), {"signal": True}),
        "subluxation": ("present", Interval.exactly(4), {"subluxation": True}),
        "only suspected": ("suspected", Interval.exactly(0), {}),
        "treated and stable": ("present", Interval.exactly(0), {"treated_stable": True}),
    }
    rows = [[name, *(_cell(grade, *column) for column in columns.values())] for name, grade in ROWS]
    _same_within_each_band()
    return table(["epidural finding", *columns], rows)


def _cell(grade: GradeRange | None, tumour: str, sins: Interval, more: dict[str, bool]) -> str:
    decision = decide(Case(tumour=tumour, epidural=grade, sins=sins, **more))
    return f"{decision.lane} ({decision.rule}){' *look*' if decision.review else ''}"


def _same_within_each_band() -> None:
    """The columns of the answer table name bands of SINS: every number in a band must give the same answer."""
    for lo, hi in ((0, 3), (4, 9), (10, 15)):
        for _, grade in ROWS:
            answers = {_cell(grade, "present", Interval.exactly(n), {}) for n in range(lo, hi + 1)}
            if len(answers) > 1:
                raise SystemExit(f"SINS {lo} to {hi} is no longer one band for {grade}: {answers}")
