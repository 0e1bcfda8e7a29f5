"""Words about patients and clocks for the pages of the pathway: `{% load pathway %}`."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone

from soar2.pages import words

register = template.Library()


@register.filter
def age(who: Any, now: datetime) -> str:
    """`{{ patient|age:now }}`: '62 F'; only what is known. ``who`` has ``birth_date`` and ``sex``."""
    years = str(years_old(who.birth_date, timezone.localdate(now))) if who.birth_date else ""
    return " ".join(part for part in (years, who.sex) if part)


def years_old(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@register.filter
def time_left(due: datetime, now: datetime) -> str:
    """`{{ due|time_left:now }}`: '13 min left', 'Over 2 h'."""
    return words.time_left(due, now)


OUTSIDE = {
    "unstable_fracture": "unstable fracture",
    "primary_or_benign_tumour": "primary or benign tumour",
    "other": "other finding",
}


@register.filter
def outside_words(findings: Iterable[str]) -> str:
    """`{{ report.outside|outside_words }}`: 'compression, unstable fracture'."""
    return ", ".join(OUTSIDE.get(word, word) for word in findings)
