"""What a webhook is told: JSON with a case code, a link and whom to reach. Never a word about a patient. Pure."""

import json
from typing import Any

from soar2.exchange.senders.delivery import Delivery

TYPES = {
    "notice": "notice.due",
    "digest": "digest.due",
    "finding": "finding.opened",
    "settled": "finding.settled",
}


def body(delivery: Delivery) -> bytes:
    """The bytes that are signed and posted. A retry holds the same, unless the rota has changed meanwhile."""
    whole = {
        "type": TYPES.get(delivery.kind, delivery.kind),
        "timestamp": delivery.created_at.isoformat(),
        "data": _data(delivery),
    }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def _data(delivery: Delivery) -> dict[str, Any]:
    data: dict[str, Any] = {
        "channel": delivery.channel,
        "words": delivery.words,
        "link": delivery.link,
        "role": {"key": delivery.role, "name": delivery.role_name, "phone": delivery.phone},
        "person": _person(delivery),
    }
    if delivery.kind == "notice":
        data |= {
            "notice": str(delivery.notice),
            "case": delivery.case_code,
            "lane": delivery.lane,
            "rung": delivery.rung,
            "identity_resolved": not delivery.identity_unresolved,
        }
    elif delivery.kind == "digest":
        data |= {"digest": str(delivery.notice), "count": delivery.count}
    else:
        data |= {"finding": str(delivery.notice)}
    return data


def _person(delivery: Delivery) -> dict[str, str] | None:
    """Staff of the programme, by the key of soar2.toml: a paging service has to know whom to reach."""
    person = delivery.person
    return {"key": person.key, "name": person.name, "phone": person.phone} if person else None
