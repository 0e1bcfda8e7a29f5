"""Mappings: readable files that add to soar2.toml, are taken up at once, and never stop anything."""

import errno
import io
import os
import stat
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import macro, oru

from soar2.errors import Refused
from soar2.exchange import mapping_samples, mappings
from soar2.exchange.mapping_file import Mapping, faults_of, joined, read_mapping, written
from soar2.exchange.sample_reading import read_sample

FEED = "Radiology results"
BASE = {
    "name": FEED,
    "sending_applications": ["RIS"],
    "procedure_codes": ["72157"],
    "identifier_authority": "DEMO",
    "time_zone": "America/New_York",
}


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=(BASE,))
    return tmp_path / "mappings"


def one(**table):
    return Mapping(FEED, 1, "2026-03-10T15:00:00-04:00", "Rae Osei", "Codes of the new scanner", table)


def active(settings):
    return mappings.active_feeds(settings.PROGRAMME)


JOINS = [
    # key                        states                 becomes
    ("procedure_codes", ["72158"], ["72157", "72158"]),
    ("procedure_codes", ["72157"], ["72157"]),
    ("procedure_words", ["spine"], ["spine"]),
    ("sending_applications", ["EAST"], ["RIS", "EAST"]),
    ("text_types", ["FT"], ["TX", "FT", "ST"]),
    ("identifier_authority", "SITEB", "SITEB"),
    ("accession_field", "OBR-18", "OBR-18"),
    ("time_zone", "Europe/Paris", "Europe/Paris"),
]


@pytest.mark.parametrize(("key", "states", "becomes"), JOINS)
def test_lists_add_to_soar2_toml_and_single_values_take_their_place(key, states, becomes):
    assert joined([BASE], one(**{key: states}))[0][key] == becomes


def test_a_mapping_of_an_unknown_name_is_a_feed_of_its_own(settings):
    mappings.save(
        Mapping(
            "East",
            1,
            table={**{k: v for k, v in BASE.items() if k != "name"}, "sending_applications": ["EAST"]},
        )
    )
    assert [feed.name for feed in active(settings)] == [FEED, "East"]
    assert mappings.version_of("East") == "East v1"
    assert mappings.version_of(FEED) == ""


def test_a_mapping_never_shuts_a_sender_out_in_silence():
    faults = faults_of([BASE], one(sending_facilities=["MAIN"]))
    assert any("would shut out senders that soar2.toml lets in" in fault for fault in faults)


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
values = st.one_of(
    words,
    st.booleans(),
    st.integers(1, 10**6),
    st.lists(words, max_size=4),
    st.dictionaries(words, words, max_size=3),
)


@given(
    table=st.dictionaries(
        words.filter(lambda key: key not in ("name", "version", "made_at", "made_by", "why")),
        values,
        max_size=5,
    ),
    why=words,
)
def test_whatever_is_written_reads_back_the_same(table, why):
    mapping = Mapping("A feed", 7, why=why, table=table)
    assert read_mapping(written(mapping)) == mapping


def test_the_file_says_how_it_adds_and_who_made_it(home):
    text = (mappings.save(one(procedure_codes=["72158"])) / "mapping.toml").read_text()
    for said in (
        "lists add to the lists",
        'made_by = "Rae Osei"',
        "version = 1",
        'procedure_codes = ["72158"]',
    ):
        assert said in text, said


def test_only_owner_and_group_may_read_it(home):
    folder = mappings.save(one(procedure_codes=["72158"]))
    for path in (folder / "mapping.toml", home):
        assert not stat.S_IMODE(os.stat(path).st_mode) & 0o007, path


def test_a_saved_mapping_is_in_force_at_the_next_message(settings):
    assert active(settings)[0].procedure_codes == ("72157",)
    mappings.save(one(procedure_codes=["72158"]))
    assert active(settings)[0].procedure_codes == ("72157", "72158")


def test_a_file_that_somebody_edits_is_in_force_at_the_next_message(settings, home):
    folder = mappings.save(one(procedure_codes=["72158"]))
    active(settings)
    text = (folder / "mapping.toml").read_text()
    (folder / "mapping.toml").write_text(text.replace("72158", "72159").replace("version = 1", "version = 2"))
    assert active(settings)[0].procedure_codes == ("72157", "72159")
    assert mappings.version_of(FEED) == f"{FEED} v2"


BROKEN = [
    ("not TOML", "x = [", "is not valid TOML"),
    ("no name", "version = 1", "name is missing"),
    ("no version", f'name = "{FEED}"', "version must be a whole number"),
    (
        "a slip of the pen",
        f'name = "{FEED}"\nversion = 2\nprocedure_code = ["1"]',
        "did you mean 'procedure_codes'",
    ),
    ("a wrong value", f'name = "{FEED}"\nversion = 2\ntime_zone = "Nowhere"', "is not a time zone"),
    ("an empty file", "", "name is missing"),
    ("bytes", b"\xff\xfe\x00", "cannot be read (UnicodeDecodeError)"),
]


@pytest.mark.parametrize(("what", "text", "words"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_mapping_stops_nothing_and_is_said(settings, what, text, words):
    folder = mappings.save(one(procedure_codes=["72158"]))
    active(settings)
    (folder / "mapping.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert active(settings)[0].procedure_codes == ("72157", "72158"), "the last one in order stays in force"
    said = mappings.mapping_faults()
    assert len(said) >= 1
    assert words in " ".join(said)
    assert all("Until it is mended version 1 stays in force." in sentence for sentence in said)
    assert mappings.version_of(FEED) == f"{FEED} v1"


def test_without_an_older_one_soar2_toml_alone_counts(settings, home):
    (home / FEED).mkdir(parents=True)
    (home / FEED / "mapping.toml").write_text("nonsense")
    assert active(settings)[0].procedure_codes == ("72157",)
    assert "soar2.toml alone counts" in mappings.mapping_faults()[0]


def test_a_folder_removed_is_a_mapping_taken_back(settings, home):
    import shutil

    folder = mappings.save(one(procedure_codes=["72158"]))
    active(settings)
    shutil.rmtree(folder)
    assert active(settings)[0].procedure_codes == ("72157",)
    assert mappings.mapping_faults() == []


def test_two_folders_for_one_feed_are_a_fault_of_the_second(settings, home):
    folder = mappings.save(one(procedure_codes=["72158"]))
    (home / "Zwei").mkdir()
    (home / "Zwei" / "mapping.toml").write_text(
        (folder / "mapping.toml").read_text().replace("72158", "72159")
    )
    assert active(settings)[0].procedure_codes == ("72157", "72158")
    assert "another folder maps the feed" in mappings.mapping_faults()[0]


def test_a_mapping_at_fault_is_refused_before_anything_is_written(home):
    with pytest.raises(Refused, match="not a time zone"):
        mappings.save(one(time_zone="Nowhere"))
    assert not (home / FEED).exists()


def test_old_versions_are_kept(home):
    mappings.save(one(procedure_codes=["72158"]))
    mappings.save(replace(one(procedure_codes=["72159"]), version=2))
    assert "72158" in (home / FEED / "history" / "mapping.v1.toml").read_text()
    assert "72159" in (home / FEED / "mapping.toml").read_text()


def test_of_two_people_who_save_at_once_the_second_is_told(home):
    mappings.save(one(procedure_codes=["72158"]))
    ends = []

    def save():
        try:
            mappings.save(replace(one(procedure_codes=["72159"]), version=2))
            ends.append("saved")
        except Refused as refusal:
            ends.append(refusal.reason)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends.count("saved") == 1
    assert set(ends) == {"saved", "Rae Osei saved version 2 meanwhile. Look at it first."}


@pytest.mark.parametrize(
    "name", ["Radiology results", "a/b", "..", ".hidden", "Straße 1", "x" * 200, " ", "A."]
)
def test_any_name_has_one_folder_inside(home, name):
    folder = mappings.folder_of(name)
    assert folder.parent == home
    assert folder.name not in ("", ".", "..")
    assert not folder.name.startswith(".")


# The samples as tests


def with_samples(**table):
    mapping = one(**table)
    folder = mappings.save(mapping)
    feed, feeds = mapping_samples.mapped_feed(mapping)
    from soar2.criteria.packs import load_pack

    pack = load_pack("soar2-open", "1")
    raws = [
        oru(macro("urgent"), application="RIS", procedure="72157^MR THORACIC SPINE^CPT"),
        oru(macro("expedited"), n=2, application="RIS", procedure="72158^MR LUMBAR^CPT"),
    ]
    readings = [read_sample(raw, feed, feeds, pack) for raw in raws]
    mapping_samples.add_samples(folder, readings, feed, feeds)
    return folder


def outcome(directory=None):
    out = io.StringIO()
    return mappings.run_test(directory, out), out.getvalue()


def test_samples_read_as_expected(home):
    folder = with_samples(procedure_codes=["72158"])
    assert sorted(path.name for path in folder.glob("*/*")) == ["01.hl7", "01.json", "02.hl7", "02.json"]
    assert outcome() == (0, f"{FEED} v1: 2 samples read as expected.\n")
    assert outcome(folder) == outcome(home) == outcome()


def test_a_difference_is_a_sentence_and_exit_1(home):
    folder = with_samples(procedure_codes=["72158"])
    text = (folder / "mapping.toml").read_text()
    (folder / "mapping.toml").write_text(text.replace('"72158"', '"99999"'))
    assert outcome() == (1, f"{FEED}: sample 02: result 1 inside is false, expected true.\n")


def test_a_sample_without_its_expectation_or_a_broken_one_is_said(home):
    folder = with_samples(procedure_codes=["72158"])
    (folder / "expected" / "01.json").unlink()
    (folder / "expected" / "02.json").write_text("{")
    status, said = outcome()
    assert status == 1
    assert "sample 01: expected/01.json is missing." in said
    assert "sample 02: expected/02.json is not JSON that can be read." in said


def test_a_changed_text_is_told_by_its_line(home):
    folder = with_samples(procedure_codes=["72158"])
    sample = folder / "samples" / "01.hl7"
    sample.write_bytes(sample.read_bytes().replace(b"ESCC 1c", b"ESCC 3"))
    status, said = outcome()
    assert status == 1
    assert 'result 1 lane is "emergent", expected "urgent".' in said
    assert "result 1 text differs from line 3." in said


def test_a_mapping_at_fault_fails_its_test(home):
    folder = with_samples(procedure_codes=["72158"])
    (folder / "mapping.toml").write_text("x = [")
    status, said = outcome()
    assert status == 1
    assert "is not valid TOML" in said


def test_no_mapping_is_no_fault(home):
    assert outcome() == (0, f"There is no mapping in {home}.\n")


# What a mapping must never do: hide a report


def test_a_folder_that_cannot_be_looked_at_takes_no_mapping_out_of_force(settings, home, monkeypatch):
    mappings.save(one(procedure_codes=["72158"]))
    assert active(settings)[0].procedure_codes == ("72157", "72158")

    def stale(path):
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    monkeypatch.setattr(os, "scandir", stale)
    assert active(settings)[0].procedure_codes == ("72157", "72158")
    [said] = mappings.mapping_faults()
    assert f"The mappings in {home} cannot be looked at (Stale file handle)" in said
    monkeypatch.undo()
    settings.HOME, settings.PROGRAMME = home.parent, replace(settings.PROGRAMME, feed_tables=(BASE,))
    assert mappings.mapping_faults() == []


def test_a_folder_that_could_never_be_looked_at_is_said(settings, home):
    home.write_text("a file where the folder should be")
    assert active(settings)[0].procedure_codes == ("72157",)
    assert "soar2.toml alone counts" in mappings.mapping_faults()[0]
    out = io.StringIO()
    assert mappings.run_test(None, out) == 1
    assert "cannot be looked at" in out.getvalue()


def test_files_that_cannot_be_read_leave_in_force_what_was_read_of_them(settings, home, monkeypatch):
    folder = mappings.save(one(procedure_codes=["72158"]))
    active(settings)
    os.utime(folder / "mapping.toml", (1, 1))

    def away(self, *_, **__):
        raise OSError(errno.EIO, "Input/output error", str(self))

    monkeypatch.setattr(type(folder), "read_text", away)
    assert active(settings)[0].procedure_codes == ("72157", "72158")
    assert "version 1 stays in force" in mappings.mapping_faults()[0]


def test_a_mapping_nested_without_end_is_a_fault_like_any_other(settings, home):
    folder = mappings.save(one(procedure_codes=["72158"]))
    (folder / "mapping.toml").write_text("x = " + "[" * 20_000)
    assert active(settings)[0].procedure_codes == ("72157", "72158")
    assert "nested more deeply" in mappings.mapping_faults()[0]


OTHER = {**BASE, "name": "Catch-all", "sending_applications": ["*"], "procedure_codes": ["MRSPINE"]}
NARROW = {k: v for k, v in BASE.items() if k != "name"}


@pytest.mark.parametrize(
    ("what", "tables", "mapping"),
    [
        ("a new feed beside one that takes any sender", [OTHER], Mapping("East", 1, table=NARROW)),
        (
            "an earlier feed given a later one's sender",
            [{**BASE, "name": "East", "sending_applications": ["EAST"]}, BASE],
            Mapping("East", 1, table={"sending_applications": ["ris"]}),
        ),
        (
            "any sender at all",
            [BASE, OTHER, {**BASE, "name": "Last", "sending_applications": ["LAST"]}],
            Mapping(FEED, 1, table={"sending_applications": ["*"]}),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mapping_never_draws_a_sender_from_another_feed(what, tables, mapping):
    faults = faults_of(tables, mapping)
    assert faults
    assert all("To move a sender, edit soar2.toml" in fault for fault in faults)


@pytest.mark.parametrize(("word", "code"), [("F", "O"), ("f", "X"), ("C", "P"), ("Done", "O")])
def test_a_known_status_keeps_its_meaning(word, code):
    base = {**BASE, "status_words": {"DONE": "F"}}
    [fault] = faults_of([base], one(status_words={word: code}))
    assert "To change that, edit soar2.toml" in fault
    assert faults_of([base], one(status_words={"SIGNED": "F", "done": "F", "F": "F"})) == []
