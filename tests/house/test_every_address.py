"""Every address is known to this table: who may come in, and what a stranger is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts import tenancy
from accounts.models import User
from tests.people import customer

# By the beginning of the route as Django writes it, the longest beginning decides.
PUBLIC, SESSION, KEY, OPERATOR, MACHINE = "public", "session", "key", "operator", "machine"
FEED = "feed"  # a stream that ends for strangers, without an error that browsers would show
CLASSES = {
    "": PUBLIC,
    "models": PUBLIC,
    "pricing": PUBLIC,
    "pricing/month": PUBLIC,
    "docs/": PUBLIC,
    "llms.txt": PUBLIC,
    "clients/": PUBLIC,
    "help": PUBLIC,
    "legal/": PUBLIC,
    "explore": PUBLIC,
    "docs": PUBLIC,
    "status": PUBLIC,
    "s/": PUBLIC,
    "r/": PUBLIC,
    "invitations/": PUBLIC,
    "theme": PUBLIC,
    "favicon.ico": PUBLIC,
    "robots.txt": PUBLIC,
    "accounts/": PUBLIC,
    "admin/": OPERATOR,
    "api/v1/": KEY,
    "api/v1/models": PUBLIC,
    "api/v1/prices": PUBLIC,
    "api/v1/schema": PUBLIC,
    "api/v1/openapi.json": PUBLIC,
    "api/v1/tasks": PUBLIC,
    "^api/": PUBLIC,
    "kling/": KEY,
    "segmind/": KEY,
    "llmprovider/": KEY,
    "openai/": KEY,
    "kling/openapi.json": PUBLIC,
    "segmind/openapi.json": PUBLIC,
    "llmprovider/openapi.json": PUBLIC,
    "openai/openapi.json": PUBLIC,
    "^v1/": KEY,
    "^v2/": KEY,
    "v1/": KEY,
    "v2/": KEY,
    "^account/": KEY,
    "app/": SESSION,
    "app/events/": FEED,
    "billing/": SESSION,
    "dev/": SESSION,
    "media/": MACHINE,
    "callbacks/": MACHINE,
    "healthz": MACHINE,
    "readyz": MACHINE,
    "metrics": MACHINE,
    "webhooks/": MACHINE,
}
ANSWERS = {
    PUBLIC: {200, 302, 400, 404, 405},
    SESSION: {302, 401, 404, 405},
    KEY: {401, 404, 405},
    FEED: {204, 405},
    OPERATOR: {302, 404},
    MACHINE: {200, 400, 404, 405},
}
_FILL = {"kind": "text2video", "slug": "kling-2.1", "uidb36": "1", "key": "x-y", "name": "kling-v1"}


def routes() -> Iterator[str]:
    yield from _below(get_resolver().url_patterns, "")


def _below(patterns: object, before: str) -> Iterator[str]:
    for each in patterns:  # type: ignore[attr-defined]
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _below(each.url_patterns, route)
        else:
            yield route


ROUTES = sorted(set(routes()))


def kind_of(route: str) -> str | None:
    """Its class; None when nobody has thought about it."""
    if route == "":
        return CLASSES[""]
    known = [begin for begin in CLASSES if begin and route.startswith(begin)]
    return CLASSES[max(known, key=len)] if known else None


def example(route: str) -> str:
    """An address that the route matches."""
    path = re.sub(r"\(\?P<(\w+)>[^()]*\)", lambda m: _FILL.get(m[1], "x1"), route)
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: _FILL.get(m[1], "1"), path)
    return "/" + re.sub(r"[\^$]|[*+?]$|\\Z", "", path.replace("/*$", "").replace("/+", "/"))


def test_every_route_is_classified() -> None:
    assert [route for route in ROUTES if kind_of(route) is None] == []


def test_no_class_is_left_without_a_meaning() -> None:
    assert set(CLASSES.values()) == set(ANSWERS)
    assert {kind_of(route) for route in ROUTES} == set(ANSWERS)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_is_answered_as_each_class_says_and_never_with_a_5xx(
    site: str, method: str
) -> None:
    wrong = []
    session = requests.Session()
    for route in ROUTES:
        kind = kind_of(route) or PUBLIC
        answer = session.request(method, site + example(route), timeout=60, allow_redirects=False)
        allowed = ANSWERS[kind] | ({403} if method == "POST" else set())  # no CSRF token
        if answer.status_code not in allowed:
            wrong.append((route, example(route), kind, answer.status_code))
    assert wrong == []


def test_a_stranger_on_a_page_for_members_is_sent_to_sign_in(site: str) -> None:
    for route in ROUTES:
        if kind_of(route) == SESSION:
            answer = requests.get(site + example(route), timeout=60, allow_redirects=False)
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/accounts/login/"), route


@pytest.fixture(scope="module")
def operator() -> Client:
    """Signed in with every permission."""
    client = Client(headers={"host": "localhost"})
    user = User.objects.filter(is_superuser=True).first()
    assert user is not None
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture(scope="module")
def member() -> Client:
    """Signed in, and no operator."""
    client = Client(headers={"host": "localhost"})
    client.force_login(
        customer().user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def console_pages() -> list[str]:
    """The list of each model, and the page of one row where there are rows."""
    pages = [reverse("admin:index"), reverse("admin:reports")]
    with tenancy.system("the console shows every tenant"):
        for model in apps.get_models():
            if not admin.site.is_registered(model):
                continue
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            pages.append(reverse(f"{name}_changelist"))
            row = admin.site.get_model_admin(model).get_queryset(HttpRequest()).first()
            if row is not None:
                pages.append(reverse(f"{name}_change", args=[row.pk]))
    return pages


def test_the_console_has_no_fault_that_django_finds() -> None:
    assert admin.site.check(None) == []


def test_every_page_of_the_console_opens_for_an_operator(operator: Client) -> None:
    pages = console_pages()
    assert len(pages) >= 30
    wrong = {page: code for page in pages if (code := operator.get(page).status_code) != 200}
    there = set(console_pages()) if wrong else set()  # tasks come and go
    assert {page: code for page, code in wrong.items() if page in there} == {}


def test_no_page_of_the_console_opens_for_a_member(member: Client) -> None:
    for page in console_pages():
        answer = member.get(page)
        assert answer.status_code in (302, 403), page
        if answer.status_code == 302:
            assert "/login" in answer["Location"], page


def test_a_last_slash_too_many_leads_to_the_page() -> None:
    stranger = Client(headers={"Host": "127.0.0.1"})
    ways = {
        "/docs/": "/docs",
        "/app/jobs/?q=a": "/app/jobs?q=a",
        "/app": "/app/",
    }
    for address, page in ways.items():
        assert stranger.get(address).headers["Location"] == page
    for address in ("/nothing/", "/models//x/"):
        assert stranger.get(address).status_code == 404
