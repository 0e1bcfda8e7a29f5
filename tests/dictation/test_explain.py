"""``soar2 read --explain``: which words gave which finding, which were set aside, which line held."""

import io
import json

from soar2.dictation.explain import explain, marked_up
from soar2.dictation.reading import read_report
from soar2.read_command import run_read

TEXT = (
    "HISTORY: Breast cancer. Cord compression at L2.\n"
    "FINDINGS: Lytic T8 metastasis. Epidural tumour compresses the cord. L4-L5 disc bulge indents the sac.\n"
    "IMPRESSION: T8 metastasis, Bilsky 2.\n"
)
MACRO = "SPINE ONCOLOGY MACRO\nConus: L1.\nLevel T8 | ESCC 1c | Lesion lytic\nOther levels: no epidural disease.\n"


def words(text):
    explained = explain(read_report(text))
    return [(text[slice(*m.place)], m.item, m.word, m.levels) for m in explained.marks]


def test_the_words_of_each_finding():
    assert words(TEXT) == [
        ("Lytic", "lesion", "lytic", ("T8",)),
        ("metastasis", "tumour", "present", ("T8",)),
        ("Epidural tumour", "escc", "1a to 3", ("T8",)),
        ("Epidural tumour", "tumour", "present", ()),
        ("compresses the cord", "escc", "2 to 3", ("T8",)),
        ("metastasis", "tumour", "present", ("T8",)),
        ("Bilsky 2", "escc", "2", ("T8",)),
    ]


def test_words_set_aside_and_the_line_that_held():
    explained = explain(read_report(TEXT))
    assert [(TEXT[slice(*a.place)], a.why) for a in explained.set_aside] == [
        ("Cord compression", "history"),
        ("indents the sac", "cause: harmless"),
    ]
    assert (explained.line, explained.line_words, explained.line_levels) == (6, "cord compressed", ("T8",))


def test_the_report_marked_up():
    shown = marked_up(TEXT, explain(read_report(TEXT)))
    assert "[compresses the cord]5" in shown
    assert "{Cord compression}a at L2" in shown
    assert '{b} "indents the sac" has another cause: disc, stenosis, fracture or the like' in shown
    assert shown.rstrip().endswith("Line 6 of the lane table held: cord compressed (T8)")


def test_brackets_taken_out_leave_the_report():
    explained = explain(read_report(TEXT))
    shown = marked_up(TEXT, explained).split("\n\n  [1]")[0]
    for number in range(len(explained.marks), 0, -1):
        shown = shown.replace(f"]{number}", "")
    assert shown.replace("[", "").replace("{", "").replace("}a", "").replace("}b", "") == TEXT.rstrip()


def test_the_macro_is_explained_by_its_own_places():
    assert ("ESCC 1c", "escc", "1c", ("T8",)) in words(MACRO)
    assert ("Lesion lytic", "lesion", "lytic", ("T8",)) in words(MACRO)


def run(*flags, text=TEXT):
    out = io.StringIO()
    assert (
        run_read(["-"], "json" in flags, io.StringIO(text), out, io.StringIO(), explained="explain" in flags)
        == 0
    )
    return out.getvalue()


def test_from_the_shell():
    assert "[Bilsky 2]7" in run("explain")
    assert "[" not in run().splitlines()[0]
    answer = json.loads(run("json", "explain"))
    assert answer["explain"]["line"] == {"number": 6, "words": "cord compressed", "levels": ["T8"]}
    mark = answer["explain"]["marks"][0]
    assert (TEXT[mark["start"] : mark["end"]], mark["words"]) == ("Lytic", "Lytic")
    assert "explain" not in json.loads(run("json"))


def test_words_that_an_addendum_overrules_are_shown_as_such():
    text = "IMPRESSION: T8 metastasis, ESCC 2.\nADDENDUM: ESCC at T8 is corrected to 1b."
    asides = explain(read_report(text)).set_aside
    assert [(text[slice(*a.place)], a.why) for a in asides] == [("ESCC 2", "addendum")]
