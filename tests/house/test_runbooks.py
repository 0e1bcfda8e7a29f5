"""Each thing the watcher can find has a runbook, and each runbook quotes words that the product really writes."""

import re
from pathlib import Path

import pytest

from soar2.watch.chain import TAMPERED, UNKEPT, UNSEALED

ROOT = Path(__file__).resolve().parents[2]
BOOKS = {path.name: path.read_text() for path in sorted((ROOT / "docs/runbooks").glob("*.md"))}
SOURCE = "".join(path.read_text() for path in sorted((ROOT / "src/soar2").rglob("*.py")))
TEMPLATES = "".join(path.read_text() for path in sorted((ROOT / "src/soar2").rglob("*.html")))
WATCH = "".join(path.read_text() for path in sorted((ROOT / "src/soar2/watch").glob("*.py")))
#: A finding's key up to its first variable part, as the watcher's questions yield it.
KEYS = set(re.findall(r'yield \(?\s*f?"([a-z]+(?:\.[a-z-]*)?)[^"]*"(?:\[:64\])?,', WATCH)) | {
    TAMPERED,
    UNSEALED,
    UNKEPT,
}


def test_the_watcher_has_keys():
    assert {"inbox.undone", "outbox.waiting", "process.", "feed.", "certificate.", "disk", "backup"} <= KEYS


@pytest.mark.parametrize("key", sorted(KEYS))
def test_each_finding_has_a_runbook(key):
    assert any(re.search(f"`{re.escape(key)}[`….a-z]", text) for text in BOOKS.values()), (
        f"no runbook names the finding {key}"
    )


@pytest.mark.parametrize("name", sorted(set(BOOKS) - {"README.md"}))
def test_each_runbook_says_what_is_seen_what_to_do_and_when_it_is_over(name):
    text = BOOKS[name]
    assert "**You see**" in text
    assert "**It means**" in text
    assert "## Afterwards" in text
    assert f"({name})" in BOOKS["README.md"]


QUOTED = [
    (name, words)
    for name, text in BOOKS.items()
    for words in re.findall(r"(?<!\*)\*([a-z][^*\n]+)\*(?!\*)", text)
]


@pytest.mark.parametrize(("name", "words"), QUOTED)
def test_what_a_runbook_quotes_is_really_written(name, words):
    for part in words.split("…"):  # what stands for a number or a name in the quotation
        assert part.strip(" ,").casefold() in (SOURCE + TEMPLATES).casefold()


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_the_files_and_units_a_runbook_names_exist(name):
    for path in re.findall(r"\b(tests/[\w./-]+|docs/[\w./-]+)", BOOKS[name]):
        assert (ROOT / path).exists(), path
    for unit in re.findall(r"soar2-[a-z]+", BOOKS[name]):
        assert list((ROOT / "docs/how-to/systemd").glob(f"{unit}.*")), unit
