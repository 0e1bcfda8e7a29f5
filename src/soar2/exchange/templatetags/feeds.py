"""What only the pages of the feeds draw: `{% load feeds %}`."""

from collections.abc import Iterable, Mapping

from django import template
from django.utils.safestring import SafeString, mark_safe

from soar2.exchange.hl7v2.results import STANDINGS
from soar2.exchange.vitals import Hole

register = template.Library()
WIDTH, HEIGHT = 290, 16


@register.filter
def version_of(labels: Mapping[str, str], feed: str) -> str:
    """`{{ mappings|version_of:feed.name }}`: `mapping 3`, or that there is none."""
    label = labels.get(feed)
    return f"mapping {label.rsplit(' v', 1)[1]}" if label else "no mapping"


@register.filter
def masked(value: str) -> str:
    """`{{ number.value|masked }}`: the last two characters; enough to tell samples apart, not patients."""
    return "•" * max(0, min(len(value) - 2, 8)) + value[-2:] if len(value) > 2 else "••"


@register.filter
def meaning(code: str) -> str:
    """`{{ result.status|meaning }}`: the programme's word for a status of HL7 table 0123."""
    return STANDINGS.get(code, "not known")


@register.simple_tag
def ribbon(holes: Iterable[Hole]) -> SafeString:
    """`{% ribbon cover.holes %}`: 72 hours from now to the right, holes outlined. The row says them in words."""
    gaps = "".join(
        f'<rect class="c-gap" x="{hole.left * WIDTH:.1f}" y="1" '
        f'width="{max(2.0, hole.width * WIDTH - 1):.1f}" height="{HEIGHT - 2}"/>'
        for hole in holes
    )
    days = "".join(f'<path class="c-axis" d="M{WIDTH * day // 3} 0V{HEIGHT}"/>' for day in (1, 2))
    return mark_safe(  # noqa: S308 (numbers only)
        f'<svg width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'<rect class="c-rail" y="4" width="{WIDTH}" height="{HEIGHT - 8}"/>{days}{gaps}</svg>'
    )
