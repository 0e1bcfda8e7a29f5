"""Signing in, being locked out, signing out, a new password; and what of the login library is not there."""

import re
from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory

from soar2.config.accounts import client_address, login_name

pytestmark = pytest.mark.django_db
PASSWORD = "seven plain words in one row"
LOGIN, LOGOUT, CHANGE, AGAIN = (
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/password/",
    "/accounts/again/",
)


@pytest.fixture(autouse=True)
def production(settings):
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # the real one takes its time


@pytest.fixture
def account(people):
    made = get_user_model().objects.create_user("Bell", password=PASSWORD)
    people["bell"].user = made
    people["bell"].save()
    return made


def sign_in(client, name="Bell", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": name, "password": password, **more})


def test_right_password_opens_and_the_session_gets_a_new_key(client, account):
    client.get(LOGIN)
    client.session.save()
    before = client.session.session_key
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(account.pk)
    assert client.session.session_key != before


def test_a_planted_session_key_is_not_kept(client, account, settings):
    client.session.save()
    planted = client.session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    sign_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted


def test_the_session_ends_with_the_browser_and_after_twelve_hours(client, account, settings):
    cookie = sign_in(client).cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["max-age"] == ""
    assert settings.SESSION_COOKIE_AGE == 12 * 3600


@pytest.mark.parametrize("name", ["Bell", "nobody-of-that-name"])
def test_wrong_password_says_the_same_whether_or_not_there_is_such_an_account(client, account, name):
    answer = sign_in(client, name, "wrong")
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    assert re.search(
        r'role="alert">.*The name or the password is not right', answer.content.decode(), re.DOTALL
    )


def test_five_wrong_passwords_lock_even_the_right_one(client, account):
    answers = [sign_in(client, password=f"wrong {n}") for n in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    locked = sign_in(client)
    assert locked.status_code == 429
    assert "Locked for 15 minutes" in locked.content.decode()
    assert "Bell" not in locked.content.decode()
    assert int(locked["Retry-After"]) == 15 * 60
    assert "_auth_user_id" not in client.session


def test_other_spellings_and_other_browsers_are_the_same_account(account):
    for spelling, browser in (("bell", "A"), ("BELL", "B"), (" Bell ", "C"), ("bELL", "D"), ("Bell", "E")):
        sign_in(Client(headers={"user-agent": browser}), spelling, "wrong")
    assert sign_in(Client()).status_code == 429


def test_a_lock_is_of_one_name_from_one_place(account, settings):
    get_user_model().objects.create_user("osei", password=PASSWORD)
    for n in range(6):
        sign_in(Client(REMOTE_ADDR="10.0.0.7"), password=f"wrong {n}")
    assert sign_in(Client(REMOTE_ADDR="10.0.0.7")).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.0.0.7"), "osei").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="10.0.0.8")).status_code == 302


def test_a_forged_forwarding_header_does_not_move_the_place(account):
    for n in range(5):
        sign_in(Client(headers={"x-forwarded-for": f"10.9.9.{n}"}), password=f"wrong {n}")
    assert sign_in(Client(headers={"x-forwarded-for": "10.9.9.99"})).status_code == 429


@pytest.mark.parametrize(
    ("behind", "forwarded", "address"),
    [
        (False, "", "10.0.0.1"),
        (False, "6.6.6.6", "10.0.0.1"),
        (True, "6.6.6.6, 10.3.3.3", "10.3.3.3"),
        (True, "", "10.0.0.1"),
    ],
)
def test_client_address(settings, behind, forwarded, address):
    settings.BEHIND_PROXY = behind
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=headers)
    assert client_address(request) == address


@pytest.mark.parametrize("given", ["Bell", " bell ", "BELL\0", "bell" + "\0" * 300])
def test_login_name_is_one_for_all_spellings(given):
    assert login_name(RequestFactory().post(LOGIN, {"login": given})) == "bell"


def test_a_nul_in_the_name_is_an_ordinary_failure(client, account):
    assert sign_in(client, "bell\0", "wrong").status_code == 200
    assert client.post(f"{LOGIN}?x=%00", {"login": "bell", "password": "wrong"}).status_code == 200


def test_success_forgets_the_failures_before_it(client, account):
    for _ in range(2):
        for n in range(4):
            sign_in(client, password=f"wrong {n}")
        assert sign_in(client).status_code == 302
        client.post(LOGOUT)


@pytest.mark.parametrize(
    ("onward", "leads"),
    [
        ("/feeds/", "/feeds/"),
        ("/notices/K7F2/", "/notices/K7F2/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_stays_on_this_host(client, account, onward, leads):
    assert sign_in(client, next=onward)["Location"] == leads


def test_a_link_in_a_message_leads_on_after_signing_in(client, account):
    away = client.get("/feeds/")
    assert away["Location"] == "/accounts/login/?next=/feeds/"
    page = client.get(away["Location"]).content.decode()
    assert '<input type="hidden" name="next" value="/feeds/">' in page


def test_a_closed_account_is_told_so_and_stays_out(client, account):
    account.is_active = False
    account.save()
    answer = sign_in(client)
    assert answer.status_code == 403
    assert "This account is closed" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_signing_out_needs_a_post(client, account):
    sign_in(client)
    assert "Sign out?" in client.get(LOGOUT).content.decode()
    assert client.session["_auth_user_id"] == str(account.pk)
    assert client.post(LOGOUT).status_code == 302
    assert "_auth_user_id" not in client.session
    assert client.get("/feeds/").status_code == 302


def change(client, old=PASSWORD, new="another seven words in a row"):
    return client.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})


def test_a_new_password_signs_the_other_screens_out(account):
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    assert change(here)["Location"] == "/"
    account.refresh_from_db()
    assert account.check_password("another seven words in a row")
    assert here.get(CHANGE).status_code == 200
    assert there.get(CHANGE)["Location"].startswith(LOGIN)


@pytest.mark.parametrize(
    ("new", "sentence"),
    [("short", "too short"), ("qwerty123456", "too common")],
)
def test_a_weak_new_password_is_refused_with_its_reason(client, account, new, sentence):
    sign_in(client)
    assert sentence in change(client, new=new).content.decode()
    account.refresh_from_db()
    assert account.check_password(PASSWORD)


def test_guessing_the_old_password_at_an_open_screen_is_counted(client, account):
    sign_in(client)
    answers = [change(client, old=f"wrong {n}").status_code for n in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert change(client).status_code == 429
    account.refresh_from_db()
    assert account.check_password(PASSWORD)


def test_password_again(client, account):
    sign_in(client)
    assert client.get(AGAIN).status_code == 200
    assert client.post(AGAIN, {"password": "wrong"}).status_code == 200
    assert client.post(AGAIN, {"password": PASSWORD})["Location"] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "email/",
        "confirm-email/",
        "password/reset/",
        "password/set/",
        "inactive/",
        "login/code/",
        "",
    ],
)
def test_the_rest_of_the_login_library_is_not_there(client, account, path):
    sign_in(client)
    assert client.get(f"/accounts/{path}").status_code == 404
