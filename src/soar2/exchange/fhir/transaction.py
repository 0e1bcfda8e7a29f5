"""What a Bundle must be to be taken: a transaction that brings reports and what they refer to. Pure."""

from collections import Counter
from collections.abc import Iterator

from soar2.exchange.fhir.outcome import Issue, Refusal, refuse
from soar2.exchange.fhir.references import Json

MOST_ENTRIES = 1000
ONLY_POST = "A DiagnosticReport is brought by POST, each version of it; the accession number joins them."
ONLY_BRINGING = "Only POST and PUT are taken: this door stores reports, it deletes and finds nothing."


def check_transaction(bundle: Json) -> None:
    """Raises Refusal with every fault of the Bundle as a whole. Its shape and codes must have been checked."""
    kind, entries = bundle["type"], bundle.get("entry", ())
    if kind != "transaction":
        raise refuse(
            "not-supported", f"A Bundle of type {kind} is not taken; send a transaction.", "Bundle.type"
        )
    if len(entries) > MOST_ENTRIES:
        raise refuse("too-long", f"A transaction has at most {MOST_ENTRIES} entries.", "Bundle.entry")
    issues = [*_entry_issues(entries), *_double_urls(entries)]
    if not issues and not any(_kind(entry) == "DiagnosticReport" for entry in entries):
        issues = [Issue("required", "There is no DiagnosticReport in the transaction.", "Bundle.entry")]
    if issues:
        raise Refusal(issues)


def _entry_issues(entries: list[Json]) -> Iterator[Issue]:
    for number, entry in enumerate(entries):
        place = f"Bundle.entry[{number}]"
        if "request" not in entry:
            yield Issue("required", "Every entry of a transaction has a request.", f"{place}.request")
            continue
        method, url = entry["request"].get("method"), entry["request"].get("url", "")
        if method not in ("POST", "PUT"):
            yield Issue("not-supported", ONLY_BRINGING, f"{place}.request.method")
        elif "resource" not in entry:
            yield Issue("required", f"{method} needs a resource.", f"{place}.resource")
        elif method == "PUT" and _kind(entry) == "DiagnosticReport":
            yield Issue("not-supported", ONLY_POST, f"{place}.request.method")
        elif url.strip("/").split("/")[0].split("?")[0] != _kind(entry):
            yield Issue(
                "invalid", "The address names another type than the resource has.", f"{place}.request.url"
            )


def _double_urls(entries: list[Json]) -> Iterator[Issue]:
    """Two resources under one name: a reference to it could mean either patient."""
    counts = Counter(entry["fullUrl"] for entry in entries if "fullUrl" in entry)
    for number, entry in enumerate(entries):
        if counts.get(entry.get("fullUrl", ""), 0) > 1:
            words = "Two entries have the same fullUrl, so a reference to it is ambiguous."
            yield Issue("duplicate", words, f"Bundle.entry[{number}].fullUrl")


def _kind(entry: Json) -> str:
    return str(entry.get("resource", {}).get("resourceType", ""))
