"""Signs with their words: lanes, chips and machine states. No sign stands without its word."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

# Each lane has a shape of its own, so that the order survives grey print and colour blindness.
SHAPES = {
    "emergent": '<path class="g-on" d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/>'
    '<path class="g-cut" d="M7 4h2l-.3 5H7.3z"/>'
    '<circle class="g-cut" cx="8" cy="11.4" r="1.15"/>',
    "urgent": '<path class="g-on" d="M8 1.2 15.4 14.6H.6z"/>',
    "expedited": '<path class="g-expedited" d="M8 .6 15.4 8 8 15.4.6 8z"/>',
    "routine": '<circle class="g-ring" cx="8" cy="8" r="5.6"/>',
    "none": '<rect class="g-bar" x="2" y="7" width="12" height="2.4"/>',
}
STATES = {
    "well": '<path class="state-mark" d="M2.5 7.5 6 11l6-8"/>',
    "warn": '<path class="state-mark" d="M7 1.6 13 12.4H1zM7 5v4"/>',
    "fault": '<path class="state-mark" d="M2.5 2.5l9 9m0-9l-9 9"/>',
}
CHIPS = ("", "new", "over", "warn", "fault", "well")


def lane_mark(lane: str) -> SafeString:
    """The chip of a lane: shape, colour and word. KeyError for a lane that is not one of the five."""
    return format_html(
        '<span class="lane lane-{}"><svg viewBox="0 0 16 16" aria-hidden="true">{}</svg>{}</span>',
        lane,
        mark_safe(SHAPES[lane]),  # noqa: S308 (our own shapes)
        lane.capitalize(),
    )


def state_mark(kind: str, words: str, more: str = "") -> SafeString:
    """A machine's state, kind `well`, `warn` or `fault`; `more` is left out on a phone."""
    return format_html(
        '<span class="state {}"><svg viewBox="0 0 14 14" aria-hidden="true">{}</svg><span>{}{}</span></span>',
        kind,
        mark_safe(STATES[kind]),  # noqa: S308 (our own shapes)
        words,
        format_html('<span class="long">{}</span>', more) if more else "",
    )


def chip_mark(words: str, kind: str = "") -> SafeString:
    """A fact that changes what you do. ValueError for a kind that has no look."""
    if kind not in CHIPS:
        raise ValueError(f"no chip of kind {kind}")
    return format_html('<span class="{}">{}</span>', f"chip {kind}".strip(), words)
