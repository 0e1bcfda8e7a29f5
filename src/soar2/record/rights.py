"""Who may see and do what: one table by role. Pure; the questions that pages ask of it are in ``permissions``.

A role starts with nothing. A person holds what any of their roles holds; an account that stands for nobody in
the programme holds nothing; an administrator's account holds the row ``administrator``. A hospital that wants it
otherwise writes ``may = [...]`` at the role in ``soar2.toml``.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from soar2.criteria.packs import PackRefused, load_pack
from soar2.record.programme import Programme, RoleEntry

PERMISSIONS: Mapping[str, str] = {
    "patients.see": "see the worklist, notices, reports and patients",
    "notices.answer": "answer a notice",
    "notices.hand-tasks": "note a task done by hand, such as a telephone call",
    "reports.mark-read": "say what came of a report that no notice speaks for",
    "reports.compose": "compose a report of the spine and file it",
    "feeds.see": "see the feeds: what came in, what went out, which process lives",
    "messages.see": "see held messages as they came, patient data included, and settle them",
    "messages.replay": "have held messages read again",
    "mappings.edit": "change how a sender's messages are read",
    "audit.see": "see who opened and changed which patient",
    "demo.control": "move the clock of a demonstration and look at its telephone",
}
CARE = ("patients.see", "notices.answer", "notices.hand-tasks", "reports.mark-read", "feeds.see")
INTERFACE = ("feeds.see", "messages.see", "messages.replay", "mappings.edit")
TABLE: Mapping[str, tuple[str, ...]] = {
    "navigator": CARE,
    "lead-navigator": CARE,
    "spine-on-call": CARE,
    "spine-backup": CARE,
    "neurosurgery-on-call": CARE,
    "neurosurgery-backup": CARE,
    "neurosurgery-chief": CARE,
    "radiation-oncology-on-call": CARE,
    "attending-on-call": CARE,
    "service-chief": CARE,
    "nursing-supervisor": CARE,
    "director": CARE,
    # reads and calls, but the notice is another's to own
    "neuroradiology": (
        "patients.see",
        "notices.hand-tasks",
        "reports.mark-read",
        "reports.compose",
        "feeds.see",
    ),
    # telephones by the ladder and writes down who answered
    "operator": ("patients.see", "notices.hand-tasks"),
    "board-coordinator": ("patients.see", "feeds.see"),
    "home-care-coordinator": ("patients.see",),
    "mri-scheduler": ("patients.see",),
    # mends interfaces: needs the message that could not be read, not the charts of all who could
    "interface-desk": INTERFACE,
    # looks at who looked, and at nothing else
    "security-officer": ("audit.see",),
    # an account without a role, made with --administrator. Not audit.see: whoever keeps the machine could change
    # what is written there, so another person reads it.
    "administrator": INTERFACE,
}
UNLISTED: tuple[str, ...] = ("feeds.see",)
"""What a role holds that neither this table nor ``may`` knows: a page without any patient on it."""

ADMINISTRATOR = "administrator"
#: Whom to ask for a permission that one has not; the first of these roles that the settings name.
ASK: Mapping[str, tuple[str, ...]] = {
    "messages.see": ("interface-desk",),
    "messages.replay": ("interface-desk",),
    "mappings.edit": ("interface-desk",),
    "audit.see": ("security-officer",),
}
ASK_OTHERWISE = ("lead-navigator", "navigator")


def of_role(programme: Programme, key: str) -> frozenset[str]:
    """What holders of a role may do: its ``may`` in the settings, else its row here, else ``UNLISTED``.

    In a demonstration everybody holds the clock.
    """
    entry = next((role for role in programme.roles if role.key == key), None)
    return frozenset(_held(key, entry)) | ({"demo.control"} if programme.demo else set())


def _held(key: str, entry: RoleEntry | None) -> tuple[str, ...]:
    return entry.may if entry is not None and entry.may is not None else TABLE.get(key, UNLISTED)


def holders(programme: Programme, permission: str) -> list[str]:
    """The names of the programme's roles that hold a permission."""
    return [entry.name for entry in programme.roles if permission in of_role(programme, entry.key)]


def permission_faults(programme: Programme) -> list[str]:
    """A sentence for each ``may`` that names no permission, and for each role that notices reach in vain."""
    return [*_unknown(programme), *_unreachable(programme)]


def _unknown(programme: Programme) -> Iterator[str]:
    for entry in programme.roles:
        for word in entry.may or ():
            if word not in PERMISSIONS:
                near = get_close_matches(word, PERMISSIONS, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"they are: {', '.join(PERMISSIONS)}."
                yield f"[[role]] '{entry.key}': may holds '{word}', which is no permission; {hint}"


def _unreachable(programme: Programme) -> Iterator[str]:
    """Whoever gets a notice by mail must be able to open it and answer: a ladder that ends at a locked door
    would climb on while a surgeon who wants to take the patient cannot."""
    told = _told(programme)
    for entry in programme.roles:
        holds = _held(entry.key, entry)
        lacking = [word for word in ("patients.see", "notices.answer") if word not in holds]
        if entry.key in told and lacking:
            yield (
                f"[[role]] '{entry.key}' is sent notices and may not open or answer them: its may lacks "
                f"{' and '.join(lacking)}."
            )


def _told(programme: Programme) -> set[str]:
    try:
        pack = load_pack(*programme.pack)
    except PackRefused:
        return {programme.duty_role}  # the pack has a sentence of its own
    rungs = {rung.role for ladder in pack.ladders.values() for rung in ladder if rung.channel == "email"}
    addressed = {
        role for one in pack.addressed.values() for role in (one.role, one.out_of_hours_role) if role
    }
    return (rungs - {"owner"}) | addressed | {programme.duty_role}
