"""What the documents say is so: links lead somewhere, commands parse, generated pages are current, words exist."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from soar2.cli import _parser
from soar2.dictation.reading import read_report
from soar2.exchange import feeds
from soar2.pathway.notices.models import Step
from soar2.pathway.notices.views import VERBS
from soar2.read_command import summary
from soar2.record.models import OutboxMessage
from soar2.record.programme import load

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "scripts/generate_docs.py"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TEST_NAME = re.compile(r"`(tests/[\w./-]+\.py)(?:::(\w+))?`")
#: Commands are run by people from the checkout or from where the how-to guide puts it.
COMMAND = re.compile(r"(?:^|[\s|(])(?:/opt/soar2/)?\.venv/bin/soar2 ([^|\n]*)")
# Written in pieces, so that this file does not find itself.
REGISTRY = re.compile(
    "|".join(
        (
            r"py" r"pi\.org",
            r"python" r"hosted",
            r"npm" r"js\.",
            r"arti" r"factory",
            r"dev" r"pi",
            r"nex" r"us\.",
        )
    )
)
WORKPLACE = re.compile(r"(?<![\w.-])/wo" r"rk/(?:main|shared)|\.lib" r"rary/|/tmp/br" r"ief")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    return FENCE.sub("", text(path))


def blocks(path: Path, *languages: str) -> list[str]:
    return [body for language, body in FENCE.findall(text(path)) if language in languages]


def tracked() -> list[Path]:
    """Files of the repository, new ones too; where git is absent, everything but what is made."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not set(path.parts) & {".venv", ".git", ".soar2"}]
    return [path for path in found if path.is_file()]


# ---------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    lost = [target for target in LINK.findall(prose(document)) if not leads_somewhere(document, target)]
    assert lost == []


def leads_somewhere(document: Path, target: str) -> bool:
    if target.startswith(("http://", "https://", "mailto:")):
        return True
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    return path.exists() and (not anchor or anchor in anchors(path))


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text(path), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_a_lost_link_is_found() -> None:
    readme = ROOT / "README.md"
    assert not leads_somewhere(readme, "docs/nowhere.md")
    assert not leads_somewhere(readme, "GLOSSARY.md#no-such-heading")
    assert leads_somewhere(readme, "GLOSSARY.md#glossary")


def test_every_document_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in seen or document.suffix != ".md" or not document.exists():
            continue
        seen.add(document)
        targets = (target.partition("#")[0] for target in LINK.findall(prose(document)))
        waiting += [(document.parent / name).resolve() for name in targets if name and "://" not in name]
    assert [named(path) for path in DOCUMENTS if path not in seen] == []


# ------------------------------------------------------------------------------------------- commands


def commands(document: Path) -> Iterator[str]:
    for block in blocks(document, "", "sh", "bash"):
        for found in COMMAND.findall(block):
            yield re.split(r"\s+(?:#|>|&&)", found)[0]


EVERY_COMMAND = [(named(document), words) for document in DOCUMENTS for words in commands(document)]


@pytest.mark.parametrize(("document", "words"), EVERY_COMMAND)
def test_the_parser_takes_every_command(document: str, words: str) -> None:
    _parser().parse_args(shlex.split(words))


def test_there_are_commands_to_check() -> None:
    readme = {words.split()[0] for document, words in EVERY_COMMAND if document == "README.md"}
    assert readme >= {
        "send",
        "read",
        "template",
        "check",
        "migrate",
        "admin",
        "web",
        "listen",
        "work",
        "watch",
    }
    with pytest.raises(SystemExit):
        _parser().parse_args(["send", "--no-such-option"])


def test_files_that_commands_name_are_there() -> None:
    inside = [
        word
        for _, words in EVERY_COMMAND
        for word in shlex.split(words)
        if word.startswith(("tests/", "docs/"))
    ]
    assert inside
    assert [name for name in inside if not (ROOT / name).exists()] == []


def test_the_two_commands_stand_on_the_first_screen_of_the_readme() -> None:
    first_screen = text(ROOT / "README.md").splitlines()[:20]
    assert any(line.startswith("make demo") for line in first_screen)
    assert any(line.startswith("make test") for line in first_screen)
    assert len(text(ROOT / "README.md").splitlines()) < 200


def test_the_units_start_commands_that_exist() -> None:
    units = sorted((ROOT / "docs/how-to/systemd").glob("*.service"))
    assert [unit.stem for unit in units] == [
        "soar2-backup",
        "soar2-listen",
        "soar2-watch",
        "soar2-web",
        "soar2-work",
    ]
    for unit in units:
        started = re.search(
            r"^ExecStart=(?:/bin/sh -c 'exec )?\S+/soar2 (\w+)(?: (/.+)')?$", text(unit), re.M
        )
        assert started, unit.name
        _parser().parse_args([word for word in started.groups() if word])
        assert unit.name == f"soar2-{started[1]}.service"


def test_the_tutorial_shows_what_soar2_read_prints() -> None:
    tutorial = text(ROOT / "docs/tutorial/first-report.md")
    written = re.search(r"cat > first-report\.txt <<'END'\n(.*?)^END$", tutorial, re.M | re.S)
    assert written
    assert summary(read_report(written[1]), "first-report.txt") in tutorial
    assert read_report(written[1].replace("ESCC 1c", "ESCC 2")).lane == "emergent"


# ------------------------------------------------------------------------------------------ reference


def generator(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, GENERATOR, *arguments], cwd=ROOT, capture_output=True, text=True)


def test_generated_pages_are_current() -> None:
    found = generator("--check")
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_reference_page_is_generated_or_known_to_be_written_by_hand() -> None:
    pages = sorted((ROOT / "docs/reference").glob("*.md"))
    by_hand = [
        page.name for page in pages if not text(page).startswith("<!-- Written by scripts/generate_docs.py")
    ]
    assert by_hand == ["notice.md", "performance.md"]


def test_the_life_of_a_notice_names_every_state_and_answer() -> None:
    page = text(ROOT / "docs/reference/notice.md")
    steps = {Step.WAITING, Step.SENT, Step.HAND, Step.DONE, Step.STOPPED}
    deliveries = {OutboxMessage.QUEUED, OutboxMessage.SENT, OutboxMessage.FAILED, OutboxMessage.DROPPED}
    assert steps == {value for name, value in vars(Step).items() if name.isupper() and isinstance(value, str)}
    assert {word for word in (*VERBS, *steps, *deliveries) if f"`{word}`" not in page} == set()


def test_every_variable_of_the_environment_is_described() -> None:
    read = set()
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").glob("*.sh"), ROOT / "Makefile"]:
        read |= set(re.findall(r"\b(?:SOAR2_[A-Z_]*[A-Z]|DATABASE_URL)\b", text(path)))
    described = set(re.findall(r"^\| `(\w+)`", text(ROOT / "docs/reference/settings.md"), re.M))
    assert read - described == set()
    missing = set(re.findall(r"\bSOAR2_[A-Z_]+\b", text(ROOT / "README.md"))) - described
    assert missing == set()


def test_the_example_settings_have_no_fault() -> None:
    programme, faults = load(ROOT / "docs/soar2.example.toml")
    assert faults == []
    assert feeds.check(programme.feed_tables) == []


def test_settings_shown_in_guides_have_no_unknown_key() -> None:
    from soar2.record.programme import KEYS

    shown = [tomllib.loads(body) for path in DOCUMENTS for body in blocks(path, "toml")]
    assert shown
    for table in shown:
        assert feeds.check(table.pop("feed", [])) == []
        for name, rows in table.items():
            for row in rows if isinstance(rows, list) else [rows]:
                assert set(row) <= KEYS[name], name


# ---------------------------------------------------------------------------------------------- words


def test_tests_that_documents_point_to_exist() -> None:
    pointed = [(path, test) for document in DOCUMENTS for path, test in TEST_NAME.findall(text(document))]
    assert len(pointed) > 30
    lost = [f"{path}::{test}" for path, test in pointed if not has_test(ROOT / path, test)]
    assert lost == []


def has_test(path: Path, name: str) -> bool:
    return path.exists() and (not name or re.search(rf"def {name}\b", text(path)) is not None)


def test_paths_in_documents_exist() -> None:
    path = re.compile(r"`((?:src|docs|tests|scripts|requirements)/[\w./-]+)`")
    named_paths = [found for document in DOCUMENTS for found in path.findall(prose(document))]
    assert named_paths
    assert (
        sorted(
            {name for name in named_paths if not (ROOT / name).exists()}
            - {"src/soar2/criteria/packs/NAME-VERSION.toml"}
        )
        == []
    )


def glossary() -> list[str]:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|", text(ROOT / "GLOSSARY.md"), re.M)
    return [word.strip() for row in rows for word in row.split(",")]


@pytest.fixture(scope="module")
def source() -> str:
    """The words of the code: names and comments alike; ChartAccess and chart_access are both "chart access"."""
    parts = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.html")]
    return plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", " ".join(map(text, parts))))


def plain(words: str) -> str:
    return re.sub(r"[_\W]+", " ", words).lower()


@pytest.mark.parametrize("word", glossary())
def test_every_word_of_the_glossary_is_a_word_of_the_code(word: str, source: str) -> None:
    assert f" {plain(word)}" in source


def test_decisions_are_all_in_their_index() -> None:
    records = sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    assert list(LINK.findall(text(ROOT / "docs/adr/README.md"))) == records


# ------------------------------------------------------------------------------------------ addresses


def test_no_file_names_a_registry_or_the_place_where_it_was_made() -> None:
    found = []
    for path in tracked():
        try:
            words = text(path)
        except UnicodeDecodeError:
            continue  # a picture
        found += [
            f"{named(path)}: {hit}" for pattern in (REGISTRY, WORKPLACE) for hit in pattern.findall(words)
        ]
    assert found == []


def test_the_search_for_addresses_finds_them() -> None:
    assert REGISTRY.search("https://files.python" + "hosted.org/packages")
    assert WORKPLACE.search("see /wo" + "rk/shared/house.md")
    assert not WORKPLACE.search("src/soar2/exchange/work.py")
