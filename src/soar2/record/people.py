"""Roles, people and the rota: who holds a role at a given moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from soar2.record import rows
from soar2.record.models import Person, Role, RotaRule
from soar2.record.programme import Programme


@transaction.atomic
def load_programme(programme: Programme) -> None:
    """Make rows of the roles, people and rota in ``soar2.toml``.

    People no longer named lose their turns, never their history.
    """
    for role in programme.roles:
        Role.objects.update_or_create(key=role.key, defaults={"name": role.name, "phone": role.phone})
    for entry in programme.people:
        person, _ = Person.objects.update_or_create(
            key=entry.key,
            defaults={
                "name": entry.name,
                "short": entry.short,
                "email": entry.email,
                "phone": entry.phone,
                "active": True,
            },
        )
        person.roles.set(Role.objects.filter(key__in=entry.roles))
    Person.objects.exclude(key__in=[entry.key for entry in programme.people]).update(active=False)
    RotaRule.objects.all().delete()
    people = {person.key: person for person in Person.objects.all()}
    RotaRule.objects.bulk_create(
        RotaRule(
            role_id=entry.role,
            person=people[entry.person],
            weekdays=list(entry.weekdays),
            since=entry.since,
            until=entry.until,
            order=n,
        )
        for n, entry in enumerate(programme.rota)
        if entry.person in people
    )


def on_duty(role: str, at: datetime) -> Person | None:
    """Who holds ``role`` at ``at``; None is a hole in the rota. The first matching line of the file counts."""
    local = at.astimezone(settings.PROGRAMME.zone)
    turn, person = rows.columns(RotaRule, table="turn")[0], rows.columns(Person)[0]
    found = rows.ask(
        f"SELECT {turn}, {person} FROM record_rotarule AS turn JOIN record_person AS r ON r.id = turn.person_id"  # noqa: S608
        ' WHERE turn.role_id = %s AND r.active ORDER BY turn."order"',
        [role],
    )
    width = len(RotaRule._meta.concrete_fields)
    covering = (row for row in found if covers(rows.made(RotaRule, row[:width]), local))
    return next((rows.made(Person, row[width:]) for row in covering), None)


def covers(rule: RotaRule, local: datetime) -> bool:
    """Whether a weekly turn covers a local time, including turns that began on the day before."""
    clock, today = local.time(), local.weekday()
    if rule.since < rule.until:
        return today in rule.weekdays and rule.since <= clock < rule.until
    yesterday = (local - timedelta(days=1)).weekday()
    return (today in rule.weekdays and clock >= rule.since) or (
        yesterday in rule.weekdays and clock < rule.until
    )


def person_of(user: Any) -> Person | None:
    """The person a signed-in account stands for, or None."""
    return getattr(user, "person", None) if user.is_authenticated else None


def holds(person: Person | None, role: str) -> bool:
    """Whether a person may act in a role, by the settings, on duty or not."""
    return person is not None and person.roles.filter(key=role).exists()


def role(key: str) -> Role:
    """The role row; one that the settings do not name is made, so that its hand tasks stay visible."""
    found, _ = Role.objects.get_or_create(key=key, defaults={"name": _name_for(key)})
    return found


def known(keys: Iterable[str]) -> rows.Statement:
    """What makes sure that the roles are there, as ``role`` does, for rows that name them."""
    wanted = sorted(set(keys))
    return (
        "INSERT INTO record_role (key, name, phone)"
        " SELECT key, name, '' FROM unnest(%s::text[], %s::text[]) AS wanted(key, name) ON CONFLICT DO NOTHING",
        [wanted, [_name_for(key) for key in wanted]],
    )


def _name_for(key: str) -> str:
    return key.replace("-", " ").capitalize()
