"""The marks of the pages as template tags: `{% load soar2 %}`.

Tags that speak of time need the moment they speak at: they take the context's `now`, which a view sets from
the hospital clock, unless one is given.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from soar2.pages import bars, marks, spine, words

register = template.Library()

NAVIGATION = (
    ("Worklist", "worklist", "patients_see"),
    ("Own reports", "own-reports", "reports_compose"),
    ("Feeds", "feeds", "feeds_see"),
    ("Audit", "audit", "audit_see"),
)
"""Word and view name of each page in the top bar, and what one must be allowed for it to stand there."""


def _now(context: Context, given: datetime | None) -> datetime:
    return given if given is not None else context["now"]


@register.simple_tag
def lane(name: str) -> SafeString:
    """`{% lane 'urgent' %}`: shape, colour and word."""
    return marks.lane_mark(name)


@register.simple_tag
def chip(text: str, kind: str = "") -> SafeString:
    """`{% chip 'New' 'new' %}`; kinds: new, over, warn, fault, well."""
    return marks.chip_mark(text, kind)


@register.simple_tag
def state(kind: str, text: str, more: str = "") -> SafeString:
    """`{% state 'well' 'Feeds well' ', last report 3 min ago' %}`."""
    return marks.state_mark(kind, text, more)


@register.simple_tag(takes_context=True)
def clock(
    context: Context,
    due: datetime | None,
    start: datetime | None = None,
    *,
    now: datetime | None = None,
    verb: str = "",
    what: str = "",
    by: str = "by",
) -> SafeString:
    """`{% clock due start verb='decide' %}`: relative words, bar with its tick, absolute time."""
    return bars.clock(due, _now(context, now), start, verb=verb, what=what, by=by)


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime, now: datetime | None = None) -> SafeString:
    """`{% when report.final_at %}`: `<time>` with the shortest form that cannot be misread."""
    return bars.when(moment, _now(context, now))


@register.simple_tag
def sins_bar(low: int | None, high: int | None, width: int = 300) -> SafeString:
    """`{% sins_bar 7 12 %}`: the full score as an interval; None is not stated."""
    return bars.sins_bar(low, high, width)


@register.simple_tag
def traffic(
    counts: Sequence[int],
    usual: Sequence[float] | None = None,
    silent_from: int | None = None,
    label: str = "",
) -> SafeString:
    """`{% traffic feed.quarter_hours %}`: a bar each quarter hour."""
    return bars.traffic(counts, usual, silent_from=silent_from, label=label)


@register.simple_tag
def day_axis(*marks_: str) -> SafeString:
    """`{% day_axis '14:00' '20' '02' '08' 'now' %}`: the head over a column of traffic."""
    return bars.day_axis(marks_)


@register.filter
def ago(moment: datetime, now: datetime) -> str:
    """`{{ seen|ago:now }}`: `3 min ago`."""
    return words.ago(moment, now)


@register.filter
def in_words(span: timedelta) -> str:
    """`{{ delay|in_words }}`: at most two units."""
    return words.in_words(span)


@register.filter
def procedure(text: str) -> str:
    """`{{ report.procedure|procedure }}`: capitals of a machine made calm."""
    return words.procedure(text)


@register.filter
def place(text: str) -> str:
    """`{{ notice.place|place }}`: `7 NORTH 12` reads `7 North 12`."""
    return words.place(text)


@register.filter
def hospital_time(moment: datetime, now: datetime | None = None) -> str:
    """`{{ moment|hospital_time:now }}`: `Tue 10 Mar 14:05`; with its year if another, or without `now`."""
    return words.hospital_time(moment, now)


@register.filter
def hospital_day(moment: datetime, now: datetime | None = None) -> str:
    """`{{ moment|hospital_day }}`: `10 Mar 2026`; with `:now`, `Tue 10 Mar` in the same year."""
    return words.hospital_day(moment, now)


@register.simple_tag
def spine_symbols() -> SafeString:
    """The normal bones, once a page that draws a spine, before the first drawing."""
    return mark_safe(spine.symbols())  # noqa: S308 (our own drawing)


@register.simple_tag
def spine_column(levels: Mapping[str, spine.Level], uid: str, width: int = 120, **options: Any) -> SafeString:
    """`{% spine_column levels uid='now' width=120 window=window title='…' %}`."""
    return mark_safe(spine.column(levels, uid=uid, width=width, **options))  # noqa: S308 (text escaped by spine)


@register.simple_tag
def spine_pair(
    prior: Mapping[str, spine.Level],
    current: Mapping[str, spine.Level],
    uid: str,
    width: int = 452,
    **options: Any,
) -> SafeString:
    """`{% spine_pair before after uid='pair' window=window dates=dates %}`."""
    return mark_safe(spine.pair(prior, current, uid=uid, width=width, **options))  # noqa: S308 (escaped by spine)


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> SafeString:
    """The links of the top bar that lead the viewer somewhere; the page one is on is marked for eyes and for
    screen readers."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = match.view_name if match else ""
    may = context.get("may") or {}
    return format_html_join(
        "",
        '<a href="{}"{}>{}</a>',
        ((reverse(name), _current(name == here), word) for word, name, needs in NAVIGATION if needs in may),
    )


def _current(here: bool) -> SafeString:
    return mark_safe(' aria-current="page"' if here else "")  # noqa: S308 (our own words)
