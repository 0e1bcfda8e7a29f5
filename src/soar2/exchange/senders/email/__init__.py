"""E-mail by SMTP: a lane, a case code, a telephone number and a link. Never a word about a patient."""

import smtplib
from email.message import EmailMessage
from email.utils import formatdate

from django.conf import settings

from soar2.errors import Undelivered
from soar2.exchange.senders.delivery import Delivery
from soar2.exchange.senders.email.line import kept_open, send

__all__ = ["compose", "deliver", "kept_open"]

PERMANENT = range(500, 600)


def deliver(delivery: Delivery) -> None:
    """Hand one message to the mail server; raises ``Undelivered`` with whether trying again can help."""
    if delivery.person is None or not delivery.person.email:
        who = delivery.person.label if delivery.person else delivery.role_name
        raise Undelivered(f"{who} has no mail address in the settings.", permanent=True)
    try:
        refused = send(compose(delivery))
    except smtplib.SMTPRecipientsRefused as fault:
        codes = [code for code, _ in fault.recipients.values()]
        raise Undelivered(
            f"The mail server refused the address ({_codes(codes)}).", permanent=_all_permanent(codes)
        ) from fault
    except smtplib.SMTPResponseException as fault:
        raise Undelivered(
            f"The mail server answered {fault.smtp_code}.", permanent=fault.smtp_code in PERMANENT
        ) from fault
    except (smtplib.SMTPException, OSError) as fault:
        raise Undelivered(
            f"The mail server could not be reached ({type(fault).__name__}).", permanent=False
        ) from fault
    except ValueError as fault:  # an address or a sender no mail can carry: the same at every try
        raise Undelivered(
            f"The message could not be written ({type(fault).__name__}); look at the mail addresses in the settings.",
            permanent=True,
        ) from fault
    if refused:
        raise Undelivered("The mail server refused the address.", permanent=True)


def compose(delivery: Delivery) -> EmailMessage:
    """The whole message; its subject is what a lock screen shows."""
    mail = EmailMessage()
    mail["From"] = settings.PROGRAMME.smtp.sender
    mail["To"] = delivery.person.email if delivery.person else ""
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{delivery.message}@{settings.PROGRAMME.smtp.sender.rpartition('@')[2]}>"
    mail["X-SOaR2-Notice"] = str(delivery.notice)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Subject"], body = COMPOSED.get(delivery.kind, _notice)(delivery)
    mail.set_content(body)
    return mail


def _notice(delivery: Delivery) -> tuple[str, str]:
    subject = f"SOaR2 {delivery.lane}, case {delivery.case_code}"
    call = f"Or call {delivery.phone}." if delivery.phone else ""
    lines = (
        delivery.words,
        f"Open and answer: {delivery.link}",
        call,
        "No patient data is in this message. Do not reply to it.",
    )
    return subject, "\n\n".join(line for line in lines if line) + "\n"


def _digest(delivery: Delivery) -> tuple[str, str]:
    cases = "1 routine report" if delivery.count == 1 else f"{delivery.count} routine reports"
    subject = f"SOaR2 morning list: {cases}"
    return (
        subject,
        f"{subject}\n\nOpen the list: {delivery.link}\n\nThis message holds no patient data.\n",
    )


def _finding(delivery: Delivery) -> tuple[str, str]:
    """For whoever keeps the system: what the watcher found, or that it has found its end."""
    subject = "SOaR2 system: settled" if delivery.kind == "settled" else "SOaR2 system: please look"
    lines = (delivery.words, f"Look here: {delivery.link}", "This message holds no patient data.")
    return subject, "\n\n".join(lines) + "\n"


COMPOSED = {"notice": _notice, "digest": _digest, "finding": _finding, "settled": _finding}


def _codes(codes: list[int]) -> str:
    return ", ".join(str(code) for code in sorted(set(codes)))


def _all_permanent(codes: list[int]) -> bool:
    return bool(codes) and all(code in PERMANENT for code in codes)
