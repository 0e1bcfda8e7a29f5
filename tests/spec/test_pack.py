"""The pack: readable, validated, proven by its golden cases, and refused when anything in it was changed."""

import re
import runpy
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from soar2.criteria.escc import GradeRange
from soar2.criteria.imaging_score import imaging_score
from soar2.criteria.intervals import Interval
from soar2.criteria.packs import PackRefused, content_hash, load_pack
from soar2.criteria.packs.loading import load_pack_from
from soar2.criteria.urgency import LANES, Cutoffs

SHIPPED = files("soar2.criteria.packs")
TEXT = SHIPPED.joinpath("soar2-open-1.toml").read_text(encoding="utf-8")


def pack_in(folder: Path, text: str, *, signed: bool = True):
    """Load ``text`` as soar2-open 1 from a folder; ``signed`` records its hash everywhere it is recorded."""
    if signed:
        digest = content_hash(text)
        text = re.sub(r'content_hash = "\w+"', f'content_hash = "{digest}"', text)
        (folder / "hashes.toml").write_text(f'[soar2-open]\n1 = "{digest}"\n', encoding="utf-8")
    else:
        (folder / "hashes.toml").write_text(SHIPPED.joinpath("hashes.toml").read_text(), encoding="utf-8")
    (folder / "soar2-open-1.toml").write_text(text, encoding="utf-8")
    return load_pack_from(folder, "soar2-open", "1")


def test_the_shipped_pack_loads_and_says_what_it_is():
    pack = load_pack()
    assert (pack.name, pack.version, pack.status) == ("soar2-open", "1", "demonstration, unsigned")
    assert "not the published" in pack.label
    assert "open reconstruction" in pack.label
    assert pack.marks["sins"] == pack.marks["escc"] == "not yet signed against the paper"
    assert pack.golden_cases >= 30
    assert load_pack() is pack


def test_points():
    pack = load_pack()
    assert dict(pack.escc_points) == {"0": 0, "1a": 2, "1b": 4, "1c": 6, "2": 9, "3": 12}
    assert dict(pack.below_conus_points) == {"none": 0, "mild": 4, "moderate": 6, "severe": 12}
    assert pack.unknown_points == (0, 12)
    assert pack.cutoffs == Cutoffs()


SCORES = [
    # imaging SINS, grade, below-conus word, score
    ((9, 9), ("1c", "1c"), None, (15, 15)),
    ((4, 4), ("1c", "1c"), "moderate", (10, 10)),
    ((3, 8), None, None, (3, 20)),
    ((3, 8), None, "not_stated", (3, 20)),
    ((1, 1), ("1a", "3"), None, (3, 13)),
    ((15, 15), ("3", "3"), "severe", (27, 27)),
]


@pytest.mark.parametrize(("sins", "grade", "word", "score"), SCORES)
def test_score_is_imaging_sins_plus_epidural_points(sins, grade, word, score):
    reach = GradeRange(*grade) if grade else None
    assert imaging_score(Interval(*sins), reach, load_pack(), below_conus=word) == score


LADDERS = {
    "emergent": [
        ("elapsed", 0, "owner", "email"),
        ("elapsed", 0, "owner", "page"),
        ("elapsed", 0, "neuroradiology", "voice"),
        ("elapsed", 5, "neurosurgery-backup", "email"),
        ("elapsed", 10, "operator", "voice"),
        ("elapsed", 15, "neurosurgery-chief", "email"),
        ("elapsed", 30, "service-chief", "email"),
        ("elapsed", 30, "nursing-supervisor", "email"),
        ("elapsed", 60, "service-chief", "incident"),
    ],
    "urgent": [
        ("elapsed", 0, "owner", "email"),
        ("elapsed", 15, "owner", "page"),
        ("elapsed", 30, "spine-backup", "email"),
        ("elapsed", 60, "attending-on-call", "email"),
        ("elapsed", 180, "service-chief", "email"),
    ],
    "expedited": [
        ("working", 0, "owner", "email"),
        ("working", 240, "lead-navigator", "email"),
        ("day_at", 12 * 60, "director", "list"),
    ],
    "routine": [("day_at", 7 * 60 + 30, "owner", "digest")],
}


@pytest.mark.parametrize("lane", LANES[1:])
def test_ladders(lane):
    rungs = load_pack().ladders[lane]
    assert [(r.after.kind, r.after.minutes, r.role, r.channel) for r in rungs] == LADDERS[lane]
    assert [r.n for r in rungs] == list(range(1, len(rungs) + 1))


def span(value):
    return None if value is None else (value.kind, value.minutes)


CLOCKS = {
    # lane: acknowledge, action, visit, treatment
    "emergent": (("elapsed", 15), ("elapsed", 30), ("elapsed", 1440), ("elapsed", 1440)),
    "urgent": (("elapsed", 60), ("elapsed", 120), ("elapsed", 72 * 60), ("elapsed", 14 * 1440)),
    "expedited": (("working", 240), ("same_day", 0), ("elapsed", 5 * 1440), ("elapsed", 14 * 1440)),
    "routine": (("day_at", 1140), ("day_at", 1140), None, ("elapsed", 14 * 1440)),
}


@pytest.mark.parametrize("lane", LANES[1:])
def test_clocks(lane):
    clocks = load_pack().clocks[lane]
    assert (
        span(clocks.acknowledge),
        span(clocks.action),
        span(clocks.visit),
        span(clocks.treatment),
    ) == CLOCKS[lane]


def test_who_is_addressed():
    pack = load_pack()
    assert {lane: (a.role, a.out_of_hours_role) for lane, a in pack.addressed.items()} == {
        "emergent": ("neurosurgery-on-call", "neurosurgery-on-call"),
        "urgent": ("navigator", "spine-on-call"),
        "expedited": ("navigator", "navigator"),
        "routine": ("navigator", "navigator"),
    }
    assert (pack.hours.weekdays, pack.hours.start, pack.hours.end) == ((1, 2, 3, 4, 5), 420, 1140)


def test_words_of_the_ladders_hold_nothing_about_a_patient():
    words = " ".join(rung.words for ladder in load_pack().ladders.values() for rung in ladder)
    assert not re.search(r"\b[CTLS]\d{1,2}\b|ESCC|metasta|tumou?r|compress", words)


def test_every_row_is_exercised_by_a_golden_case():
    golden = tomllib.loads(TEXT)["golden"]
    exact = {case["given"]["escc"][0] for case in golden if len(set(case["given"].get("escc", []))) == 1}
    assert exact == {"0", "1a", "1b", "1c", "2", "3"}
    assert {c["given"].get("below_conus") for c in golden} >= {"none", "mild", "moderate", "severe"}
    assert {c["expect"]["rule"] for c in golden} == {1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    assert {c["expect"]["lane"] for c in golden} == set(LANES)


def test_every_number_has_its_source_beside_it():
    points = TEXT.split("[points.escc]")[1].split("# ---")[0]
    for line in points.splitlines():
        if re.match(r'"?\w+"? = \d', line):
            assert "#" in line, line


# ------------------------------------------------------------------------------------------- refusals


def test_changed_content_under_an_old_version_does_not_load(tmp_path):
    with pytest.raises(PackRefused, match="A change needs a new version"):
        pack_in(tmp_path, TEXT.replace('"1c" = 6', '"1c" = 7'), signed=False)


def test_changing_the_hash_inside_the_pack_along_with_it_does_not_help(tmp_path):
    changed = TEXT.replace("minutes = 5 }", "minutes = 6 }")
    changed = re.sub(r'content_hash = "\w+"', f'content_hash = "{content_hash(changed)}"', changed)
    with pytest.raises(PackRefused, match="A change needs a new version"):
        pack_in(tmp_path, changed, signed=False)


def test_comments_and_layout_are_not_content(tmp_path):
    assert (
        pack_in(tmp_path, "# another comment\n\n" + TEXT, signed=False).content_hash
        == load_pack().content_hash
    )


def test_anyone_can_compute_the_hash_without_this_product():
    alone = runpy.run_path(str(SHIPPED.joinpath("fingerprint.py")))
    assert alone["content_hash"](TEXT) == load_pack().content_hash


REFUSED = [
    # what was done, from, to, the sentence
    ("points: a gap", '"1c" = 6 ', '# "1c" = 6 ', "points.escc lacks 1c"),
    ("points: an unknown key", '"3" = 12 ', '"3" = 12\n"4" = 15 ', "points.escc has unknown keys: 4"),
    ("points: not rising", '"2" = 9 ', '"2" = 6 ', "does not rise"),
    ("points: not a number", '"2" = 9 ', '"2" = "9" ', "not a whole number"),
    ("points: true is not one", '"1a" = 2 ', '"1a" = true ', "not a whole number"),
    ("points: words and grades differ", "moderate = 6 ", "moderate = 7 ", "differs from ESCC 1c"),
    ("points: unknown as zero", "unknown = [0, 12]", "unknown = [0, 0]", "whole range"),
    ("cut-off: unknown grade", 'emergent = "2" ', 'emergent = "4" ', "not one of 0, 1a"),
    ("cut-off: a gap", "urgent_sins = 10", "# urgent_sins = 10", "cutoffs lacks urgent_sins"),
    ("top: an unknown key", "[marks]", "[signature]\nname = \"x\"\n[marks]", "unknown keys: signature"),
    ("top: empty label", 'status = "demonstration, unsigned"', 'status = " "', "status is not a text"),
    ("lane: missing address", 'routine = { role = "navigator"', '# routine = { role = "navigator"', "addressed lacks routine"),
    ("role: unknown", 'role = "nursing-supervisor"', 'role = "night-nurse"', "not one of owner"),
    ("channel: unknown", 'channel = "page"', 'channel = "fax"', "not one of email"),
    ("ladder: numbering", "n = 9", "n = 10", "not numbered"),
    ("ladder: back in time", "minutes = 60 }\nrole = \"service-chief\"", "minutes = 1 }\nrole = \"service-chief\"", "goes back in time"),
    ("span: unknown kind", 'kind = "same_day"', 'kind = "soon"', "not one of elapsed"),
    ("span: beyond a day", 'kind = "day_at", minutes = 720', 'kind = "day_at", minutes = 7200', "from 0 to 1440"),
    ("clocks: a gap", "action = { kind = \"same_day\", minutes = 0 }", "", "clocks.expedited lacks action"),
    ("hours: turned round", "start = 420", "start = 1200", "not before"),
    ("golden: wrong lane", 'lane = "urgent", rule = 9, review = false', 'lane = "emergent", rule = 9, review = false', "does not come out: lane is urgent"),
    ("golden: wrong score", "score = [15, 15], lane", "score = [14, 14], lane", "does not come out: score is"),
    ("golden: a case is lost", 'below_conus = "mild", ', 'below_conus = "none", ', "does not come out"),
    ("golden: unknown word", 'lesion = "lytic"', 'lesion = "lytical"', "not one of blastic"),
    ("golden: unknown key", 'given = { level = "S3"', 'given = { pain = 3, level = "S3"', "unknown keys: pain"),
    ("golden: half a range", 'escc = ["1a", "3"]', 'escc = ["1a"]', "not a pair"),
    ("another name inside", 'name = "soar2-open"', 'name = "soar3-open"', "names another pack"),
    ("not TOML", "[marks]", "[marks", "not valid TOML"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_broken_pack_does_not_load(tmp_path, old, new, sentence):
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    if "not valid" in sentence:
        (tmp_path / "soar2-open-1.toml").write_text(text, encoding="utf-8")
        with pytest.raises(PackRefused, match=sentence):
            load_pack_from(tmp_path, "soar2-open", "1")
        return
    with pytest.raises(PackRefused, match=re.escape(sentence)):
        pack_in(tmp_path, text)


def test_golden_cases_must_reach_every_row(tmp_path):
    head, *cases = TEXT.split("[[golden]]")
    kept = [case for case in cases if 'escc = ["3", "3"]' not in case]
    with pytest.raises(PackRefused, match="No golden case reaches the ESCC grade 3"):
        pack_in(tmp_path, "[[golden]]".join([head, *kept]))


def test_a_version_nobody_recorded_does_not_load(tmp_path):
    (tmp_path / "hashes.toml").write_text("[soar2-open]\n", encoding="utf-8")
    (tmp_path / "soar2-open-1.toml").write_text(TEXT, encoding="utf-8")
    with pytest.raises(PackRefused, match="No hash is recorded"):
        load_pack_from(tmp_path, "soar2-open", "1")
    with pytest.raises(PackRefused, match="could not be read"):
        load_pack("soar2-open", "2")
