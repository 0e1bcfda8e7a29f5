"""What a sender is told in FHIR's own form: issues, and the OperationOutcome made of them. Pure.

Source: FHIR R4 OperationOutcome and its required value sets issue-severity and issue-type.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from soar2.errors import Unreadable

MOST_ISSUES = 20  # a body that is wrong throughout is not mended by reading a thousand lines


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to say. ``code`` is of issue-type; ``where`` a FHIRPath; neither words nor place may carry
    patient data."""

    code: str
    words: str
    where: str = ""
    severity: str = "error"


class Refusal(Unreadable):
    """A body that cannot be read, with every issue found; 400 when it is no FHIR at all, else 422."""

    def __init__(self, issues: Sequence[Issue], status: int = 422):
        super().__init__(issues[0].words, issues[0].where)
        self.issues = tuple(issues)
        self.status = status


def refuse(code: str, words: str, where: str = "", status: int = 422) -> Refusal:
    """A refusal for one reason."""
    return Refusal([Issue(code, words, where)], status)


def operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """The resource as JSON values; at most ``MOST_ISSUES`` issues and how many more there were."""
    shown = [_issue(issue) for issue in issues[:MOST_ISSUES]]
    if len(issues) > MOST_ISSUES:
        more = f"{len(issues) - MOST_ISSUES} more issues are not listed."
        shown.append(_issue(Issue("informational", more, severity="information")))
    return {"resourceType": "OperationOutcome", "issue": shown}


def _issue(issue: Issue) -> dict[str, Any]:
    said: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.words,
    }
    if issue.where:
        said["expression"] = [issue.where]
    return said


def as_bytes(resource: dict[str, Any]) -> bytes:
    """A resource as it goes over the wire."""
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
