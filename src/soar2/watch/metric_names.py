"""The list of metrics: their names, kinds, meanings and labels. The reference page is written from it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """One metric: its kind, what it says, and its labels with the values each may take."""

    name: str
    kind: str
    words: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, words: str, *labels: str) -> Named:
    return Named(name, "gauge", words, labels)


BUILD = _gauge("soar2_build_info", "Always 1; its labels say what runs.", "version", "python", "pack", "mode")
RECEIVED = Named(
    "soar2_messages_received",
    "counter",
    "Messages stored, by the door they came through and the code they were answered with.",
    ("door", "answer"),
)
FEED = _gauge(
    "soar2_feed_messages_day",
    "Messages of the last 24 hours by feed and state (applied, filtered, held, other). Feed is empty for those"
    " that belong to none.",
    "feed",
    "state",
)
SILENCE = _gauge(
    "soar2_feed_silence_seconds", "Time since the last message of a feed; absent before its first.", "feed"
)
GAP = _gauge(
    "soar2_feed_expected_gap_seconds", "The longest silence that soar2.toml calls normal for a feed.", "feed"
)
UNDONE = _gauge("soar2_messages_undone", "Messages answered and not yet read.")
UNDONE_AGE = _gauge(
    "soar2_messages_undone_oldest_seconds", "Age of the oldest of them; 0 when there is none."
)
HELD = _gauge(
    "soar2_messages_held", "Messages held for a person, by the segment at fault, whole or other.", "place"
)
MISSING = _gauge("soar2_sequence_numbers_missing", "Sequence numbers (MSH-13) of any sender that never came.")
OWED = _gauge("soar2_outbox_queued", "Deliveries owed and not yet taken by their channel.", "channel")
OWED_AGE = _gauge(
    "soar2_outbox_oldest_seconds", "Time since the oldest of them could first have been tried.", "channel"
)
ATTEMPTS = Named(
    "soar2_delivery_attempts",
    "counter",
    "Attempts to deliver by channel and outcome (sent, retry, failed, dropped).",
    ("channel", "outcome"),
)
LATENCY = Named(
    "soar2_report_to_attempt_seconds",
    "histogram",
    "From a report safe in the inbox to the end of the first attempt to deliver its notice. Expedited and"
    " routine notices wait for working hours.",
    ("lane",),
)
OPEN = _gauge("soar2_notices_open", "Open notices.", "lane")
UNOWNED = _gauge("soar2_notices_unowned", "Open notices that nobody owns.", "lane")
OVERDUE = _gauge("soar2_notices_overdue", "Open notices whose clock has passed.", "lane")
HAND = _gauge("soar2_hand_tasks", "Tasks of open notices that a person must do now.", "lane")
ALIVE = _gauge("soar2_processes_alive", "Processes that gave a sign of life in the last 30 seconds.", "kind")
BEAT = _gauge(
    "soar2_heartbeat_age_seconds", "Time since the last sign of life; absent before the first.", "kind"
)
FINDINGS = _gauge("soar2_findings_open", "Findings of the watcher that are open.")
FINDING = _gauge("soar2_finding_age_seconds", "For how long each open finding stands.", "key")
DATABASE = _gauge("soar2_database_bytes", "Size of the database.")
DISK_FREE = _gauge("soar2_disk_free_bytes", "Free on the disk of the state folder.")
DISK = _gauge("soar2_disk_bytes", "Size of that disk.")
BACKUP = _gauge(
    "soar2_backup_age_seconds", "Time since soar2 backup last wrote a file; absent before the first."
)
CERTIFICATE = _gauge(
    "soar2_certificate_expiry_timestamp_seconds", "When a certificate of ours ends (Unix time).", "use"
)

METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Named))
