"""Small drawn bars: a clock, a score as an interval, a day of traffic. Classes only, no style attributes."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from soar2.pages import words
from soar2.pages.marks import chip_mark

SINS_CLASSES = ((0, 6, "stable"), (7, 12, "potentially unstable"), (13, 18, "unstable"))
"""The published classes of the full score: Fisher et al., Spine 2010;35:E1221."""
SINS_TOP = 18


def clock_bar(share: float, width: int = 150) -> SafeString:
    """Length is time spent, the tick is the target, solid ink past it is time over.

    `share` is time spent as a part of the time allowed; above 1 the tick moves left and the rest is over.
    """
    share = max(0.0, share)
    tick = width if share <= 1 else max(8.0, width / share)
    over = (
        f'<rect class="cb-over" x="{tick:.1f}" y="0" width="{width - tick:.1f}" height="8"/>'
        if share > 1
        else ""
    )
    return mark_safe(  # noqa: S308 (numbers only)
        f'<svg width="{width + 2}" height="10" aria-hidden="true">'
        f'<rect class="cb-left" y="2" width="{tick:.1f}" height="4"/>'
        f'<rect class="cb-spent" y="2" width="{min(share, 1) * tick:.1f}" height="4"/>{over}'
        f'<rect class="cb-tick" x="{tick:.1f}" y="0" width="2" height="8"/></svg>'
    )


def clock(
    due: datetime | None,
    now: datetime,
    start: datetime | None = None,
    *,
    verb: str = "",
    what: str = "",
    by: str = "by",
) -> SafeString:
    """Relative first, absolute under it, a bar between them where the start is known.

    `verb="decide"` reads `decide in 41 min`; `what="visit"` reads `visit: 2 d 22 h left`; else `41 min left`.
    """
    if due is None:
        return format_html('<span class="clock">{}</span>', "no clock")
    bar = clock_bar((now - start) / (due - start)) if start and due > start else ""
    return format_html(
        '<span class="clock"><span>{}</span>{}<span class="two">{} {}</span></span>',
        _relative(due, now, verb, what),
        bar,
        by,
        when(due, now),
    )


def _relative(due: datetime, now: datetime, verb: str, what: str) -> str:
    if now >= due:
        return chip_mark(words.time_left(due, now), "over")
    if verb:
        return f"{verb} in {words.in_words(due - now)}"
    return f"{what}: {words.time_left(due, now)}" if what else words.time_left(due, now)


def when(moment: datetime, now: datetime) -> SafeString:
    """A moment for people and for machines: hospital time inside `<time datetime>`."""
    return format_html(
        '<time datetime="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        words.hospital_clock(moment, now),
    )


def sins_class(low: int, high: int) -> str:
    """The class of an interval of the full score; both ends named where they differ."""
    ends = [next(word for a, b, word in SINS_CLASSES if a <= value <= b) for value in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def sins_bar(low: int | None, high: int | None, width: int = 300) -> SafeString:
    """The full score, 0 to 18, as an interval over its published classes; None is drawn as not stated."""
    if low is None or high is None:
        return _sins_svg(
            width, "not stated", "SINS not stated", _sins_span(0, SINS_TOP, width, "c-open"), SINS_TOP / 2
        )
    if not 0 <= low <= high <= SINS_TOP:
        raise ValueError("a score lies between 0 and 18, its lower end first")
    text = str(low) if low == high else f"{low} to {high}"
    span = _sins_span(low, high, width, "c-span")
    return _sins_svg(width, text, f"SINS {text} of 18, {sins_class(low, high)}", span, (low + high) / 2)


def _sins_span(low: int, high: int, width: int, css: str) -> str:
    k = width / SINS_TOP
    x, long = low * k - 2, (high - low) * k + 4
    return f'<rect class="{css}" x="{x:.1f}" y="21" width="{long:.1f}" height="10" rx="2"/>'


def _sins_svg(width: int, text: str, label: str, span: str, at: float) -> SafeString:
    k = width / SINS_TOP
    names = "".join(
        f'<text class="ax mid" x="{x * k:.0f}" y="50">{w}</text>'
        for x, w in ((3, "stable"), (9.6, "potentially unstable"), (15.9, "unstable"))
    )
    room = 7
    anchor = max(room + 14, min(width - room - 14, at * k))
    return mark_safe(  # noqa: S308 (numbers and our own words)
        f'<svg width="{width + 2 * room}" height="54" viewBox="{-room} 0 {width + 2 * room} 54" role="img" '
        f'aria-label="{label}"><text class="lbb mid" x="{anchor:.0f}" y="13">{text}</text>'
        f'<rect class="c-rail" y="24" width="{width}" height="4"/>{span}'
        f'<path class="c-mark" d="M{6.5 * k:.1f} 17v18M{12.5 * k:.1f} 17v18"/>{names}</svg>'
    )


def traffic(
    bars: Sequence[int],
    usual: Sequence[float] | None = None,
    *,
    silent_from: int | None = None,
    label: str = "",
    width: int = 290,
    height: int = 30,
) -> SafeString:
    """A bar for each quarter hour, oldest left, over the usual line; a silence is outlined, never left blank.

    Without a `label` the drawing is hidden from screen readers: the row's numbers then say the same.
    """
    top = max([*bars, *(usual or ()), 1])
    k, unit = width / max(len(bars), 1), (height - 2) / top
    rects = "".join(
        f'<rect class="c-bar" x="{i * k:.1f}" y="{height - v * unit:.1f}" width="{k * 0.72:.1f}" '
        f'height="{v * unit:.1f}"/>'
        for i, v in enumerate(bars)
        if v
    )
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return mark_safe(  # noqa: S308 (numbers; the label is escaped)
        f'<svg width="{width}" height="{height}" {spoken}>{_usual(usual, k, unit, height)}{rects}'
        f"{_silence(silent_from, len(bars), k, height)}"
        f'<path class="c-axis" d="M0 {height - 0.5}H{width}"/></svg>'
    )


def _usual(usual: Sequence[float] | None, k: float, unit: float, height: int) -> str:
    if not usual:
        return ""
    line = "L".join(f"{i * k:.1f} {height - v * unit:.1f}" for i, v in enumerate(usual))
    return f'<path class="c-axis" d="M{line}"/>'


def _silence(start: int | None, count: int, k: float, height: int) -> str:
    if start is None or start >= count:
        return ""
    long = (count - start) * k - 1
    return f'<rect class="c-gap" x="{start * k:.1f}" y="1" width="{long:.1f}" height="{height - 2}"/>'


def day_axis(marks: Sequence[str], width: int = 290) -> SafeString:
    """Words spread evenly over the width, for the head of a traffic column: `14:00 20 02 08 now`."""
    last = max(len(marks) - 1, 1)
    ends = {0: "", last: " end"}
    text = "".join(
        f'<text class="ax{ends.get(i, " mid")}" x="{i / last * width:.0f}" y="11">{escape(word)}</text>'
        for i, word in enumerate(marks)
    )
    return mark_safe(f'<svg width="{width}" height="14" aria-hidden="true">{text}</svg>')  # noqa: S308 (escaped)
