"""Rights by role: what a person holds, what a file may say of it, and what is told to whoever may not."""

from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from soar2.record import permissions, rights
from soar2.record.models import LedgerEntry
from soar2.record.permissions import may, require
from soar2.record.programme import RoleEntry


def with_roles(programme, *entries):
    """The programme with these roles in place of those of the same key."""
    keys = {entry.key for entry in entries}
    return replace(programme, roles=(*(one for one in programme.roles if one.key not in keys), *entries))


@pytest.fixture
def account(people):
    """The account of one of the demo's people, by key."""

    def of(key, **fields):
        user = get_user_model().objects.create_user(key, **fields)
        if key in people:
            people[key].user = user
            people[key].save()
        return user

    return of


def test_every_right_of_the_table_is_one_that_pages_ask_for():
    for role, held in rights.TABLE.items():
        assert set(held) <= set(rights.PERMISSIONS), role
        assert len(set(held)) == len(held), role


def test_the_security_officer_sees_who_looked_and_no_chart(settings):
    assert rights.TABLE["security-officer"] == ("audit.see",)
    assert [role for role, held in rights.TABLE.items() if "audit.see" in held] == ["security-officer"]
    assert rights.of_role(replace(settings.PROGRAMME, mode="production"), "security-officer") == {"audit.see"}


@given(st.sets(st.sampled_from(sorted(rights.TABLE)), max_size=4))
def test_a_person_holds_what_any_of_the_roles_holds_and_nothing_more(keys):
    from django.conf import settings

    programme = replace(settings.PROGRAMME, mode="production")
    held = frozenset[str]().union(*(rights.of_role(programme, key) for key in keys))
    for permission in rights.PERMISSIONS:
        assert (permission in held) == any(permission in rights.TABLE[key] for key in keys)


def test_an_account_holds_what_its_person_does(account, people):
    bell = account("bell")
    assert may(bell, "patients.see")
    assert not may(bell, "audit.see")
    assert may(people["whitlock"], "audit.see")
    assert not may(people["whitlock"], "patients.see")


def test_an_account_without_a_person_holds_nothing(account):
    assert permissions.granted(account("stranger")) == frozenset()
    assert permissions.granted(AnonymousUser()) == frozenset()
    assert permissions.granted(None) == frozenset()


def test_an_administrator_keeps_the_machine_and_sees_no_chart_and_no_audit(account):
    root = account("root", is_staff=True)
    assert may(root, "messages.see")
    assert not may(root, "patients.see")
    assert not may(root, "audit.see")


def test_whoever_leaves_the_programme_holds_nothing(account, people):
    bell = account("bell")
    people["bell"].active = False
    people["bell"].save()
    assert permissions.granted(get_user_model().objects.get(pk=bell.pk)) == frozenset()


def test_a_word_that_is_no_right_is_a_bug(account):
    with pytest.raises(KeyError):
        may(account("bell"), "patients.delete")
    with pytest.raises(KeyError):
        require("patients.delete")


def test_an_account_is_asked_about_once_a_request(account, django_assert_num_queries):
    bell = get_user_model().objects.get(pk=account("bell").pk)
    with django_assert_num_queries(1):
        for permission in rights.PERMISSIONS:
            may(bell, permission)


# what the settings may say


def test_the_settings_give_and_take(settings):
    programme = with_roles(
        replace(settings.PROGRAMME, mode="production"),
        RoleEntry("navigator", "Nurse navigator", may=("audit.see",)),
        RoleEntry("director", "Director", may=()),
        RoleEntry("own-kind", "Of our own kind"),
    )
    assert rights.of_role(programme, "navigator") == {"audit.see"}
    assert rights.of_role(programme, "director") == frozenset()
    assert rights.of_role(programme, "own-kind") == set(rights.UNLISTED)
    assert rights.holders(programme, "audit.see") == ["Security officer", "Nurse navigator"]


def test_a_word_that_is_no_right_is_a_fault_with_a_hint(settings):
    programme = with_roles(
        settings.PROGRAMME,
        RoleEntry("own-kind", "Of our own kind", may=("patient.see", "everything at once")),
    )
    near, far = rights.permission_faults(programme)
    assert (
        near
        == "[[role]] 'own-kind': may holds 'patient.see', which is no permission; did you mean 'patients.see'?"
    )
    assert far.endswith("they are: " + ", ".join(rights.PERMISSIONS) + ".")


def test_whoever_is_sent_notices_must_be_able_to_open_and_answer_them(settings):
    programme = with_roles(
        settings.PROGRAMME, RoleEntry("spine-on-call", "Spine", may=("patients.see", "feeds.see"))
    )
    [said] = rights.permission_faults(programme)
    assert said == (
        "[[role]] 'spine-on-call' is sent notices and may not open or answer them: its may lacks notices.answer."
    )
    assert rights.permission_faults(settings.PROGRAMME) == []


# what is said to whoever may not


@require("audit.see")
def secret(request):
    return HttpResponse("what is behind it")


@require("patients.see", recorded=False)
def asked_each_second(request):
    return HttpResponse("what is behind it")


def asking(user, **headers):
    request = RequestFactory().get("/x/", headers=headers)
    request.user, request.resolver_match = user, None
    return request


def test_a_refusal_says_what_happened_who_may_and_whom_to_ask(account):
    bell = account("bell")
    answer = secret(asking(bell))
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Your roles do not let you see who opened and changed which patient." in page
    assert "Open to: Security officer." in page
    assert "Ask the Security officer, 4-7790." in page
    assert "behind it" not in page
    fact = LedgerEntry.objects.get(kind="access.refused")
    assert (fact.person.key, fact.actor, fact.data["permission"]) == ("bell", "bell", "audit.see")


def test_a_script_is_told_in_one_sentence(account):
    answer = secret(asking(account("bell"), x_soar2_fetch="1"))
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.content.decode().count("\n") == 0


def test_an_account_of_nobody_is_told_that_it_is(account):
    page = secret(asking(account("stranger"))).content.decode()
    assert "Your account stands for no person in the programme" in page


def test_what_a_page_asks_each_second_is_refused_without_a_row(account):
    assert asked_each_second(asking(account("stranger"))).status_code == 403
    assert not LedgerEntry.objects.exists()


def test_whoever_may_is_shown_it(account):
    assert secret(asking(account("whitlock"))).content == b"what is behind it"
    assert not LedgerEntry.objects.exists()
