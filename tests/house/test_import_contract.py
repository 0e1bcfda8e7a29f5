"""House law: which way rooms look. The linter passes on the tree and fails on a planted violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PLANTED = [
    # where                                   what it imports                                         which contract breaks
    ("criteria/anatomy.py", "import soar2.record.models", "Rooms look one way"),
    ("dictation/reading.py", "import django.conf", "Medicine, language and parsers"),
    ("record/people.py", "import smtplib", "Only exchange speaks to a network"),
    (
        "pathway/reports/actions.py",
        "import soar2.pathway.notices.actions",
        "A later stage knows earlier ones",
    ),
    ("worklists/queries.py", "import soar2.pathway.notices.models", "rows of notices are its own"),
    ("exchange/queries.py", "import soar2.pathway.reports.models", "A stage's rows are its own"),
    ("exchange/hl7v2/message.py", "import socket", "Medicine, language and parsers"),
]


def lint(root):
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return root


def test_the_house_keeps_its_law(copy):
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_violation_is_found(copy, file, line, contract):
    path = copy / "src/soar2" / file
    before = path.read_text()
    path.write_text(before + f"\n{line}\n")
    try:
        result = lint(copy)
    finally:
        path.write_text(before)
    assert result.returncode != 0
    broken = [text for text in result.stdout.splitlines() if "BROKEN" in text]
    assert any(contract in text for text in broken), result.stdout
