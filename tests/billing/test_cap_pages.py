"""The page of caps: set and asked above there, and only by who may."""

from __future__ import annotations

import pytest
from django.template.defaultfilters import date
from django.test import Client

from accounts.actors import Actor
from accounts.models import User
from billing import caps, notices
from billing.errors import CapReached
from billing.ledger import Spender
from tests.billing.test_caps import member, owner, rich, spend

KIND = "cap_reached"
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


def test_above_a_cap_in_all_one_asks_is_approved_and_reads_since_when_it_counts() -> None:
    alice = rich()
    bob, page = member(alice), "/billing/limits"
    boss, worker = signed_in(owner(alice)), signed_in(bob)
    by = Spender(member=bob.user_id or 0, sku="kling-v1")
    spend(alice, 5, by)  # earlier on the day: it counts, and the page says so
    capped = {"whose": f"member:{bob.user_id}", "credits": "20", "period": "total"}
    assert boss.post(page, capped).status_code == 302
    spend(alice, 5, by)
    [standing] = caps.standings(bob)
    today = date(standing.since, "M j, Y")
    assert f"10 used (50 %) since {today} at 00:00 UTC" in boss.get(page).content.decode()
    worker.post(f"{page}/{standing.cap.pk}/ask", {"credits": "30", "note": ""})
    [asked] = caps.open_requests(owner(alice))
    approved = boss.post(f"/billing/approvals/{asked.public_id}", {"answer": "approve"})
    assert approved.status_code == 302
    assert caps.open_requests(owner(alice)) == []
    spend(alice, 40, by)
    with pytest.raises(CapReached):
        spend(alice, 1, by)
    caps.tell_alerts()
    told = [one.words.text for one in notices.shown(owner(alice)) if one.notice.kind == KIND]
    assert "The cap of Bob, 20 credits in all, is used by 50 %." in told[-1]


def test_caps_of_end_users_are_set_found_and_ended_on_the_page_that_their_402_names() -> None:
    alice = rich()
    bob, page = member(alice), "/billing/limits"
    boss, worker = signed_in(owner(alice)), signed_in(bob)
    ann = {"whose": "end_user:", "end_user": "ann", "credits": "20", "period": "total"}
    assert boss.post(page, {**ann, "end_user": ""}).status_code == 422
    assert boss.post(page, {**ann, "end_user": "a" * 65}).status_code == 422
    assert worker.post(page, ann).status_code == 403
    assert caps.of_end_users(owner(alice), "") == []
    assert boss.post(page, ann).status_code == 302
    with pytest.raises(CapReached) as refused:
        spend(alice, 21, Spender(member=bob.user_id or 0, sku="kling-v1", end_user="ann"))
    assert f"{page}#end-users" in refused.value.detail
    for asked in (page, f"{page}?end_user=ann"):
        assert "0 used (0 %)" in boss.get(asked).content.decode()
    assert "ben has no cap" in boss.get(f"{page}?end_user=ben").content.decode()
    assert ">ann<" not in worker.get(page).content.decode()
    [standing] = caps.of_end_users(owner(alice), "ann")
    assert boss.post(f"{page}/{standing.cap.pk}/remove").status_code == 302
    assert caps.of_end_users(owner(alice), "") == []
