"""What every page carries: a strict policy kept, the feed's state, the person; and nothing for a stranger."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from sample_reports import at

from soar2.pathway.reports.models import Report
from soar2.record.models import Person
from soar2.worklists.context import frame

INLINE = re.compile(r"""\s(?:style|on[a-z]+)\s*=\s*["']|<style|<script(?![^>]*\ssrc=)""", re.IGNORECASE)
FREE = "MRI lumbar spine. Compression at L1 in known myeloma."


@pytest.fixture
def addresses(filed):
    """One address of each page."""
    notice = filed("emergent", mrn="1", name="Ada Finch", when="10 13:00")
    unresolved = filed("urgent", mrn="2", accession="A-9", identity_fault="The message names no patient.")
    filed(text=FREE, mrn="3", name="Nora Pike")
    report = Report.objects.get(source="free-text")
    return {
        "worklist": "/",
        "pulse": "/worklist/pulse?v=",
        "pane": f"/worklist/pane/{notice.case_code}/",
        "patient": f"/patients/{notice.patient_id}/",
        "notice": f"/notices/{notice.case_code}/",
        "unresolved": f"/notices/{unresolved.case_code}/",
        "report": f"/reports/{report.id}/",
        "feeds": "/feeds/",
        "audit": "/audit/",
        "audit of a patient": f"/audit/patients/{notice.patient_id}/",
        "audit of a person": f"/audit/people/{Person.objects.get(key='bell').id}/",
    }


@pytest.fixture
def sees_all(people, signed_in):
    """Somebody whose roles open every page there is."""
    people["osei"].roles.add("navigator", "security-officer")
    return signed_in("osei")


def test_no_page_holds_inline_style_or_script(addresses, sees_all):
    for name, address in addresses.items():
        answer = sees_all.get(address)
        assert answer.status_code == 200, name
        text = answer.content.decode()
        assert not INLINE.search(text), (name, INLINE.search(text))


def test_no_address_of_a_page_names_a_patient(addresses, signed_in):
    text = signed_in().get("/").content.decode()
    links = re.findall(r'(?:href|action|data-pane)="([^"]*)"', text)
    assert any("/patients/" in link for link in links)
    assert not any(word in link for link in links for word in ("Finch", "Ada", "Pike", "1960"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.browser
def test_pages_are_accessible_and_fit(addresses, sees_all, live_server, chromium, settings, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    cookie = sees_all.cookies[settings.SESSION_COOKIE_NAME].value
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page, faults = context.new_page(), []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    for name, address in addresses.items():
        if name in ("pulse", "pane"):
            continue
        page.goto(live_server.url + address)
        page.wait_for_load_state("networkidle") if name != "worklist" else page.wait_for_timeout(400)
        results = Axe().run(page)
        assert results.violations_count == 0, f"{name}: {results.generate_report()}"
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), name
    context.close()
    assert not faults


def test_a_stranger_is_told_nothing(standing_clock, django_assert_num_queries):
    request = RequestFactory().get("/accounts/login/")
    request.user = AnonymousUser()
    with django_assert_num_queries(0):
        assert frame(request) == {"demo": True}
        del request.user
        assert frame(request) == {"demo": True}


def test_nothing_is_asked_before_a_template_uses_it(
    people, standing_clock, django_user_model, django_assert_num_queries
):
    request = RequestFactory().get("/")
    request.user = django_user_model.objects.create_user("bell")
    people["bell"].user = request.user
    people["bell"].save()
    with django_assert_num_queries(0):
        shown = frame(request)
    assert shown["person"].name == "N. Bell RN"
    assert shown["person"].role_words == "Nurse navigator"
    assert shown["feed_state"].words == "No message has come yet"


def test_times_on_pages_are_the_hospitals(filed, signed_in):
    filed("urgent", when="10 13:59")
    assert at("10 13:59").utcoffset().total_seconds() == -4 * 3600
    assert ">14:59</time>" in signed_in().get("/").content.decode()
