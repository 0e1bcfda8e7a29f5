"""Whether the house around the feeds stands: disk, backup, certificates, mappings, sequence numbers, rota."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from soar2.criteria.packs import PackRefused, load_pack
from soar2.exchange import house, mappings
from soar2.exchange.models import SenderSequence
from soar2.pages import words
from soar2.record import people
from soar2.record.models import Role, RotaRule

AHEAD = timedelta(hours=72)
DISK_WARN, DISK_FAULT = 0.15, 0.05  # of the disk left free
BACKUP_WARN, BACKUP_FAULT = timedelta(hours=26), timedelta(hours=50)  # a nightly one was missed, or two
CERTIFICATE_WARN = timedelta(days=30)


@dataclass(frozen=True)
class Vital:
    """One fact of the house: ``mark`` is well, warn or fault."""

    name: str
    mark: str
    state: str
    more: str = ""


@dataclass(frozen=True)
class Hole:
    """A stretch in which nobody holds a role. ``left`` and ``width`` are shares of the ribbon."""

    since: datetime
    until: datetime
    left: float
    width: float


@dataclass(frozen=True)
class Cover:
    """One role over the coming 72 hours."""

    role: str
    holes: tuple[Hole, ...]

    @property
    def bare(self) -> bool:
        """Whether nobody holds it at any time."""
        return sum(hole.width for hole in self.holes) > 0.999


@dataclass(frozen=True)
class Gap:
    """Sequence numbers of a sender that never came, or came twice."""

    sender: str
    words: str
    seen: str


def vitals(real: datetime) -> tuple[Vital, ...]:
    """Every fact that can be told without asking another machine. ``real`` is machine time."""
    return (_disk(), _backup(real), *_certificates(real), _mappings())


def _disk() -> Vital:
    disk = house.disk()
    if disk is None:
        return Vital("Disk", "warn", "Not known", "the state folder cannot be looked at")
    mark = "fault" if disk.share < DISK_FAULT else "warn" if disk.share < DISK_WARN else "well"
    return Vital("Disk", mark, f"{disk.share:.0%} free", f"{disk.free / 1e9:,.1f} GB")


def _backup(real: datetime) -> Vital:
    last = house.last_backup()
    try:
        size = int(last.told.get("bytes", 0)) if last else 0
    except (ValueError, TypeError):
        last = None
    if last is None:
        mark = "well" if settings.PROGRAMME.demo else "warn"
        return Vital("Backup", mark, "None yet", "soar2 backup FILE makes one")
    age, name = real - last.at, Path(str(last.told.get("file", ""))).name
    mark = "fault" if age > BACKUP_FAULT else "warn" if age > BACKUP_WARN else "well"
    return Vital("Backup", mark, words.ago(last.at, real), f"{size / 1e6:,.1f} MB {name}".strip())


def _certificates(real: datetime) -> Iterator[Vital]:
    """When the door's certificate ends; nothing where the door speaks without TLS."""
    for ends in house.certificates().values():
        if ends is None:
            yield Vital("Certificate", "fault", "Cannot be read", settings.PROGRAMME.mllp.certificate)
            continue
        mark = "fault" if ends <= real else "warn" if ends - real < CERTIFICATE_WARN else "well"
        state = f"Ended {words.ago(ends, real)}" if ends <= real else f"{words.in_words(ends - real)} left"
        yield Vital("Certificate", mark, state, f"until {words.hospital_day(ends)}")


def _mappings() -> Vital:
    standing = mappings.standing(settings.PROGRAMME)
    if standing.faults:
        return Vital("Mappings", "fault", "Not as written", " ".join(standing.faults))
    named = ", ".join(mapping.label for mapping in standing.mappings.values())
    return Vital("Mappings", "well", named or "None", "" if named else "soar2.toml alone counts")


def sequence_gaps() -> tuple[Gap, ...]:
    """What senders that number their messages (MSH-13) left out or sent twice, the latest first. One query."""
    found = []
    for row in SenderSequence.objects.exclude(gaps=[]):
        sender = " ".join(part for part in (row.sending_application, row.sending_facility) if part)
        for first, last, seen, *kind in row.gaps:
            many = f"{first}" if first == last else f"{first} to {last}"
            what = {"repeated": "came twice", "restarted": "count began anew"}.get(
                kind[0] if kind else "", "never came"
            )
            found.append(Gap(sender or "not stated", f"{many} {what}", str(seen)))
    return tuple(sorted(found, key=lambda gap: gap.seen, reverse=True)[:20])


def coverage(now: datetime) -> tuple[Cover, ...]:
    """Every role that notices reach or the rota names, with its holes in the coming 72 hours. Two queries."""
    rules: dict[str, list[RotaRule]] = {}
    for rule in RotaRule.objects.filter(person__active=True).order_by("order"):
        rules.setdefault(rule.role_id, []).append(rule)
    wanted = _told() | set(rules)
    roles = Role.objects.filter(key__in=wanted).order_by("name")
    return tuple(Cover(role.name, tuple(_holes(rules.get(role.key, []), now))) for role in roles)


def _told() -> set[str]:
    """Roles that a notice is addressed to at once. Those further up a ladder may be telephoned instead."""
    try:
        pack = load_pack(*settings.PROGRAMME.pack)
    except PackRefused:
        return {settings.PROGRAMME.duty_role}
    addressed = (name for one in pack.addressed.values() for name in (one.role, one.out_of_hours_role))
    return {settings.PROGRAMME.duty_role, *filter(None, addressed)}


def _holes(rules: list[RotaRule], now: datetime) -> Iterator[Hole]:
    edges = _edges(rules, now)
    since: datetime | None = None
    for edge, following in zip(edges, [*edges[1:], now + AHEAD], strict=True):
        local = edge.astimezone(settings.PROGRAMME.zone)
        bare = edge < following and not any(people.covers(rule, local) for rule in rules)
        if bare and since is None:
            since = edge
        elif not bare and since is not None and edge < following:
            yield _hole(since, edge, now)
            since = None
    if since is not None:
        yield _hole(since, now + AHEAD, now)


def _edges(rules: list[RotaRule], now: datetime) -> list[datetime]:
    """The moments from ``now`` on at which somebody's turn may begin or end."""
    zone = settings.PROGRAMME.zone
    today = now.astimezone(zone).date()
    times = {time for rule in rules for time in (rule.since, rule.until)}
    found = {
        datetime.combine(today + timedelta(days=day), time, zone).astimezone(UTC)
        for day in range(5)
        for time in times
    }
    return sorted({now.astimezone(UTC), *(edge for edge in found if now < edge < now + AHEAD)})


def _hole(since: datetime, until: datetime, now: datetime) -> Hole:
    return Hole(since, until, round((since - now) / AHEAD, 4), round((until - since) / AHEAD, 4))
