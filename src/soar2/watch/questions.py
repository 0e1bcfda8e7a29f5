"""What the watcher asks. Each question gives (key, sentence) pairs; a sentence means that something is wrong.

To add one, write a function of the hospital's and the machine's time and name it in ``QUESTIONS``. A key stays
the same while its fault lasts. No sentence may hold patient data: it reaches logs, pages and mail.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings

from soar2.exchange import house, measured
from soar2.exchange import queries as exchange
from soar2.exchange.mappings import mapping_faults
from soar2.exchange.models import InboundMessage
from soar2.pages import words
from soar2.pathway.notices import queries as notices
from soar2.record.models import Heartbeat
from soar2.watch.chain import CHAIN

UNDONE_AFTER = timedelta(seconds=60)
STEP_LATE_AFTER = timedelta(seconds=60)
SILENT_AFTER = timedelta(seconds=30)
NEEDED = ("listener", "worker")
CERTIFICATE_LEFT = timedelta(days=30)
DISK_LEFT = 0.10  # of the disk
GAP_TOLD_FOR = timedelta(days=1)
BACKUP_AGE = timedelta(hours=26)  # a nightly one, and two hours for it to run late

Found = Iterator[tuple[str, str]]
Question = Callable[[datetime, datetime], Found]


def undone(now: datetime, real: datetime) -> Found:
    count = exchange.undone_before(real - UNDONE_AFTER)
    if count:
        yield (
            "inbox.undone",
            f"{count} stored message{'s' * (count != 1)} not applied for over a minute. Is soar2 work running?",
        )


def no_next_step(now: datetime, real: datetime) -> Found:
    count = notices.without_next_step(now - STEP_LATE_AFTER)
    if count:
        yield (
            "notice.no-next-step",
            f"{count} open notice{'s' * (count != 1)} without a valid next step.",
        )


def waiting(now: datetime, real: datetime) -> Found:
    count = exchange.owed_before(real - UNDONE_AFTER)
    if count:
        yield (
            "outbox.waiting",
            f"{count} message{'s' * (count != 1)} owed for over a minute and not sent.",
        )


def silent_processes(now: datetime, real: datetime) -> Found:
    for kind in NEEDED:
        if not Heartbeat.objects.filter(kind=kind, seen__gte=real - SILENT_AFTER).exists():
            yield f"process.{kind}", f"No {kind} has given a sign of life for half a minute."


def silent_feeds(now: datetime, real: datetime) -> Found:
    for feed, sentence in exchange.silent_feeds(now):
        yield f"feed.{feed}"[:64], sentence


def mappings(now: datetime, real: datetime) -> Found:
    if faults := mapping_faults():
        yield "mappings", f"A mapping is not in force as it is written. {faults[0]}"


def sequence(now: datetime, real: datetime) -> Found:
    """Messages that a sender numbered and that never came, for a day; after it they stand on the feed page."""
    for sender, count in measured.missing_numbers(now - GAP_TOLD_FOR).items():
        whose = "".join(char if char.isprintable() else "?" for char in sender[:40])
        many = "1 message" if count == 1 else f"{count} messages"
        yield f"sequence.{sender}"[:64], f"{many} numbered by {whose} never came. Ask for them again."


def certificate(now: datetime, real: datetime) -> Found:
    for use, ends in house.certificates().items():
        if ends is None:
            yield f"certificate.{use}", f"The certificate of [{use}] cannot be read."
        elif ends <= real:
            yield (
                f"certificate.{use}",
                f"The certificate of [{use}] has ended; senders that check it are refused.",
            )
        elif ends - real < CERTIFICATE_LEFT:
            left = words.in_words(ends - real)
            yield f"certificate.{use}", f"The certificate of [{use}] ends in {left}. Renew it."


def disk(now: datetime, real: datetime) -> Found:
    found = None if settings.PROGRAMME.demo else house.disk()
    if found and found.share < DISK_LEFT:
        yield "disk", f"The disk of the state folder has {found.share:.0%} left."


def backup(now: datetime, real: datetime) -> Found:
    """A system that has received nothing yet has nothing to lose."""
    if settings.PROGRAMME.demo:
        return
    known = house.last_backup()
    last = known.at if known else None
    since = last or InboundMessage.objects.order_by("id").values_list("stored_at", flat=True).first()
    if since is None or real - since <= BACKUP_AGE:
        return
    if last:
        yield (
            "backup",
            f"The last backup is {words.in_words(real - last)} old. Look at what runs soar2 backup.",
        )
    else:
        yield "backup", "There is no backup yet. Have soar2 backup run each night."


QUESTIONS: tuple[Question, ...] = (
    undone,
    no_next_step,
    waiting,
    silent_processes,
    silent_feeds,
    mappings,
    sequence,
    certificate,
    disk,
    backup,
    CHAIN.audit_chain,
)
