"""``soar2 admin`` for accounts that exist: each verb by its effect at the sign-in page, its sentence and its fact."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from soar2.config.account_command import run_account
from soar2.record.models import LedgerEntry

PASSWORD, FRESH = "seven plain words in one row", "eight other words in a new row"
LOGIN = "/accounts/login/"


@pytest.fixture
def account(people, settings):
    from dataclasses import replace

    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    user = get_user_model().objects.create_user("Ruiz", password=PASSWORD)
    people["ruiz"].user = user
    people["ruiz"].save()
    return user


def run(what, name="ruiz", **given):
    said = []
    code = run_account(what, name, say=said.append, **given)
    return code, " ".join(said)


def sign_in(password=PASSWORD):
    client = Client()
    return client, client.post(LOGIN, {"login": "ruiz", "password": password})


def comes_in(password=PASSWORD):
    return sign_in(password)[1].status_code == 302


def facts():
    return list(LedgerEntry.objects.filter(kind__startswith="account.").values_list("kind", "subject"))


def test_a_new_password_counts_and_ends_what_was_open(account):
    client, _ = sign_in()
    assert client.get("/").status_code == 200
    assert run("password", password=FRESH)[0] == 0
    assert client.get("/").status_code == 302
    assert not comes_in()
    assert comes_in(FRESH)
    assert facts() == [("account.password-set", "Ruiz")]
    assert LedgerEntry.objects.get(kind="account.password-set").actor.endswith(" by soar2 admin")


def test_the_new_password_is_asked_twice(account):
    answers = iter([FRESH, FRESH])
    assert run("password", ask=lambda prompt: next(answers))[0] == 0
    assert comes_in(FRESH)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"password": "short"}, "too short"),
        ({"password": "qwerty123456"}, "too common"),
        ({"ask": iter([PASSWORD, FRESH]).__next__}, "differ"),
    ],
)
def test_a_poor_password_changes_nothing(account, given, words):
    if "ask" in given:
        given = {"ask": lambda prompt, next_word=given["ask"]: next_word()}
    code, said = run("password", **given)
    assert code == 1
    assert words in said
    assert comes_in()
    assert facts() == []


def lock():
    for n in range(5):
        sign_in(f"wrong {n}")
    assert sign_in()[1].status_code == 429


@pytest.mark.parametrize(
    ("what", "given", "password"), [("unlock", {}, PASSWORD), ("password", {"password": FRESH}, FRESH)]
)
def test_a_lock_ends(account, what, given, password):
    lock()
    assert run(what, "RUIZ", **given)[0] == 0
    assert comes_in(password)


def test_where_there_is_no_lock_nothing_is_said_to_have_ended(account):
    assert run("unlock") == (1, "The account 'Ruiz' has no lock. Nothing was changed.")
    assert facts() == []


def test_a_closed_account_is_out_at_once_and_comes_back_when_opened(account):
    client, _ = sign_in()
    assert run("close")[0] == 0
    assert client.get("/").status_code == 302
    assert not comes_in()
    assert run("close") == (1, "The account 'Ruiz' is closed already. Nothing was changed.")
    assert run("open")[0] == 0
    assert comes_in()
    assert run("open")[0] == 1
    assert facts() == [("account.closed", "Ruiz"), ("account.reopened", "Ruiz")]


@pytest.mark.parametrize("what", ["password", "unlock", "close", "open"])
def test_an_account_that_is_not_there(account, what):
    assert run(what, "nobody", password=FRESH) == (1, "There is no account 'nobody'.")
    assert facts() == []
