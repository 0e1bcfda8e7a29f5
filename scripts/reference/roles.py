"""docs/reference/roles.md: who may see and do what, from the one table, and which addresses ask for each right."""

import os
import re
from importlib import import_module

from reference.tables import table

from soar2.record import rights

RIGHTS = [right for right in rights.PERMISSIONS if right != "demo.control"]


def page() -> str:
    parts = [
        "# Roles and rights",
        "Who may see and do what is one table. A person holds what any of their roles holds. A role starts with"
        " nothing; an account that stands for nobody in the programme holds nothing, and whoever is taken out of"
        " `soar2.toml` holds nothing from the next `soar2 migrate` on. A hospital that wants it otherwise writes"
        ' `may = ["patients.see", …]` at the `[[role]]` in `soar2.toml`; that line then counts in place of the'
        " row here. `soar2 check` refuses a word that is no right, and a role that is sent notices and may not"
        " open and answer them.",
        "## The rights",
        table(["right", "its holders may", "addresses that ask for it"], _rights()),
        "Whoever lacks a right is told so, and which roles have it; nothing is shown, and the attempt is a row of"
        " the audit.",
        "## The roles",
        table(["role", *RIGHTS], _roles()),
        f"A role that neither this table nor `may` knows holds {_said(rights.UNLISTED)}. *administrator* is an"
        " account made with `--administrator`: it looks after interfaces, so it reads messages that are held,"
        " and opens neither charts nor the audit. *security-officer* sees who looked, and no chart: whoever keeps"
        " the machine could change what is written there, so another person reads it. In a demonstration every"
        " role also holds `demo.control`.",
        "## Open to all",
        "These ask for no right, each for a reason: `/health/` and `/health/live` say whether traffic flows and"
        " nothing of patients; `/metrics` asks for a token of its own; the pages under `/accounts/` are one's own"
        " account. Machines come in by [FHIR](../how-to/send-by-fhir.md) with a token, whose scopes are theirs"
        " alone: no account opens that door and no token opens a page.",
        "## What is recorded",
        table(["what", "as"], _recorded()),
        "How to read it: [Answer who opened a chart](../how-to/answer-who-opened-a-chart.md).",
    ]
    return "\n\n".join(parts)


def _rights() -> list[tuple[str, str, str]]:
    paths = _paths()
    return [
        (f"`{right}`", words, "<br>".join(f"`{path}`" for path in paths.get(right, ())))
        for right, words in rights.PERMISSIONS.items()
    ]


def _roles() -> list[tuple[str, ...]]:
    return [
        (role, *("yes" if right in held else "" for right in RIGHTS)) for role, held in rights.TABLE.items()
    ]


def _said(held: tuple[str, ...]) -> str:
    return ", ".join(f"`{right}`" for right in held) or "nothing"


def _paths() -> dict[str, list[str]]:
    """The addresses by the right they ask for, in the order of the URL tree."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
    import django

    django.setup()
    found: dict[str, list[str]] = {}
    for path, view in _walk(import_module("soar2.config.urls").urlpatterns, "/"):
        for right in getattr(view, "permissions", ()):
            found.setdefault(right, []).append(path)
    return found


def _walk(entries, before):
    for entry in entries:
        path = before + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(entry.pattern))
        if hasattr(entry, "url_patterns"):
            yield from _walk(entry.url_patterns, path)
        else:
            yield path, entry.callback


def _recorded() -> list[tuple[str, str]]:
    return [
        ("a patient's page, report, notice or side pane was opened", "*opened*, one row each time"),
        (
            "the patient stood on a list that was on somebody's screen",
            "*listed*, one row a patient, person, page and twelve hours",
        ),
        ("the patient was found by a search of the audit", "*searched*, and the words that were typed"),
        ("the patient's trail left as a file", "*exported*"),
        ("a machine read a report back by FHIR", "*opened*, under the token's name"),
        ("a page was refused", "*refused*, and the right that was lacking"),
        (
            "a held message, or a report of nobody known, was read",
            "a fact of the ledger; it stands in the patient's trail once it is known whose it is",
        ),
        ("anything was changed", "a fact of the ledger, with the person"),
    ]
