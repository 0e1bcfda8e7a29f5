"""The notice card and the answers given on it, through the front door."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from sample_reports import at

from soar2.pathway.notices import actions
from soar2.pathway.notices.models import Notice, Reply, Step
from soar2.record import clock
from soar2.record.models import ChartAccess, LedgerEntry, OutboxMessage

NOW = at("10 14:10")


@pytest.fixture(autouse=True)
def _standing_clock(db, settings):
    settings.TIME_ZONE = str(settings.PROGRAMME.zone)
    clock.start(NOW, running=False)


@pytest.fixture
def emergent(filed, notice_of):
    return notice_of(filed("emergent", when="10 14:05"))


def card(client, notice):
    answer = client.get(f"/notices/{notice.case_code}/")
    assert answer.status_code == 200
    return answer.content.decode()


def post(client, notice, kind, **data):
    return client.post(f"/notices/{notice.case_code}/{kind}", data)


def words(text):
    without = re.sub(r"<[^>]+>", " ", re.sub(r"</?time[^>]*>", "", text))
    return re.sub(r"\s+", " ", without)


def test_the_card_says_the_fact_the_patient_the_reasons_and_whom_to_call(emergent, signed_in):
    text = words(card(signed_in("okafor"), emergent))
    for said in (
        "T11 ESCC 3",
        "with cord signal change",
        "Answer by 14:20, 10 min left",
        "M1 Test",
        "walking, bladder, clotting, earlier radiation: not known here",
        "Why emergent",
        "line 6: cord compressed",
        "not the published Spine Oncology Imaging Score",
        "Neurosurgery on call 4-7750",
        "Mine: I am responsible now",
        "Not me",
        "Already known",
    ):
        assert said in text, said


def test_the_ladder_tells_what_went_out_and_what_comes_next(emergent, signed_in):
    text = words(card(signed_in("okafor"), emergent))
    ladder = text[text.index("Who is told, and when") :]
    assert "Neurosurgery on call e-mail, queued 14:05" in ladder
    assert "Neurosurgery backup e-mail, only if nobody owns it by then" in ladder
    assert "Telephone Neurosurgery on call 4-7750" in ladder


def test_a_get_answers_nothing(emergent, signed_in):
    before = (LedgerEntry.objects.count(), OutboxMessage.objects.count(), Notice.objects.get().changed_at)
    client = signed_in("okafor")
    card(client, emergent)
    for kind in ("mine", "not-me", "already-known", "acted"):
        assert client.get(f"/notices/{emergent.case_code}/{kind}").status_code == 405
    assert before == (
        LedgerEntry.objects.count(),
        OutboxMessage.objects.count(),
        Notice.objects.get().changed_at,
    )
    assert not Reply.objects.exists()


def test_opening_the_card_is_recorded(emergent, signed_in, people):
    card(signed_in("okafor"), emergent)
    seen = ChartAccess.objects.get()
    assert (seen.patient_id, seen.person, seen.page, seen.at) == (
        emergent.patient_id,
        people["okafor"],
        "notice",
        NOW,
    )


def test_a_small_letter_code_finds_the_card_and_a_wrong_one_does_not(emergent, signed_in):
    client = signed_in("okafor")
    assert client.get(f"/notices/{emergent.case_code.lower()}/").status_code == 200
    assert client.get("/notices/ZZZZZ/").status_code == 404


def test_mine_owns_and_stops_the_ladder(emergent, signed_in, people):
    answer = post(signed_in("okafor"), emergent, "mine")
    assert (answer.status_code, answer["Location"]) == (302, f"/notices/{emergent.case_code}/")
    emergent.refresh_from_db()
    assert (emergent.owner, emergent.owned_at, emergent.acknowledged_at) == (people["okafor"], NOW, NOW)
    assert not emergent.steps.filter(state=Step.WAITING, due_at__lt=emergent.action_due).exists()
    text = words(card(signed_in("okafor"), emergent))
    assert f"Yours: act by {emergent.action_due.astimezone(NOW.tzinfo):%H:%M}" in text
    assert "Record what you did" in text
    assert "only if nothing is recorded by then" in text


def test_a_post_goes_back_to_where_it_came_from_and_nowhere_else(emergent, signed_in):
    client = signed_in("okafor")
    assert (
        post(client, emergent, "already-known", plan="In treatment here", next="/?show=new")["Location"]
        == "/?show=new"
    )
    away = post(client, emergent, "mine", next="https://elsewhere.example/")
    assert away["Location"] == f"/notices/{emergent.case_code}/"


def test_a_script_gets_a_sentence_instead_of_a_page(emergent, signed_in, people):
    address, asked = f"/notices/{emergent.case_code}/mine", {"X-Soar2-Fetch": "yes"}
    taken = signed_in("okafor").post(address, headers=asked)
    assert (taken.status_code, taken["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert taken.content.decode().startswith("You own this now.")
    refused = signed_in("bell").post(address, headers=asked)
    assert refused.status_code == 409
    assert refused.content.decode().startswith("Dr Okafor owns this.")


def test_a_refusal_stands_on_the_card(emergent, signed_in, people):
    actions.mine(emergent.id, person=people["okafor"], now=NOW)
    answer = post(signed_in("bell"), emergent, "mine")
    assert answer.status_code == 409
    assert 'role="alert">Dr Okafor owns this.' in answer.content.decode()


def test_an_account_that_is_nobody_cannot_answer(emergent, signed_in):
    answer = post(signed_in("visitor"), emergent, "mine")
    assert answer.status_code == 403
    assert "stands for no person" in answer.content.decode()
    assert Notice.objects.get().owner is None


def test_not_me_passes_on_and_the_ladder_goes_on(emergent, signed_in, people):
    post(signed_in("okafor"), emergent, "not-me", role="neurosurgery-backup")
    emergent.refresh_from_db()
    assert (emergent.role_id, emergent.owner) == ("neurosurgery-backup", None)
    assert "Dr Okafor Not me, passed on to" in words(card(signed_in("okafor"), emergent))


def test_a_role_that_is_not_there_is_refused(emergent, signed_in):
    answer = post(signed_in("okafor"), emergent, "not-me", role="the-moon")
    assert answer.status_code == 409
    assert "There is no such role" in answer.content.decode()


def test_already_known_names_its_plan(emergent, signed_in, people):
    assert post(signed_in("okafor"), emergent, "already-known").status_code == 409
    post(signed_in("okafor"), emergent, "already-known", plan="In treatment here")
    emergent.refresh_from_db()
    assert (emergent.acknowledged_by, emergent.owner, emergent.closed_at) == (people["okafor"], None, None)
    assert "Already known: In treatment here" in words(card(signed_in("okafor"), emergent))


@pytest.mark.parametrize("action", ["called", "booked", "seen"])
def test_acted_closes(emergent, signed_in, people, action):
    post(signed_in("okafor"), emergent, "mine")
    post(signed_in("okafor"), emergent, "acted", action=action)
    emergent.refresh_from_db()
    assert (emergent.action, emergent.acted_by, emergent.closed_at) == (action, people["okafor"], NOW)
    text = card(signed_in("okafor"), emergent)
    assert "Mine: I am responsible now" not in text
    assert f"Dr Okafor: {action}" in words(text)


def test_no_action_needs_its_reason_and_keeps_what_was_chosen(emergent, signed_in):
    post(signed_in("okafor"), emergent, "mine")
    answer = post(signed_in("okafor"), emergent, "acted", action="no-action", detail=" ")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Say why no action is needed." in text
    assert 'value="no-action" checked' in text
    assert Notice.objects.get().closed_at is None


def test_only_the_owner_records_what_was_done(emergent, signed_in, people):
    actions.mine(emergent.id, person=people["okafor"], now=NOW)
    answer = post(signed_in("bell"), emergent, "acted", action="called")
    assert answer.status_code == 409
    assert "Only the owner" in answer.content.decode()


def test_a_hand_task_is_done_with_the_name_of_whom_one_reached(emergent, signed_in, people):
    step = emergent.steps.filter(state=Step.HAND).first()
    client = signed_in("bell")
    client.post(f"/notices/{emergent.case_code}/steps/{step.id}/done", {"note": "Dr Okafor himself"})
    step.refresh_from_db()
    assert (step.state, step.done_by, step.done_note) == (Step.DONE, people["bell"], "Dr Okafor himself")
    assert "by hand, N. Bell RN. Dr Okafor himself" in words(card(client, emergent))


def test_a_hand_task_cannot_be_done_twice_nor_through_another_notice(emergent, signed_in, filed, notice_of):
    other = notice_of(filed("urgent", mrn="M2", accession="A2"))
    step = emergent.steps.filter(state=Step.HAND).first()
    client = signed_in("bell")
    assert client.post(f"/notices/{other.case_code}/steps/{step.id}/done").status_code == 409
    assert client.post(f"/notices/{emergent.case_code}/steps/{step.id}/done").status_code == 302
    again = client.post(f"/notices/{emergent.case_code}/steps/{step.id}/done")
    assert again.status_code == 409
    assert "no longer open" in again.content.decode()


def test_without_a_patient_the_card_shows_the_accession(filed, notice_of, signed_in):
    notice = notice_of(
        filed("emergent", fault="The identifiers belong to two different patients.", accession="A-991")
    )
    text = words(card(signed_in("okafor"), notice))
    assert "Identity unresolved" in text
    assert "T11 ESCC 3" in text
    assert "A-991" in text
    assert "belong to two different patients" in text
    assert not ChartAccess.objects.exists()


def test_a_superseded_card_leads_to_the_one_that_counts(filed, notice_of, signed_in):
    first = notice_of(filed("expedited", when="10 13:00"))
    second = notice_of(filed("emergent", when="10 13:30", status="C"))
    text = card(signed_in("okafor"), first)
    assert f'Superseded by <a href="/notices/{second.case_code}/"' in text
    assert "Mine: I am responsible now" not in text


def test_a_post_without_its_token_is_refused(emergent, people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create_user("okafor"))
    assert client.post(f"/notices/{emergent.case_code}/mine").status_code == 403
    assert Notice.objects.get().owner is None


def test_a_card_costs_a_bounded_number_of_queries(emergent, signed_in, people, django_assert_max_num_queries):
    actions.sweep(at("10 16:05"))
    client = signed_in("okafor")
    with django_assert_max_num_queries(24):
        card(client, emergent)


def test_the_report_is_quoted_in_its_own_words(emergent, signed_in):
    assert "SPINE ONCOLOGY MACRO" in card(signed_in("okafor"), emergent)
