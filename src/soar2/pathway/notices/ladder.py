"""The ladder of one notice as lines to read: who was told, who is next, and what only a person can do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from soar2.pathway.notices.queries import CHANNELS, Delivery, NoticeCard, Rung

__all__ = ["CHANNELS", "Line", "lines"]


@dataclass(frozen=True)
class Line:
    """One step: ``mark`` is done, todo or off; ``task`` is set when a person must do it now."""

    who: str
    how: str
    at: datetime
    mark: str
    task: Rung | None = None


def lines(card: NoticeCard) -> tuple[Line, ...]:
    """Every step in the order of its time."""
    sent = {delivery.id: delivery for delivery in card.deliveries}
    return tuple(_line(rung, card, sent) for rung in sorted(card.rungs, key=_moment))


def _moment(rung: Rung) -> datetime:
    return rung.fired_at or rung.due_at


def _line(rung: Rung, card: NoticeCard, sent: dict[UUID, Delivery]) -> Line:
    channel = CHANNELS.get(rung.channel, rung.channel)
    if rung.state == "waiting":
        return Line(rung.role_name, f"{channel}, {_condition(card)}", rung.due_at, "todo")
    if rung.state == "stopped":
        return Line(rung.role_name, f"{channel}, not needed", rung.due_at, "off")
    if rung.state == "hand":
        return Line(rung.to_do, _join(rung.words, _why_by_hand(rung, channel)), _moment(rung), "todo", rung)
    if rung.state == "done":
        how = _join(f"by hand, {rung.done_by}" if rung.done_by else "by hand", rung.done_note)
        return Line(rung.role_name, how, rung.done_at or _moment(rung), "done")
    return _sent(rung, channel, sent.get(rung.message) if rung.message else None)


def _sent(rung: Rung, channel: str, delivery: Delivery | None) -> Line:
    if delivery is None:
        return Line(rung.role_name, channel, _moment(rung), "done")
    who = f"{delivery.person}, {rung.role_name}" if delivery.person else rung.role_name
    how = f"{channel}, {delivery.words}"
    if delivery.state != "sent" and delivery.failure:
        how = f"{how}: {delivery.failure}"
    return Line(who, how, delivery.sent_at or _moment(rung), "done" if delivery.state == "sent" else "todo")


def _condition(card: NoticeCard) -> str:
    return "only if nothing is recorded by then" if card.row.owner else "only if nobody owns it by then"


def _why_by_hand(rung: Rung, channel: str) -> str:
    """Why no machine does this; a channel that is not set up is said in the words of the hospital."""
    if rung.hand_why.startswith("No sender for"):
        return f"By hand: no {channel} is connected here"
    return rung.hand_why


def _join(*parts: str) -> str:
    return ". ".join(part.rstrip(".") for part in parts if part)
