"""The page of caps: set and asked above there, and only by who may."""

from __future__ import annotations

from django.test import Client

from accounts.actors import Actor
from accounts.models import User
from billing import caps
from tests.billing.test_caps import member, owner, rich

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(actor: Actor) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(pk=actor.user_id), backend=BACKEND)
    return client


def test_caps_are_set_and_asked_above_on_the_page_and_only_by_who_may() -> None:
    alice = rich()
    bob, page = member(alice), "/billing/limits"
    boss, worker = signed_in(owner(alice)), signed_in(bob)
    wrong = {"whose": f"member:{bob.user_id}", "credits": "ten", "period": "day"}
    assert "whole number of credits" in boss.post(page, wrong).content.decode()
    stranger = {**wrong, "whose": "member:1", "credits": "10"}
    assert "no such member or key" in boss.post(page, stranger).content.decode()
    assert boss.post(page, {**wrong, "credits": "1,000"}).status_code == 302
    assert "1,000" in boss.get(page).content.decode()
    assert worker.post(page, {**wrong, "credits": "5000"}).status_code == 403
    seen = worker.get(page).content.decode()
    assert "Ask for approval" in seen
    assert "Set a cap" not in seen
    [standing] = caps.standings(bob)
    worker.post(f"{page}/{standing.cap.pk}/ask", {"credits": "50", "note": "soon"})
    [asked] = caps.open_requests(owner(alice))
    assert "asks for 50 credits more" in boss.get(page).content.decode()
    boss.post(f"/billing/approvals/{asked.public_id}", {"answer": "approve"})
    assert caps.standings(bob)[0].allowed == 1050
    boss.post(f"{page}/{standing.cap.pk}/remove")
    assert caps.standings(owner(alice)) == []
    boss.post(page, {"whose": "organisation:", "credits": "0", "period": "day"})
    seen = boss.get(page).content.decode()
    assert "Nothing may be spent under it." in seen
    assert "(100 %)" not in seen
