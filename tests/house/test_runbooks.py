"""Each thing the watcher can find has a runbook, and each runbook quotes words that the product really writes."""

import re
from pathlib import Path

import pytest

from soar2.watch.chain import TAMPERED, UNKEPT, UNSEALED

ROOT = Path(__file__).resolve().parents[2]
BOOKS = {path.name: path.read_text() for path in sorted((ROOT / "docs/runbooks").glob("*.md"))}
QUESTIONS = (ROOT / "src/soar2/watch/questions.py").read_text()
#: A finding's key up to its first variable part, as the watcher yields it.
KEYS = set(re.findall(r'yield \(?\s*f?"([a-z-]+(?:\.[a-z-]*)?)', QUESTIONS)) | {TAMPERED, UNSEALED, UNKEPT}


def test_the_watcher_has_keys():
    assert {"inbox.undone", "outbox.waiting", "process.", "feed."} <= KEYS


@pytest.mark.parametrize("key", sorted(KEYS))
def test_each_finding_has_a_runbook(key):
    assert any(f"`{key}" in text for text in BOOKS.values()), f"no runbook names the finding {key}"


@pytest.mark.parametrize("name", sorted(set(BOOKS) - {"README.md"}))
def test_each_runbook_says_what_is_seen_what_to_do_and_when_it_is_over(name):
    text = BOOKS[name]
    assert "**You see**" in text
    assert "**It means**" in text
    assert "## Afterwards" in text
    assert f"({name})" in BOOKS["README.md"]
