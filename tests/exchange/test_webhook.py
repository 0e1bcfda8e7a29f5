"""The signed webhook against a real receiver: verified by the reference library, repeated with one id, given up."""

import json
import logging
import re
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import trustme
from django.conf import settings
from django.utils import timezone
from receiver import Receiver, new_secret
from sample_reports import at, macro, minutes, oru
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from soar2.exchange import deliver, dispatch
from soar2.exchange.models import InboundMessage
from soar2.exchange.senders import channels, webhook
from soar2.exchange.senders.webhook.posting import post
from soar2.exchange.work import _senders
from soar2.pathway.notices.actions import sweep
from soar2.pathway.notices.models import Notice, Step
from soar2.pathway.notices.onward import reroute_without_receipt
from soar2.record import outbox
from soar2.record.models import DeliveryAttempt, OutboxMessage, Role, RotaRule
from soar2.record.programme import Webhook

NOW = at("10 14:06")
PATIENT = {"name": "QUILL^ROSA", "mrn": "44471", "accession": "A-20931"}


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "page.secret"
    path.write_text(new_secret() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def secret(secret_file):
    return secret_file.read_text().strip()


@pytest.fixture
def connect(monkeypatch, secret_file):
    """Have these channels sent to a receiver, as the [[webhook]] tables of the settings would."""

    def to(receiver, *channels, seconds=3.0):
        hooks = tuple(Webhook(name, receiver.url, str(secret_file), seconds) for name in channels)
        monkeypatch.setattr(settings, "PROGRAMME", replace(settings.PROGRAMME, webhooks=hooks))

    return to


@pytest.fixture
def emergent(people, connect, receiver):
    """An emergent notice whose pager rung was owed at once. Its mail is out of the way."""
    connect(receiver, "page")
    raw = oru(macro("emergent"), **PATIENT)
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    OutboxMessage.objects.filter(channel="email").update(state="sent")
    return Notice.objects.get()


def page():
    return OutboxMessage.objects.get(channel="page")


def rung():
    return Step.objects.get(channel="page")


def send(now=NOW):
    """One round of deliveries, whatever its back-off."""
    OutboxMessage.objects.filter(state="queued").update(not_before=timezone.now() - timedelta(seconds=1))
    return deliver.deliver_owed("w", now)


# what is sent


def test_the_reference_library_accepts_it_and_it_says_whom_to_reach(emergent, receiver, secret):
    assert send() == 1
    [posted] = receiver.posts
    said = posted.verified(secret)
    assert said["type"] == "notice.due"
    data = said["data"]
    assert (data["case"], data["lane"], data["rung"]) == (emergent.case_code, "emergent", 2)
    assert data["notice"] == str(emergent.id)
    assert data["link"].endswith(f"/notices/{emergent.case_code}/")
    assert data["words"].startswith("Emergent spine notice, second channel.")
    assert data["role"] == {
        "key": "neurosurgery-on-call",
        "name": "Neurosurgery on call",
        "phone": "4-7750",
    }
    assert data["person"] == {"key": "okafor", "name": "Chidi Okafor", "phone": "4-7750"}
    assert data["identity_resolved"] is True
    assert posted.id == str(page().id)
    assert posted.headers["content-type"] == "application/json"
    assert (page().state, rung().state) == ("sent", Step.SENT)
    assert DeliveryAttempt.objects.get(message=page()).outcome == "sent"


@pytest.mark.parametrize("change", ["body", "id", "time"])
def test_a_changed_message_is_rejected(emergent, receiver, secret, change):
    send()
    [posted] = receiver.posts
    headers, body = dict(posted.headers), posted.body
    if change == "body":
        body = body.replace(b"emergent", b"routine ", 1)
        assert body != posted.body
    elif change == "id":
        headers["webhook-id"] = str(emergent.id)
    else:
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body, headers)


def test_another_secret_does_not_verify_it(emergent, receiver):
    send()
    with pytest.raises(WebhookVerificationError):
        receiver.posts[0].verified(new_secret())


def test_while_the_secret_is_changed_both_verify(emergent, receiver, secret_file, secret):
    new = new_secret()
    secret_file.write_text(f"{secret}\n{new}\n")
    send()
    [posted] = receiver.posts
    assert posted.verified(secret) == posted.verified(new)
    assert len(posted.headers["webhook-signature"].split(" ")) == 2


def test_no_word_about_a_patient_leaves(emergent, receiver, caplog):
    caplog.set_level(logging.DEBUG)
    receiver.answers = [(500, {})]
    send()
    send()
    whole = " ".join(f"{post.path} {post.headers} {post.body.decode()}" for post in receiver.posts)
    whole += caplog.text + " ".join(DeliveryAttempt.objects.values_list("detail", flat=True))
    for random in (emergent.case_code, str(emergent.id), str(page().id)):
        whole = whole.replace(random, "")  # chance could spell anything in them
    whole = re.sub(r"v1,\S+", "", whole)
    for word in ("QUILL", "ROSA", "44471", "A-20931", "T11", "1960", "ESCC", "signal", "collapse"):
        assert word.lower() not in whole.lower(), word


def test_a_report_without_a_patient_is_told_as_such(people, connect, receiver):
    connect(receiver, "page")
    raw = oru(macro("emergent"), **PATIENT | {"mrn": ""})
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    OutboxMessage.objects.filter(channel="email").update(state="sent")
    send()
    data = json.loads(receiver.posts[0].body)["data"]
    assert data["identity_resolved"] is False
    assert data["role"]["key"] == settings.PROGRAMME.duty_role
    assert b"A-20931" not in receiver.posts[0].body


@pytest.mark.parametrize(
    ("kind", "said", "keys"),
    [
        ("digest", "digest.due", {"digest", "count"}),
        ("finding", "finding.opened", {"finding"}),
        ("settled", "finding.settled", {"finding"}),
    ],
)
def test_other_kinds_have_their_own_type(emergent, receiver, kind, said, keys):
    OutboxMessage.objects.filter(channel="page").update(kind=kind, count=3)
    send()
    posted = json.loads(receiver.posts[0].body)
    assert posted["type"] == said
    assert set(posted["data"]) == {"channel", "words", "link", "role", "person", *keys}


# answers


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429])
def test_a_passing_fault_is_tried_again_with_the_same_id(emergent, receiver, secret, status):
    receiver.answers = [(status, {})]
    send()
    assert (page().state, page().attempts) == ("queued", 1)
    assert page().not_before > timezone.now()
    send()
    first, again = receiver.posts
    assert first.id == again.id, "the receiver could not know the copy as one"
    assert first.verified(secret) == again.verified(secret)
    outcomes = DeliveryAttempt.objects.filter(message=page()).order_by("id")
    assert [row.outcome for row in outcomes] == ["retry", "sent"]
    assert str(status) in outcomes[0].detail


@pytest.mark.parametrize(
    ("status", "words"), [(400, "answered 400"), (404, "answered 404"), (410, "gone"), (302, "redirect")]
)
def test_a_lasting_fault_becomes_a_hand_task(emergent, receiver, status, words):
    receiver.answers = [(status, {"Location": receiver.url + "/elsewhere"} if status == 302 else {})]
    send()
    assert page().state == "failed"
    assert rung().state == Step.HAND
    assert words in rung().hand_why
    assert len(receiver.posts) == 1, "a redirect was followed"


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7", 5, 7), ("0", 0, 1), ("999999", 290, 300), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 1), ("soon", 3, 5)],
)
def test_retry_after_is_honoured_within_bounds(emergent, receiver, header, least, most):
    receiver.answers = [(429, {"Retry-After": header})]
    before = timezone.now()
    send()
    wait = (page().not_before - before).total_seconds()
    assert least <= wait <= most + (timezone.now() - before).total_seconds()


def test_what_does_not_answer_is_a_passing_fault(emergent, receiver, connect):
    connect(receiver, "page", seconds=0.2)
    receiver.gate.clear()
    send()
    assert page().state == "queued"
    assert "did not answer in time" in page().failure


def test_an_answer_that_trickles_is_cut_off(emergent, receiver, connect):
    connect(receiver, "page", seconds=0.5)
    receiver.trickle = True
    send()
    assert page().state == "queued"


def test_a_tls_greeting_that_trickles_is_cut_off():
    """The receiver would go on for two hundred bytes, each in time."""
    went = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            link, _ = server.accept()
            with link, suppress(OSError):
                link.sendall(b"\x16\x03\x03\x40\x00")
                for _ in range(200):
                    link.sendall(b"\x02")
                    went.append(1)
                    threading.Event().wait(0.05)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        with pytest.raises(httpx.HTTPError):
            post(f"https://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, 0.4)
        thread.join(60)
    assert len(went) < 100


def test_an_absent_service_is_a_passing_fault(emergent, receiver):
    receiver.stop()
    send()
    assert page().state == "queued"
    assert "could not be reached" in page().failure


def test_a_secret_that_is_gone_is_a_passing_fault_and_says_so(emergent, receiver, secret_file):
    secret_file.unlink()
    send()
    assert receiver.posts == []
    assert page().state == "queued"
    assert "cannot be read" in page().failure


# TLS


@pytest.fixture
def tls_receiver():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    made = Receiver(context)
    yield made, authority
    made.stop()


def test_over_tls_to_a_trusted_service(emergent, tls_receiver, connect, secret, monkeypatch):
    receiver, authority = tls_receiver
    connect(receiver, "page")
    with authority.cert_pem.tempfile() as trusted:
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        send()
    assert receiver.posts[0].verified(secret)["type"] == "notice.due"
    assert page().state == "sent"


def test_an_unknown_certificate_is_not_trusted(emergent, tls_receiver, connect):
    receiver, _ = tls_receiver
    connect(receiver, "page")
    send()
    assert receiver.posts == []
    assert page().state == "queued"
    assert "could not be trusted" in page().failure


# the ladder


def test_without_a_webhook_the_same_rung_is_a_hand_task(people):
    raw = oru(macro("emergent"))
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    assert rung().state == Step.HAND
    assert not OutboxMessage.objects.filter(channel="page").exists()


def test_a_service_connected_later_serves_an_open_notice(people, connect, receiver):
    raw = oru(macro("urgent"))
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    connect(receiver, "page")
    sweep(NOW + minutes(16))
    assert (rung().state, page().state) == (Step.SENT, "queued")


def test_a_page_still_owed_to_a_service_that_was_taken_out_becomes_a_hand_task(emergent, receiver, connect):
    connect(receiver)
    threads = _senders(channels())
    assert len(threads) == 1, "the mail's thread takes what no other takes"
    OutboxMessage.objects.filter(state="queued").update(not_before=timezone.now() - timedelta(seconds=1))
    for taken in threads.values():
        deliver.deliver_owed("w", NOW, **taken)
    assert (page().state, rung().state) == ("failed", Step.HAND)
    assert rung().hand_why == "No sender for page is set up."


def test_each_message_is_taken_by_the_threads_of_its_channel_alone(emergent, receiver, connect):
    connect(receiver, "page", "voice")
    threads = _senders(channels())
    takers = {name for name, taken in threads.items() if outbox.lease("w", **taken) and not free_again()}
    assert takers == {"delivery page 0", "delivery page 1"}


def free_again():
    OutboxMessage.objects.update(leased_until=None)


def test_mail_that_fails_goes_on_by_pager_before_its_time(people, connect, receiver):
    """The pager rung of an urgent notice is due after 15 minutes; without its mail it is due now."""
    connect(receiver, "page")
    raw = oru(macro("urgent"), **PATIENT)
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    type(people["bell"]).objects.update(email="")
    send()
    assert OutboxMessage.objects.get(channel="email").state == "failed"
    assert Step.objects.get(n=1).state == Step.SENT
    assert "Sent on by page" in Step.objects.get(n=1).hand_why
    send()
    assert (rung().n, rung().state, len(receiver.posts)) == (2, Step.SENT, 1)


def test_when_every_channel_has_failed_a_person_must(people, connect, receiver):
    connect(receiver, "page")
    raw = oru(macro("urgent"), **PATIENT)
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    type(people["bell"]).objects.update(email="")
    receiver.answers = [(404, {})]
    send()
    send()
    assert rung().state == Step.HAND
    assert "404" in rung().hand_why


def test_a_quiet_lane_wakes_nobody_when_its_mail_fails(people, connect, receiver):
    connect(receiver, "page", "voice")
    raw = oru(macro("expedited"))
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    type(people["bell"]).objects.update(email="")
    send()
    assert Step.objects.get(n=1).state == Step.HAND
    assert receiver.posts == []


@pytest.mark.parametrize("tried", [False, True])
def test_no_receipt_in_two_minutes_makes_a_hand_task_and_the_tries_go_on(emergent, receiver, tried):
    """Whether it was tried in vain, or no worker got round to it."""
    if tried:
        receiver.answers = [(503, {})]
        send()
    owed = timezone.now()
    assert reroute_without_receipt(NOW, owed + timedelta(seconds=110)) == 0
    assert rung().state == Step.SENT
    for rerouted in (1, 0):
        assert reroute_without_receipt(NOW, owed + timedelta(seconds=121)) == rerouted
    assert rung().state == Step.HAND
    assert rung().hand_why.startswith("No receipt for two minutes.")
    send()
    assert (page().state, rung().state, rung().hand_why) == ("sent", Step.SENT, "")


def test_a_jump_of_the_hospital_clock_is_no_missing_receipt(emergent):
    sweep(NOW + minutes(4))
    assert rung().state == Step.SENT


def test_mail_without_a_receipt_goes_on_by_pager(people, connect, receiver):
    connect(receiver, "page")
    raw = oru(macro("urgent"))
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    OutboxMessage.objects.update(not_before=timezone.now() - timedelta(seconds=121))
    sweep(NOW)
    assert rung().state == Step.SENT
    assert Step.objects.get(n=1).state == Step.SENT
    assert page().state == "queued"


def test_a_telephone_service_rings_a_role_that_nobody_holds(emergent, receiver, connect):
    """The hospital operator is on no rota and has a number."""
    connect(receiver, "voice")
    OutboxMessage.objects.filter(channel="page").update(state="sent")
    sweep(NOW + minutes(11))
    OutboxMessage.objects.filter(channel="email").update(state="sent")
    send(NOW + minutes(11))
    called = [json.loads(post.body)["data"] for post in receiver.posts]
    assert [(data["role"]["phone"], data["person"]) for data in called] == [("4-0000", None)]
    assert OutboxMessage.objects.get(role_id="operator").state == "sent"


def test_a_pager_needs_somebody_on_the_rota(emergent, receiver):
    RotaRule.objects.filter(role_id="neurosurgery-on-call").delete()
    assert Role.objects.get(key="neurosurgery-on-call").phone
    send()
    assert page().state == "failed"
    assert "Nobody is on the rota" in rung().hand_why


# settings


BAD = [
    ({"url": "http://pages.hospital.example/x"}, "must be https://"),
    ({"url": "https://user:word@pages.hospital.example/x"}, "name or password"),
    ({"url": "https:///x"}, "with a host"),
    ({"url": "https://[::1/x"}, "no address"),
    ({"secret": None}, "cannot be read"),
    ({"secret": "hunter2hunter2hunter2hunter2hunter2"}, "begins with whsec_"),
    ({"secret": "whsec_%%%%"}, "not base64"),
    ({"secret": "whsec_c2hvcnQ="}, "5 bytes; 24 to 64"),
    ({"secret": ""}, "0 lines"),
    ({"secret": "\n".join(new_secret() for _ in range(3))}, "3 lines"),
    ({"timeout_seconds": 21.0}, "at most 20"),
]


@pytest.mark.parametrize(("change", "words"), BAD, ids=[row[1] for row in BAD])
def test_a_webhook_that_could_not_work_is_a_fault(tmp_path, change, words):
    path = tmp_path / "secret"
    text = change.pop("secret", new_secret()) if "secret" in (change := dict(change)) else new_secret()
    if text is not None:
        path.write_text(text)
    hook = replace(Webhook("page", "https://pages.hospital.example/x", str(path)), **change)
    [said] = webhook.faults([hook])
    assert said.startswith("[[webhook]] page: ")
    assert words in said
    assert not text or len(text) < 6 or text not in said


@pytest.mark.parametrize(
    "url", ["https://pages.hospital.example/x", "http://127.0.0.1:9/x", "http://[::1]/x"]
)
def test_a_webhook_in_order_has_no_fault(secret_file, url):
    assert webhook.faults([Webhook("page", url, str(secret_file))]) == []
    assert webhook.warnings([Webhook("page", url, str(secret_file))]) == []


def test_a_secret_that_others_can_read_is_a_warning(secret_file):
    secret_file.chmod(0o644)
    [said] = webhook.warnings([Webhook("page", "https://pages.hospital.example", str(secret_file))])
    assert "chmod 600" in said
