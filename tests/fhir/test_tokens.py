"""Tokens: made once, kept as a digest, worthless at once when revoked, and no way in for a guesser."""

import asyncio
import io
import re
from argparse import Namespace
from datetime import timedelta

import pytest
from django.utils import timezone

from soar2.exchange.fhir.holders import FAILURES, FRESH, WINDOW, Failures, Holders
from soar2.exchange.fhir.keys import digest, new_key, well_formed
from soar2.exchange.fhir.tokens import run_token
from soar2.exchange.models import ApiToken
from soar2.record.models import LedgerEntry

FEED = "Radiology results"


def run(what, name="", **more):
    """(status, stdout, stderr) of one subcommand."""
    given = {"what": what, "name": name, "feed": FEED, "scope": None, "days": 365, **more}
    out, err = io.StringIO(), io.StringIO()
    status = run_token(Namespace(**given), out, err)
    return status, out.getvalue(), err.getvalue()


def test_a_token_is_256_random_bits_with_a_prefix_and_a_checksum():
    keys = {new_key() for _ in range(200)}
    assert len(keys) == 200
    for key in keys:
        assert re.fullmatch(r"soar2_[A-Za-z0-9_-]{43}[0-9a-f]{8}", key)
        assert well_formed(key)
        assert not well_formed(key[:-1] + ("0" if key[-1] != "0" else "1"))
    for wrong in ("", "soar2_", key[6:], key + "0", "x" * 57, "soar2_" + "é" * 51):
        assert not well_formed(wrong)


def test_the_token_alone_is_printed_and_only_its_digest_kept(db):
    status, out, err = run("create", "ris-main")
    key = out.strip()
    assert (status, well_formed(key)) == (0, True)
    assert "only time" in err
    token = ApiToken.objects.get()
    assert (token.name, token.feed, token.scopes) == ("ris-main", FEED, ["DiagnosticReport.create"])
    assert token.digest == digest(key)
    assert key not in str(vars(token))
    assert timedelta(days=364) < token.expires_at - timezone.now() < timedelta(days=366)
    [fact] = LedgerEntry.objects.filter(kind="token.created")
    assert (fact.subject, fact.data["feed"]) == ("ris-main", FEED)
    assert fact.actor == token.created_by != ""
    assert key not in str(fact.data)


def test_revoking_is_a_fact_and_happens_once(db):
    run("create", "ris")
    assert run("revoke", "ris")[0] == 0
    assert ApiToken.objects.get().revoked_at is not None
    assert LedgerEntry.objects.filter(kind="token.revoked", subject="ris").count() == 1
    status, _, err = run("revoke", "ris")
    assert status == 1
    assert "revoked on" in err
    assert LedgerEntry.objects.filter(kind="token.revoked").count() == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"feed": "Radiology"}, "soar2.toml has no feed named 'Radiology'. Its feeds: Radiology results."),
        ({"scope": ["admin"]}, "'admin' is no scope. There are: DiagnosticReport.create, DiagnosticReport.read, Bundle.create."),
        ({"name": "a token"}, "A token's name has 1 to 64 letters, digits, dots, hyphens and underscores."),
        ({"name": "x" * 65}, "A token's name has 1 to 64 letters, digits, dots, hyphens and underscores."),
        ({"name": "taken"}, "A token named taken is in use. Choose another name."),
        ({"name": "gone"}, "A token named gone was revoked; its name stays with what it brought. Choose another name."),
        ({"days": 0}, "A token lives for 1 to 3650 days."),
        ({"days": 10**9}, "A token lives for 1 to 3650 days."),
    ],
    ids=str,
)  # fmt: skip
def test_each_mistake_has_its_sentence(db, given, sentence):
    run("create", "taken")
    run("create", "gone")
    run("revoke", "gone")
    status, out, err = run("create", **{"name": "new", **given})
    assert (status, out, err.strip()) == (1, "", sentence)
    assert ApiToken.objects.count() == 2


def test_a_name_nearly_right_is_suggested(db):
    run("create", "radiology-main")
    assert run("revoke", "radiology-mian")[2].strip().endswith("Did you mean radiology-main?")


def test_the_list_says_what_each_token_may_and_when_it_was_used(db):
    assert "soar2 token create" in run("list")[1]
    run("create", "ris", scope=["DiagnosticReport.create", "Bundle.create"])
    run("create", "old")
    ApiToken.objects.filter(name="old").update(expires_at=timezone.now() - timedelta(days=1))
    run("create", "gone")
    run("revoke", "gone")
    ris, old, gone = run("list")[1].splitlines()
    assert re.match(r"ris  good until .*Bundle.create DiagnosticReport.create  never used", ris)
    assert " expired " in old
    assert " revoked " in gone


class Hand:
    """A clock turned by hand."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_a_revoked_token_opens_nothing_after_a_second(visitor, loop):
    key, clock = visitor.token(), Hand()
    holders = Holders(visitor.door._rows, clock)
    assert loop.run(holders.holder(key))[0].name == "ris"
    visitor.rows("UPDATE exchange_apitoken SET revoked_at = now() RETURNING id")
    clock.now += FRESH + 0.01
    assert loop.run(holders.holder(key)) == (None, "The token was revoked.")


def test_the_database_is_asked_once_a_second_and_use_is_noted_once_a_minute(visitor, loop):
    asked = []

    async def rows(query, values):
        asked.append(query.split()[0])
        await asyncio.sleep(0)
        return visitor.rows(query + (" RETURNING 1" if "UPDATE" in query else ""), *values)

    async def fifty():
        await asyncio.gather(*[holders.holder(key) for _ in range(25)])
        for _ in range(25):
            await holders.holder(key)

    key, clock = visitor.token(), Hand()
    holders = Holders(rows, clock)
    loop.run(fifty())
    assert asked == ["SELECT", "UPDATE"]
    [(used,)] = visitor.rows("SELECT last_used_at FROM exchange_apitoken")
    assert used is not None
    clock.now += FRESH + 0.01
    loop.run(fifty())
    assert asked == ["SELECT", "UPDATE", "SELECT"]


def test_one_address_that_guesses_waits_and_no_other():
    clock = Hand()
    failures = Failures(clock)
    assert [failures.failed("10.0.0.1") for _ in range(FAILURES)] == [0] * FAILURES
    assert failures.failed("10.0.0.1") == round(WINDOW)
    assert failures.failed("10.0.0.2") == 0
    clock.now += WINDOW + 1
    assert failures.failed("10.0.0.1") == 0
