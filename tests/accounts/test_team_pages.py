"""A team kept on its pages: members, roles, invitations, organisations; as browsers send it."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import tenancy
from accounts.models import Invitation, Membership, Organisation, Role
from billing import wallets
from billing.models import Cap
from tests.accounts.test_organisation import acts, address, person, roles
from tests.generations.programs import native
from tests.people import Customer, customer

PASSWORD = "screening-room-9"


@pytest.fixture
def alice() -> Customer:
    return customer()


def inside(of: Customer, role: Role | None = None) -> Client:
    """Its owner's browser, or that of a new member."""
    browser = Client(headers={"host": "127.0.0.1"})
    user = person(of, role) if role else of.user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def text(answer: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_team_is_seen_with_when_each_was_here_and_what_they_spent(alice: Customer) -> None:
    bob = inside(alice, Role.CREATOR)
    bob.get("/app/studio")
    page = text(inside(alice).get("/app/team"))
    assert page.count("This month 0 credits") == 2
    assert "never" not in page
    with tenancy.scope(alice.organisation.pk):
        assert Membership.objects.filter(last_seen_at=None).count() == 0
    own = text(bob.get("/app/team"))
    assert alice.user.email not in own
    assert "Leave the organisation" in text(bob.get(f"/app/team/members/user:{user_of(bob)}"))


def user_of(browser: Client) -> int:
    return int(browser.session["_auth_user_id"])


def test_owners_are_made_and_lowered_by_owners_who_prove_who_they_are(alice: Customer) -> None:
    alice.user.set_password(
        PASSWORD
    )  # hashed as it should be: else that is made good, and ends sessions
    alice.user.save()
    bob = inside(alice, Role.ADMIN)
    browser, name = inside(alice), f"user:{user_of(bob)}"
    asked = browser.post(f"/app/team/members/{name}/role", {"role": "owner"})
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert roles(alice)[user_of(bob)] == "admin"
    way = asked.headers["Location"]
    wrong = browser.post(
        way, {"password": "guess-work-1", "next": f"/app/team/members/{name}/role"}
    )
    assert (wrong.status_code, roles(alice)[user_of(bob)]) == (200, "admin")
    proven = browser.post(way, {"password": PASSWORD, "next": f"/app/team/members/{name}/role"})
    assert proven.headers["Location"] == f"/app/team/members/{name}"
    assert roles(alice)[user_of(bob)] == "owner"

    # Proven a moment ago: lowering asks no second time. The last owner stays one, and stays.
    browser.post(f"/app/team/members/{name}/role", {"role": "viewer"})
    assert roles(alice)[user_of(bob)] == "viewer"
    own = f"/app/team/members/user:{alice.user.pk}"
    for act, form in (("role", {"role": "admin"}), ("remove", {})):
        refused = browser.post(f"{own}/{act}", form, follow=True)
        assert "is the only owner" in text(refused)
    assert roles(alice)[alice.user.pk] == "owner"
    assert acts(alice) == ["member.role_changed", "member.role_changed"]


def test_who_manages_nobody_is_offered_nothing_and_may_go(alice: Customer) -> None:
    bob = inside(alice, Role.DEVELOPER)
    own, owner = f"user:{user_of(bob)}", f"user:{alice.user.pk}"
    assert bob.get("/app/team/invitations").status_code == 403
    assert bob.get("/app/team/organisation").status_code == 403
    assert bob.get(f"/app/team/members/{owner}").status_code == 404
    bob.post(f"/app/team/members/{own}/role", {"role": "admin"})
    bob.post(f"/app/team/members/{owner}/remove")
    assert roles(alice) == {alice.user.pk: "owner", user_of(bob): "developer"}
    bob.post(f"/app/team/members/{own}/remove")
    assert roles(alice) == {alice.user.pk: "owner"}
    assert acts(alice) == ["member.removed"]


def test_an_admin_touches_no_owner_and_a_stranger_finds_nobody(alice: Customer) -> None:
    admin, mallory = inside(alice, Role.ADMIN), inside(customer("mallory"))
    owner = f"/app/team/members/user:{alice.user.pk}"
    page = admin.get(owner).content.decode()
    assert "member-role" not in page
    assert "Yes, remove" not in page
    assert mallory.get(owner).status_code == 404
    assert mallory.post(f"{owner}/role", {"role": "viewer"}).status_code == 404
    assert mallory.post(f"{owner}/remove").status_code == 404
    assert roles(alice)[alice.user.pk] == "owner"


def test_people_are_invited_again_and_no_longer(alice: Customer) -> None:
    browser, guest = inside(alice), address()
    wrong = browser.post("/app/team/invitations", {"email": "nobody", "role": "creator"})
    assert (wrong.status_code, b'value="nobody"' in wrong.content) == (422, True)
    member = browser.post("/app/team/invitations", {"email": alice.user.email, "role": "viewer"})
    assert (member.status_code, "belongs to the organisation already" in text(member)) == (
        422,
        True,
    )
    assert invited(alice) == []
    browser.post("/app/team/invitations", {"email": guest, "role": "creator"})
    ((first, _status),) = invited(alice)
    browser.post(f"/app/team/invitations/{first}/resend")
    (_, then), (second, now) = invited(alice)
    assert (then, now) == ("revoked", "open")
    again = browser.post(f"/app/team/invitations/{first}/resend", follow=True)
    assert "was used or taken back" in text(again)
    browser.post(f"/app/team/invitations/{second}/revoke")
    assert [status for _, status in invited(alice)] == ["revoked", "revoked"]


def invited(of: Customer) -> list[tuple[str, str]]:
    with tenancy.scope(of.organisation.pk):
        return [(each.public_id, each.status) for each in Invitation.objects.order_by("pk")]


def test_an_organisation_is_renamed_and_another_has_no_second_welcome(alice: Customer) -> None:
    browser = inside(alice)
    assert browser.post("/app/team/organisation", {"name": " "}).status_code == 422
    browser.post("/app/team/organisation", {"name": "Paper boats"})
    assert "Paper boats" in text(browser.get("/app/team"))
    browser.post("/app/team/organisation/new", {"name": "Kites"})
    page = text(browser.get("/app/team"))
    assert ("Kites" in page, "Switch to Paper boats" in page) == (True, True)
    with tenancy.system("the newest of all"):
        kites = Organisation.objects.get(name="Kites", membership__user=alice.user)
    assert wallets.balance(kites.pk, True).available == 0
    assert wallets.balance(kites.pk, False).available == 10_000
    browser.post("/app/organisation", {"organisation": alice.organisation.public_id})
    assert "Switch to Kites" in text(browser.get("/app/team"))


def test_a_budget_is_set_ended_and_asked_to_be_raised(alice: Customer) -> None:
    browser, bob = inside(alice), inside(alice, Role.CREATOR)
    page = "/app/team/budgets"
    mine = {"member": str(user_of(bob))}
    wrong = browser.post(page, {**mine, "credits": "plenty"})
    assert (wrong.status_code, b'value="plenty"' in wrong.content) == (422, True)
    stranger = customer("mallory").user
    assert browser.post(page, {"member": str(stranger.pk), "credits": "5"}).status_code == 422
    browser.post(page, {**mine, "credits": "40"})
    assert "0 of 40 used (0 %)" in text(browser.get(page))
    assert bob.post(page, {**mine, "credits": "400"}).status_code == 403

    (cap,) = caps_of(alice)
    bob.post(f"/billing/limits/{cap}/ask", {"credits": "60", "note": "A trailer"})
    waiting = browser.get(page)
    assert "asks for 60 credits more" in text(waiting)
    (decide,) = re.findall(r"/billing/approvals/[^\"]+", waiting.content.decode())
    decided = browser.post(decide, {"answer": "approve", "next": page})
    assert decided.headers["Location"] == page
    assert "0 of 100 used" in text(browser.get(page))
    assert "100" in text(bob.get(page))
    browser.post(page, {**mine, "credits": ""})
    assert caps_of(alice) == []
    assert acts(alice) == ["cap.set", "approval.approved", "cap.removed"]


def caps_of(of: Customer) -> list[int]:
    with tenancy.scope(of.organisation.pk):
        return list(Cap.objects.values_list("pk", flat=True))


def test_the_audit_says_who_did_what_from_where_and_is_filtered(alice: Customer, site: str) -> None:
    browser, bob = inside(alice), inside(alice, Role.ADMIN)
    browser.post("/app/team/organisation", {"name": "Paper boats"}, REMOTE_ADDR="203.0.113.9")
    bob.post("/app/team/invitations", {"email": address(), "role": "viewer"})
    answer = native(site, alice.live_key).post(
        "/organisation/invitations", {"email": address(), "role": "creator"}
    )
    assert answer.status_code == 201
    page = "/app/team/audit"
    for word in ("Organisation renamed", "name Paper boats", "203.0.113.9", "live (…"):
        assert word in text(browser.get(page)), word
    of_bob = text(browser.get(page, {"who": f"user:{user_of(bob)}", "kind": "people"}))
    assert ("Invited" in of_bob, "renamed" in of_bob) == (True, False)
    of_programs = text(browser.get(page, {"who": "programs"}))
    assert ("role creator" in of_programs, "role viewer" in of_programs) == (True, False)
    assert "Nothing here" in text(browser.get(page, {"kind": "money"}))
    lines = b"".join(browser.get("/app/team/audit.csv")).decode().splitlines()
    assert (lines[0], len(lines)) == ("time,who,action,subject,details,address", 4)
    assert lines[-1].endswith("203.0.113.9")
    assert inside(alice, Role.DEVELOPER).get(page).status_code == 403
    assert "Paper boats" not in text(inside(customer("mallory")).get(page))
