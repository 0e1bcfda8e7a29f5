"""The statements of the inbox, and a group of arrivals as their binary parameters."""

import hashlib
import struct
from collections.abc import Collection, Sequence

from soar2.exchange.arrival import Arrival

CHANNEL = "soar2_inbox"
TEXT, BYTEA, INT4, INT8 = 25, 17, 23, 20  # object ids of types, the same in every PostgreSQL
_SIZE = struct.Struct("!i").pack
_INT4, _INT8 = struct.Struct("!ii").pack, struct.Struct("!iq").pack

MACHINE_CLOCK = "statement_timestamp()"
DEMO_CLOCK = """
    COALESCE((SELECT CASE WHEN running
                          THEN hospital + (statement_timestamp() - "real") * rate ELSE hospital END
              FROM record_democlock WHERE id = 1), statement_timestamp())"""
# Two listeners may hold the same control id with different content at the same moment. Whoever stores
# messages of one sender therefore holds that sender's lock until its commit; in sorted order, so that nobody
# deadlocks.
LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key"
# Comes back: the rows that were there before (their first answer is the one to give) and, last, how many
# rows were stored or found. Nearly always that is all of them, and then nothing else need travel. When it
# is not, every stored row comes back.
STORE = """
    WITH stored AS (
        INSERT INTO exchange_inboundmessage AS kept (
            received_at, door, peer, feed, raw, body_hash, sending_application, sending_facility, control_id,
            message_type, answer_code, answer, resent, state, reason, "where", attempts, settled_note,
            format)
        SELECT {clock}, new.door, new.peer, new.feed, new.raw, new.body_hash, new.sending_application,
               new.sending_facility, new.control_id, new.message_type, new.answer_code, new.answer,
               new.copies - 1, new.state, new.reason, new."where", 0, '', new.format
        FROM unnest(
            $1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::bytea[], $11::text[], $12::text[], $13::text[], $14::int[], $15::text[],
            $16::text[])
            AS new(door, peer, raw, body_hash, sending_application, sending_facility, control_id,
                   message_type, answer_code, answer, state, reason, "where", copies, feed, format)
        {unless}
        ON CONFLICT (sending_application, sending_facility, control_id, body_hash)
        DO UPDATE SET resent = kept.resent + EXCLUDED.resent + 1
        RETURNING sending_application, sending_facility, control_id, body_hash, answer, resent)
    SELECT sending_application, sending_facility, control_id, body_hash, answer, resent::text
    FROM stored WHERE resent > 0 OR (SELECT count(*) FROM stored) <> cardinality($1::text[])
    UNION ALL SELECT '', '', '', '', '', count(*)::text FROM stored"""
# What was refused was never taken: its sender may mend it and use the control id again.
UNLESS_CLASHING = """
    WHERE new.control_id = '' OR NOT EXISTS (
        SELECT FROM exchange_inboundmessage AS other
        WHERE other.sending_application = new.sending_application
          AND other.sending_facility = new.sending_facility
          AND other.control_id = new.control_id
          AND other.body_hash <> new.body_hash
          AND other.answer_code NOT IN ('AR', 'CR'))"""
BEAT = """
    INSERT INTO record_heartbeat (name, kind, seen, words) VALUES ($1::text, 'listener', now(), $2::text)
    ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, seen = EXCLUDED.seen, words = EXCLUDED.words"""
SEQUENCES = """
    SELECT asked.application, asked.facility, kept.last::text, kept.gaps::text,
           to_char({clock} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    FROM unnest($1::text[], $2::text[]) AS asked(application, facility)
    LEFT JOIN exchange_sendersequence AS kept ON kept.sending_application = asked.application
                                             AND kept.sending_facility = asked.facility"""
KEEP_SEQUENCES = """
    INSERT INTO exchange_sendersequence (sending_application, sending_facility, last, gaps)
    SELECT new.application, new.facility, new.last, new.gaps::jsonb
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS new(application, facility, last, gaps)
    ON CONFLICT (sending_application, sending_facility)
    DO UPDATE SET last = EXCLUDED.last, gaps = EXCLUDED.gaps"""
# The statements are planned once and kept, perhaps while the table is empty; they must still use the index
# when the table has grown. Every lookup is by the full key, so no other plan is ever better.
SETTINGS = """
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'"""

Key = tuple[str, str, str, str]


def statements(*, demo: bool) -> dict[str, str]:
    """Every statement of the inbox by name. ``demo`` stamps messages with the demonstration's clock."""
    clock = DEMO_CLOCK if demo else MACHINE_CLOCK
    return {
        "begin": "BEGIN",
        "lock": LOCK,
        "store": STORE.format(clock=clock, unless=UNLESS_CLASHING),
        "store_any": STORE.format(clock=clock, unless=""),
        "notify": f"SELECT pg_notify('{CHANNEL}', '')",
        "commit": "COMMIT",
        "beat": BEAT,
        "sequences": SEQUENCES.format(clock=clock),
        "keep_sequences": KEEP_SEQUENCES,
    }


def first_of_each(arrivals: Sequence[Arrival]) -> tuple[dict[Key, list[Arrival]], list[Arrival]]:
    """Copies of one message together, since one statement may touch a row only once.

    Apart from these: the messages that reuse a control id for other content than an earlier one of the group.
    """
    new: dict[Key, list[Arrival]] = {}
    clashes: list[Arrival] = []
    content: dict[tuple[str, str, str], str] = {}
    for item in arrivals:
        key, control_id = item.key, item.control_id
        taken = control_id and item.answer_code not in ("AR", "CR")
        first = content.setdefault(key[:3], item.body_hash) if taken else item.body_hash
        if first != item.body_hash:
            clashes.append(item)
        elif key in new:
            new[key].append(item)
        else:
            new[key] = [item]
    return new, clashes


def copies(arrivals: Sequence[Arrival]) -> dict[Key, list[Arrival]]:
    """The same messages together."""
    groups: dict[Key, list[Arrival]] = {}
    for item in arrivals:
        groups.setdefault(item.key, []).append(item)
    return groups


def columns(groups: dict[Key, list[Arrival]]) -> list[bytes]:
    """The parameters of STORE."""
    firsts = [some[0] for some in groups.values()]
    return [
        texts([item.door for item in firsts]),
        texts([item.peer for item in firsts]),
        array(BYTEA, [item.raw for item in firsts]),
        texts([item.body_hash for item in firsts]),
        texts([item.sending_application for item in firsts]),
        texts([item.sending_facility for item in firsts]),
        texts([item.control_id for item in firsts]),
        texts([item.message_type for item in firsts]),
        texts([item.answer_code for item in firsts]),
        array(BYTEA, [item.answer for item in firsts]),
        texts([item.state for item in firsts]),
        texts([item.reason for item in firsts]),
        texts([item.where for item in firsts]),
        _head(INT4, len(firsts)) + b"".join([_INT4(4, len(some)) for some in groups.values()]),
        texts([item.feed for item in firsts]),
        texts([item.format for item in firsts]),
    ]


def texts(values: Sequence[str]) -> bytes:
    """A text[] in PostgreSQL's binary form. Often all its values are one and the same."""
    if values and values.count(values[0]) == len(values):
        value = values[0].encode()
        return _head(TEXT, len(values)) + (_SIZE(len(value)) + value) * len(values)
    return array(TEXT, [value.encode() for value in values])


def bigints(values: Collection[int]) -> bytes:
    """A bigint[] in PostgreSQL's binary form."""
    return _head(INT8, len(values)) + b"".join([_INT8(8, value) for value in values])


def array(kind: int, values: Collection[bytes]) -> bytes:
    """An array without NULLs in PostgreSQL's binary form: each item after its size."""
    return _head(kind, len(values)) + b"".join(
        [part for value in values for part in (_SIZE(len(value)), value)]
    )


def _head(kind: int, count: int) -> bytes:
    """One dimension, no NULLs, type, length, first index."""
    return struct.pack("!5i", 1, 0, kind, count, 1)


def locks(groups: dict[Key, list[Arrival]]) -> bytes:
    """The locks of these senders, in the order in which everybody takes them."""
    return bigints(sorted({lock_of(*sender) for sender in {key[:2] for key in groups}}))


def lock_of(application: str, facility: str) -> int:
    """The sender's lock: a signed 64-bit number made from MSH-3 and MSH-4."""
    name = "\0".join(("soar2 inbox", application, facility)).encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)
