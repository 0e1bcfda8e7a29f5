"""Versioned, signable packs: points, cut-offs, ladders, clocks and targets, with the golden cases that prove them."""

from soar2.criteria.packs.fingerprint import content_hash
from soar2.criteria.packs.loading import PackRefused, load_pack
from soar2.criteria.packs.shapes import (
    CHANNELS,
    OWNER,
    ROLES,
    SPAN_KINDS,
    Addressing,
    Clocks,
    Hours,
    Pack,
    Rung,
    Span,
)

__all__ = [
    "CHANNELS",
    "OWNER",
    "ROLES",
    "SPAN_KINDS",
    "Addressing",
    "Clocks",
    "Hours",
    "Pack",
    "PackRefused",
    "Rung",
    "Span",
    "content_hash",
    "load_pack",
]
