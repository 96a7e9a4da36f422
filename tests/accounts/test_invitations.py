"""Inviting people into an organisation: the mail, its link, and the page that lets them in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings
from django.utils import timezone

from accounts import invitations, tenancy
from accounts.models import Invitation, Role, User
from kling_saas.lib.refusals import RateLimited
from tests.accounts.test_mails import both
from tests.accounts.test_organisation import (
    INVITED,
    acts,
    address,
    browser,
    delete,
    is_a,
    owner,
    roles,
)
from tests.generations.programs import Program, native
from tests.people import Customer, customer


@pytest.fixture
def alice() -> Customer:
    return customer()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.live_key)


@pytest.fixture(scope="module")
def described(site: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{site}/api/v1/schema", timeout=60).json()
    return found


@pytest.fixture
def post() -> Iterator[list[EmailMessage]]:
    """What was sent during the test."""
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield mail.outbox


def invite(api: Program, email: str, role: str = "creator", **more: Any) -> requests.Response:
    return api.post(INVITED, {"email": email, "role": role}, **more)


def mailed(post: list[EmailMessage], email: str) -> str:
    """The path of the link in the mail that went to that address."""
    while invitations.mail_due():
        continue
    (sent,) = (each for each in post if each.to == [email])
    text, html = both(sent)
    (link,) = (line for line in text.split() if "/invitations/" in line)
    assert f'href="{link}"' in html
    return "/invitations/" + link.partition("/invitations/")[2]


def test_an_invitation_is_mailed_and_lets_in_once(
    api: Program, alice: Customer, post: list[EmailMessage], described: dict[str, Any]
) -> None:
    bob = customer("bob")
    answer = invite(api, f" {bob.user.email.upper()}", "developer")
    made = answer.json()
    is_a("Invitation", made, described)
    assert (answer.status_code, made["status"], made["invited_by"]) == (201, "open", None)
    assert answer.headers["Location"] == f"/api/v1{INVITED}/{made['id']}"
    path = mailed(post, bob.user.email)
    stranger = browser().get(path)
    assert stranger.status_code == 200
    assert "no-store" in stranger.headers["Cache-Control"]
    page = stranger.content.decode()
    assert f"Join {alice.organisation.name}" in page
    assert "Accept" not in page
    assert f"/accounts/login/?next={path.replace(':', '%3A')}" in page

    other = browser(customer("mallory").user)
    assert "you are signed in as mallory" in other.get(path).content.decode()
    assert other.post(path).status_code == 403
    assert other.post("/accounts/logout/", {"next": path}).headers["Location"] == path
    assert browser().post(path).status_code == 200
    assert roles(alice) == {alice.user.pk: "owner"}

    mine = browser(bob.user)
    assert "Accept the invitation" in mine.get(path).content.decode()
    inside = mine.post(path, follow=True)
    assert f"You belong to {alice.organisation.name} now" in inside.content.decode()
    assert roles(alice) == {alice.user.pk: "owner", bob.user.pk: "developer"}
    for again in (mine.get(path), mine.post(path)):
        assert again.status_code == 410
        assert "was accepted already" in again.content.decode()
    told = api.get(f"{INVITED}/{made['id']}").json()
    assert (told["status"], bool(told["mailed_at"]), bool(told["accepted_at"])) == (
        "accepted", True, True
    )  # fmt: skip
    assert delete(api, f"{INVITED}/{made['id']}").json()["code"] == "invitation_ended"
    assert acts(alice) == ["invitation.made", "member.joined"]

    # Who belongs to two organisations goes from one to the other.
    assert f"Switch to {bob.organisation.name}" in inside.content.decode()
    home = mine.post("/app/organisation", {"organisation": bob.organisation.public_id}, follow=True)
    assert f"Switch to {alice.organisation.name}" in home.content.decode()
    elsewhere = customer("eve").organisation.public_id
    stays = mine.post("/app/organisation", {"organisation": elsewhere}, follow=True)
    assert f"Switch to {alice.organisation.name}" in stays.content.decode()


def test_a_newcomer_signs_up_by_the_link_and_accepts(
    api: Program, alice: Customer, post: list[EmailMessage]
) -> None:
    email = address()
    assert invite(api, email, "viewer").status_code == 201
    path = mailed(post, email)
    web = browser()
    signed_up = web.post(
        f"/accounts/signup/?next={path}",
        {"email": email, "password1": "screening-room-9", "next": path},
    )
    assert signed_up.headers["Location"] == path
    assert web.post(path).headers["Location"] == "/app/studio"
    newcomer = User.objects.get(email=email)
    assert roles(alice)[newcomer.pk] == "viewer"


def test_an_invitation_that_ended_or_was_forged_lets_nobody_in(
    api: Program, alice: Customer, post: list[EmailMessage]
) -> None:
    bob, carol = customer("bob"), customer("carol")
    revoked = invite(api, bob.user.email).json()["id"]
    path = mailed(post, bob.user.email)
    assert [delete(api, f"{INVITED}/{revoked}").json()["status"] for _ in range(2)] == [
        "revoked", "revoked"
    ]  # fmt: skip
    old = invite(api, carol.user.email).json()["id"]
    late = mailed(post, carol.user.email)
    with tenancy.scope(alice.organisation.pk):
        Invitation.objects.filter(public_id=old).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
    for person_, link in ((bob, path), (carol, late)):
        assert browser(person_.user).post(link).status_code == 410
    assert api.get(f"{INVITED}/{old}").json()["status"] == "expired"
    for forged in (path[:-1] + "x", "/invitations/1.inv_x", f"/invitations/{revoked}"):
        assert browser(bob.user).post(forged).status_code == 404
    assert roles(alice) == {alice.user.pk: "owner"}


def test_a_second_invitation_replaces_the_first_and_a_repeat_is_the_same(
    api: Program, alice: Customer, post: list[EmailMessage]
) -> None:
    email = address()
    first = invite(api, email, headers={"Idempotency-Key": "k"})
    again = invite(api, email, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert first.json()["id"] == again.json()["id"]
    second = invite(api, email, "admin").json()
    listed = api.get(INVITED).json()["data"]
    assert [(each["id"], each["status"]) for each in listed] == [
        (second["id"], "open"), (first.json()["id"], "revoked")
    ]  # fmt: skip
    mailed(post, email)  # one mail


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "role"}),
        ({"email": "nobody", "role": "owner "}, {"email", "role"}),
        ({"email": "a@b.example", "role": "viewer", "name": "A"}, {"name"}),
    ],
)
def test_what_is_no_invitation_is_refused(
    api: Program, alice: Customer, body: dict[str, Any], fields: set[str]
) -> None:
    told = api.post(INVITED, body)
    assert told.status_code == 422
    assert {v["field"] for v in told.json()["violations"]} == fields
    assert acts(alice) == []


def test_members_are_not_invited_and_nobody_invites_the_whole_world(
    api: Program, alice: Customer
) -> None:
    told = invite(api, alice.user.email)
    assert (told.status_code, told.json()["code"]) == (409, "already_member")
    with override_settings(INVITATIONS_A_DAY=2):
        for _ in range(2):
            invitations.make(owner(alice), address(), Role.VIEWER)
        with pytest.raises(RateLimited, match="2 people"):
            invitations.make(owner(alice), address(), Role.VIEWER)
    assert acts(alice) == ["invitation.made"] * 2


def test_another_organisations_things_are_unknown(site: str, api: Program) -> None:
    made = invite(api, address()).json()["id"]
    mallory = native(site, customer("mallory").live_key)
    assert mallory.get(f"{INVITED}/{made}").status_code == 404
    assert delete(mallory, f"{INVITED}/{made}").status_code == 404
    assert mallory.get(INVITED).json()["data"] == []
    assert api.get(f"{INVITED}/{made}").json()["status"] == "open"


def test_a_mail_that_could_not_be_sent_is_sent_later(
    api: Program, alice: Customer, post: list[EmailMessage]
) -> None:
    email = address()
    made = invite(api, email).json()["id"]
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=9,
    ):
        while invitations.mail_due():
            continue
    with tenancy.scope(alice.organisation.pk):
        row = Invitation.objects.get(public_id=made)
        assert (row.attempts, row.mailed_at) == (1, None)
        assert row.next_attempt_at
        assert row.next_attempt_at > timezone.now()
        Invitation.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())
    mailed(post, email)
