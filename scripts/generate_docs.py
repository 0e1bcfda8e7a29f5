"""Writes the reference pages that follow from the code; with --check, names those that are out of date instead.

    .venv/bin/python scripts/generate_docs.py [--check]

A page written by hand would go on saying what the code no longer does. `make test` runs the check.
"""

import sys
from pathlib import Path

from reference import (
    answers,
    command_line,
    evaluation,
    fhir,
    lanes,
    macro,
    metrics,
    pack,
    reading,
    roles,
    settings_file,
)

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "command-line.md": command_line.page,
    "settings.md": settings_file.page,
    "hl7-answers.md": answers.page,
    "fhir.md": fhir.page,
    "reading-json.md": reading.page,
    "lanes.md": lanes.page,
    "macro.md": macro.page,
    "evaluation.md": evaluation.page,
    "metrics.md": metrics.page,
    "roles.md": roles.page,
    "pack-soar2-open-1.md": pack.page,
}
NOTE = "<!-- Written by scripts/generate_docs.py from the code. Change the code or the script, not this page. -->\n\n"


def written() -> dict[Path, str]:
    """Every generated page and what it should say."""
    return {ROOT / "docs/reference" / name: NOTE + page().strip() + "\n" for name, page in PAGES.items()}


def main(arguments: list[str]) -> int:
    stale = [path for path, text in written().items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run .venv/bin/python scripts/generate_docs.py")
        return 1 if stale else 0
    for path, text in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
