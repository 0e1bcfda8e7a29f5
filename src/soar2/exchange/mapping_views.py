"""The mapping page of a feed: paste messages, see what is understood, teach what is not, save it as a file.

The page keeps its draft and its messages in its own form; nothing of them is stored until they are saved.
"""

import json
from typing import Any

from django.conf import settings
from django.contrib import messages as said
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from soar2.errors import Refused
from soar2.exchange import held, mapping_desk, mapping_form, mappings, quarantine, replay, workbench
from soar2.exchange.mapping_desk import Bench
from soar2.exchange.shown_bytes import lines_of
from soar2.record import clock, people
from soar2.record.models import Person
from soar2.record.permissions import may, require

LARGEST = 600_000  # bytes of all messages: they travel in the form, which takes a megabyte
TOO_LARGE = "A file of more than 600 kB was left out; cut it into smaller ones."
SAVED = "mapping-saved"  # where a session keeps what was replaced in the samples just saved


@require_http_methods(["GET", "HEAD", "POST"])
@require("mappings.edit")
def mapping(request: HttpRequest, feed: str = "") -> HttpResponse:
    """The page; POST checks, takes a proposal over, drops a sample or saves, by the button pressed."""
    if request.method != "POST":
        return _first(request, feed)
    name = feed or " ".join(_given(request, "name").split())
    given = {key: _given(request, key) for key in mapping_form.KEYS}
    _, before = mapping_desk.known(name)
    draft, faults = mapping_form.table_from(given, before.table if before else {})
    if choice := _given(request, "teach"):
        draft = mapping_form.taught(draft, *_choice(choice))
    found, left_out = _messages(request)
    bench = mapping_desk.bench(name, draft, found, faults)
    if "save" in request.POST:
        return _save(request, bench, feed, left_out)
    if bench.readings:
        person, username = _who(request)
        mapping_desk.checked(bench, person=person, username=username, now=clock.now())
    return _page(request, bench, feed, left_out=left_out)


def _given(request: HttpRequest, key: str) -> str:
    """What the form says; neither a file nor the database takes a NUL."""
    return str(request.POST.get(key, "")).replace("\0", "")


def _who(request: HttpRequest) -> tuple[Person | None, str]:
    return people.person_of(request.user), request.user.get_username()


def _choice(text: str) -> tuple[str, str]:
    """The key and value of a proposal's button."""
    try:
        key, value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return "", ""
    return str(key), str(value)


def _first(request: HttpRequest, feed: str) -> HttpResponse:
    """The page as it opens: the mapping in force, and the held messages one came from."""
    base, before = mapping_desk.known(feed)
    if feed and not base and before is None:
        raise Http404
    bench = mapping_desk.bench(feed, before.table if before else {}, _held(request))
    return _page(request, bench, feed, saved=request.session.pop(SAVED, None))


def _held(request: HttpRequest) -> list[bytes]:
    """The held message that the page was opened from, and others held for the same: each look is recorded."""
    wanted = request.GET.get("held", "")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 16) or not may(
        request.user, "messages.see"
    ):
        return []
    row = held.held_row(int(wanted))
    if row is None:
        return []
    person, username = _who(request)
    ids = [row.id, *held.of_cause(row.reason, row.where, row.feed, row.sending_application)]
    found: list[bytes] = []
    for number in list(dict.fromkeys(ids))[: workbench.MOST]:
        one = held.held_row(number)
        if one is not None and one.format == one.HL7V2 and sum(map(len, found)) + len(one.raw) <= LARGEST:
            quarantine.opened(number, person=person, username=username, now=clock.now(), how="mapping")
            found.append(bytes(one.raw))
    return found


def _messages(request: HttpRequest) -> tuple[list[bytes], str]:
    """The messages of the form, and a sentence when some were left out."""
    kept = mapping_desk.unpacked(request.POST.getlist("kept"))
    dropped = request.POST.get("drop", "")
    if dropped.isascii() and dropped.isdigit() and 0 < int(dropped[:4]) <= len(kept):
        del kept[int(dropped[:4]) - 1]
    fresh = workbench.messages_in(request.POST.get("pasted", ""))
    files = request.FILES.getlist("files")
    for file in files:
        if (file.size or 0) <= LARGEST:  # a part of a message must not become a sample
            fresh += workbench.messages_in_file(file.read())
    left_out = TOO_LARGE if _too_large(request) or any((file.size or 0) > LARGEST for file in files) else ""
    found: list[bytes] = []
    for raw in dict.fromkeys([*kept, *fresh]):
        if len(found) == workbench.MOST:
            return (
                found,
                f"Twenty messages are looked at once; of {len(kept) + len(fresh)} the rest was left out.",
            )
        if sum(map(len, found)) + len(raw) > LARGEST:
            return found, "At most 600 kB are looked at once; the rest was left out."
        found.append(raw)
    return found, left_out


def _too_large(request: HttpRequest) -> bool:
    """Whether files came that were not taken at all, since they would not have stayed in memory."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return str(length).isdecimal() and int(length) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE


def _save(request: HttpRequest, bench: Bench, feed: str, left_out: str) -> HttpResponse:
    person, username = _who(request)
    why, renew = _given(request, "why"), bool(request.POST.get("renew"))
    try:
        kept = mapping_desk.save(
            bench,
            upon=_upon(request),
            why=why,
            renew=renew,
            person=person,
            username=username,
            now=clock.now(),
        )
    except Refused as refusal:
        refused = refusal.reason.split("\n")
        return _page(request, bench, feed, left_out=left_out, refused=refused, status=409)
    request.session[SAVED] = {
        "count": kept.count,
        "replaced": [list(pair) for pair in kept.replaced],
        "changed": list(kept.changed),
    }
    said.success(request, f"Version {bench.version} is saved and in force. Workers read with it from now on.")
    return redirect("mapping", bench.name)


def _upon(request: HttpRequest) -> int | None:
    """The version that the draft was begun upon; None where the form does not say."""
    said = _given(request, "upon")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


def _page(
    request: HttpRequest,
    bench: Bench,
    feed: str,
    *,
    left_out: str = "",
    refused: list[str] | None = None,
    saved: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page. ``feed`` is the name in the address, empty for a feed that has none yet."""
    folder = mappings.folder_in_use(bench.name) if bench.before else None
    context = {
        "now": clock.now(),
        "bench": bench,
        "feed": feed,
        "fields": mapping_form.filled(bench.draft, bench.base),
        "proposals": [(one, json.dumps([one.key, one.value])) for one in bench.findings.proposals],
        "samples": _samples(bench),
        "next_step": _next_step(bench),
        "upon": _begun_upon(request, bench, told=bool(refused)),
        "left_out": left_out,
        "refused": refused,
        "saved": saved,
        "why": _given(request, "why"),
        "folder": folder,
        "faults_in_force": mappings.mapping_faults(),
        "missed": _missed(bench),
        "waiting": len(replay.held_of(bench.name, replay.held_rows())) if bench.before and bench.name else 0,
        "may_replay": may(request.user, "messages.replay"),
    }
    return render(request, "exchange/mapping.html", context, status=status)


def _begun_upon(request: HttpRequest, bench: Bench, *, told: bool) -> int:
    """A draft stays one upon the version it was begun with until its person is told of a newer one."""
    said = _upon(request) if request.method == "POST" and not told else None
    return bench.version - 1 if said is None else said


def _next_step(bench: Bench) -> str:
    """The proposal to take up next, while something is not understood; empty when it is time to save."""
    likely = [one for one in bench.findings.proposals if one.likely]
    if not likely or bench.findings.understood == bench.findings.count:
        return ""
    return json.dumps([likely[0].key, likely[0].value])


def _samples(bench: Bench) -> list[dict[str, Any]]:
    """The samples for the list; of many with one fault the first stands open, with its lines."""
    seen: set[str] = set()
    rows = []
    for reading, packed in zip(
        bench.readings, mapping_desk.packed([one.raw for one in bench.readings]), strict=True
    ):
        lines = () if reading.understood else lines_of(reading.raw, reading.where)
        first = bool(reading.problem) and reading.problem not in seen
        seen.add(reading.problem)
        rows.append({"reading": reading, "packed": packed, "lines": lines, "open": first})
    return rows


def _missed(bench: Bench) -> int:
    """How many messages of the last week the mapping in force would not leave outside; asked once samples are away."""
    if bench.before is None or bench.readings:
        return 0
    feed = next((one for one in mappings.active_feeds(settings.PROGRAMME) if one.name == bench.name), None)
    return len(replay.missed(feed, clock.now())) if feed else 0
