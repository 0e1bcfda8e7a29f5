"""Production against a database named by DATABASE_URL: what it refuses, how accounts are made, how one signs in."""

import re
import tomllib

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import SIZES, Desk
from sample_reports import macro, oru
from whole_system import WholeSystem

PASSWORD = "seven-quiet-herons-walk"
PARTS = ("web", "listen", "work", "watch")


@pytest.fixture(scope="module")
def system():
    """The hospital's own: no demonstration, real accounts."""
    whole = WholeSystem(mode="production")
    try:
        whole.start()
        yield whole
    finally:
        whole.stop()


@pytest.fixture(scope="module")
def account(system):
    """An account for N. Bell, made as an administrator makes it."""
    made = system.command(
        "admin", "create", "nbell", "--person", "bell", "--password-stdin", input=PASSWORD + "\n"
    )
    assert "stands for Nora Bell" in made.stdout
    return "nbell"


@pytest.fixture
def desk(system):
    one = Desk(system)
    yield one
    one.close()


def sign_in(page, name, password):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


REFUSALS = {
    "the default secret": ({"SOAR2_SECRET_KEY": None}, "SOAR2_SECRET_KEY is not set"),
    "an empty secret": ({"SOAR2_SECRET_KEY": ""}, "SOAR2_SECRET_KEY is not set"),
    "a short secret": ({"SOAR2_SECRET_KEY": "abc"}, "too short or too plain"),
    "debug pages": ({"SOAR2_DEBUG": "1"}, "SOAR2_DEBUG is 1"),
    "any host": ({"SOAR2_ALLOWED_HOSTS": "*"}, "SOAR2_ALLOWED_HOSTS is *"),
    "no database": ({"DATABASE_URL": None}, "There is no database"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_it_does_not_start_with(system, what):
    changed, words = REFUSALS[what]
    if "DATABASE_URL" in changed:
        changed = changed | {"SOAR2_HOME": str(system.home / "elsewhere")}
    for part in PARTS if what == "the default secret" else ("web",):
        refused = system.command(part, env=changed, check=False, timeout=60)
        assert refused.returncode == 1, f"{part} with {what}"
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr


def test_faults_in_the_settings_stop_it_and_each_is_a_sentence(system):
    broken = system.home / "broken.toml"
    text = (
        system.settings()
        .replace('security = "none"', 'security = "ssl"')
        .replace("duty_role", "duty_rule", 1)
    )
    broken.write_text(text.replace('time_zone = "America/New_York"', 'time_zone = "New York"', 1))
    refused = system.command("web", env={"SOAR2_CONFIG": str(broken)}, check=False, timeout=60)
    assert refused.returncode == 1
    head, *sentences = refused.stderr.strip().splitlines()
    assert head == "SOaR2 does not start:"
    assert "did you mean 'duty_role'?" in refused.stderr
    assert "it must be none, starttls or tls" in refused.stderr
    assert "it must be a name such as America/New_York" in refused.stderr
    assert all(sentence.rstrip().endswith((".", "?")) for sentence in sentences), sentences
    checked = system.command("check", env={"SOAR2_CONFIG": str(broken)}, check=False)
    assert (checked.returncode, checked.stdout.split("\n")[:1]) == (1, [sentences[0].strip()])


def test_the_settings_it_runs_with_are_in_order(system):
    assert tomllib.loads(system.settings())["mode"] == "production"
    assert "is in order" in system.command("check").stdout


def test_accounts_are_made_with_care(system, account):
    def refused(*argv, password=PASSWORD):
        made = system.command(
            "admin", "create", *argv, "--password-stdin", input=password + "\n", check=False
        )
        assert made.returncode == 1
        return made.stdout

    assert "already is an account" in refused("NBell")
    assert "too short" in refused("osei", password="short")
    assert "There is no [[person]] 'nobody'" in refused("other", "--person", "nobody")
    assert system.query("SELECT username, is_superuser FROM auth_user") == [(account, False)]


@pytest.mark.browser
def test_one_signs_in_and_owns_what_arrives(system, account, desk):
    page = desk.page
    page.goto("/")
    assert page.url.startswith(system.url("/accounts/login/"))
    assert "Synthetic data" not in page.content()
    sign_in(page, account, PASSWORD)
    page.wait_for_url(system.url("/"))
    assert page.get_by_text("Nothing waiting.").is_visible()
    system.send(oru(macro("urgent"), name="TERN^AMOS"))
    page.locator("[data-row]").wait_for()
    page.keyboard.press("a")
    page.locator("[data-row]").get_by_text("Record what you did").wait_for()
    system.wait_until(lambda: system.mail.mails, "the mail arrives")
    (mail,) = system.mail.mails
    assert re.search(rf"{system.url('')}/notices/\w{{5}}/", mail.get_payload(decode=True).decode())
    assert desk.faults == []


@pytest.mark.browser
def test_nothing_of_the_demonstration_is_there(account, desk):
    page = desk.page
    for path in ("/demo/", "/demo/mail/"):
        assert page.goto(path).status in (404, 200)
        assert page.get_by_role("button", name="Be ").count() == 0
    assert page.goto("/demo/").status == 404
    page.goto("/")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    form = {"csrfmiddlewaretoken": token}
    assert page.request.post("/demo/be/bell/", form=form).status == 404
    sign_in(page, account, PASSWORD)
    page.get_by_role("heading", name="Worklist").wait_for(state="attached")
    form = {
        "csrfmiddlewaretoken": page.locator("input[name=csrfmiddlewaretoken]").first.input_value(),
        "do": "hour",
    }
    for path in ("/demo/clock/", "/demo/be/bell/"):
        assert page.request.post(path, form=form).status == 404, path
    assert page.goto("/demo/mail/").status == 404


@pytest.mark.browser
def test_a_new_password(system, account, desk):
    page = desk.page
    page.goto("/accounts/password/")
    sign_in(page, account, PASSWORD)
    page.get_by_role("heading", name="New password").wait_for()
    accessible(desk)
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password", exact=True).fill(PASSWORD + "-too")
    page.get_by_label("New password, once more").fill(PASSWORD + "-too")
    page.get_by_role("button", name="Change it").click()
    page.get_by_text("The present password is not right.").wait_for()
    accessible(desk)


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_five_wrong_passwords_lock_one_name_and_no_other(system, account, size):
    """Last in this module for ``nbell``; the second round of it finds the name locked already."""
    one = Desk(system, size)
    page = one.page
    page.goto("/accounts/login/")
    accessible(one)
    for _ in range(5):
        if page.get_by_role("heading", name="Locked for 15 minutes").count():
            break
        sign_in(page, account, "not-the-password")
        page.get_by_text("is not right").or_(page.get_by_role("heading", name="Locked")).first.wait_for()
    page.get_by_role("heading", name="Locked for 15 minutes").wait_for()
    assert account not in page.locator("main").inner_text()
    accessible(one)
    page.goto("/accounts/login/")
    sign_in(page, account, PASSWORD)
    page.get_by_role("heading", name="Locked for 15 minutes").wait_for()
    page.goto("/accounts/login/")
    sign_in(page, "nobody-of-this-name", "whatever it may be")
    page.get_by_text("The name or the password is not right.").wait_for()
    accessible(one)
    one.close()


def accessible(one):
    """Light and dark, and nothing over the side."""
    for theme in ("light", "dark"):
        one.page.emulate_media(color_scheme=theme)
        found = Axe().run(one.page)
        assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
    one.page.emulate_media(color_scheme="light")
    assert one.sideways() == 0
