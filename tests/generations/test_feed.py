"""The feed of a member's pages: what changed, from where it broke, to nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from tests.generations.programs import FILM, funded, native
from tests.people import Customer, customer


def signed_in(site: str, person: Customer, *, livemode: bool) -> tuple[requests.Session, str]:
    """A browser of theirs, and the address of the feed that its pages name."""
    inside = Client()
    inside.force_login(person.user)
    session = inside.session
    session["livemode"] = livemode
    session.save()
    browser = requests.Session()
    browser.cookies.set("sessionid", inside.cookies["sessionid"].value, domain="127.0.0.1")
    found = re.search(r'data-feed="([^"]+)"', browser.get(f"{site}/app/jobs", timeout=60).text)
    assert found
    return browser, site + found[1]


@contextmanager
def listening(
    browser: requests.Session, feed: str, after: str = ""
) -> Iterator[Iterator[tuple[str, list[str]]]]:
    """(id, jobs) of each event."""
    headers = {"Last-Event-ID": after} if after else {}
    with browser.get(feed, headers=headers, stream=True, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"

        def events() -> Iterator[tuple[str, list[str]]]:
            number = ""
            for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                if line.startswith("id: "):
                    number = line[4:]
                elif line.startswith("data: "):
                    yield number, json.loads(line[6:])["jobs"]

        yield events()


def test_a_feed_that_broke_goes_on_behind_the_last_event(site: str) -> None:
    alice = funded()
    api = native(site, alice.live_key)
    browser, feed = signed_in(site, alice, livemode=True)
    with listening(browser, feed) as events:
        number, jobs = next(events)
        assert jobs == []
        first = api.post("/generations", FILM).json()["id"]
        while first not in jobs:
            number, jobs = next(events)
    second = api.post("/generations", FILM, headers={"Prefer": "wait=60"}).json()
    assert second["status"] == "succeeded"
    with listening(browser, feed, after=number) as events:
        while second["id"] not in jobs:
            _, jobs = next(events)


def test_a_feed_is_of_one_organisation_and_mode_and_ends_with_the_session(site: str) -> None:
    alice, bob = funded(), customer("bob")
    browser, live = signed_in(site, alice, livemode=True)
    test_browser, test = signed_in(site, alice, livemode=False)
    stranger, _ = signed_in(site, bob, livemode=True)
    assert live != test
    for who, feed in ((stranger, live), (browser, test), (test_browser, live), (requests, live)):
        assert who.get(feed, timeout=60).status_code == 204
    with listening(browser, live) as events:
        next(events)
        SessionStore(browser.cookies["sessionid"]).flush()
        native(site, alice.live_key).post("/generations", FILM)
        assert list(events) == []
