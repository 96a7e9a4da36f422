"""Customers invite others: who is given what, when, and what is not given."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlencode

import pytest
import requests
from django.conf import settings
from django.contrib import admin
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client, override_settings

from accounts import organisations, tenancy
from accounts.models import Organisation, User
from billing import freezes, ledger, referrals
from billing.models import Lot, Purchase, Referral, ReferralCode
from billing.payments import (
    changes,
    customers,
    disputes,
    invoices,
    refunds,
    sessions,
    warnings,
)
from tests.billing.payments.shop import Buyer, pack
from tests.billing.payments.test_disputes import dispute
from tests.billing.payments.test_plans import plan
from tests.billing.test_console import PLAIN_STATIC, asked
from tests.payments_sandbox.service import PAYS, Service
from tests.people import Customer

REWARD, GIFT = 300, 120
WARNED = "4000000000005423"


@pytest.fixture(autouse=True)
def on() -> Iterator[None]:
    """Invitations are rewarded in this process alone."""
    with override_settings(REFERRAL_CREDITS=REWARD, REFERRED_CREDITS=GIFT):
        yield


def page(buyer: Buyer) -> str:
    answer = buyer.inside().get("/billing/referral")
    assert answer.status_code == 200
    return answer.content.decode()


def link(buyer: Buyer) -> str:
    """The path of the link on the page."""
    return "/r/" + page(buyer).partition(f"{settings.SITE_URL}/r/")[2].partition("<")[0]


def follow(path: str, **client: str) -> Client:
    """Somebody's browser that followed a link to the sign-up."""
    browser = Client(SERVER_NAME="127.0.0.1", **client)
    answer = browser.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/signup/")
    return browser


def sign_up(browser: Client) -> Buyer:
    email = f"newcomer-{secrets.token_hex(6)}@example.org"
    form = {"email": email, "password1": "screening-room-9"}
    answer = browser.post("/accounts/signup/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/app/studio")
    user = User.objects.get(email=email)
    ((organisation_id, _role),) = organisations.memberships_of(user.pk)
    with tenancy.scope(organisation_id):
        mine = Organisation.objects.get(pk=organisation_id)
    return Buyer(Customer(user, mine, "", ""))


def buys(newcomer: Buyer, payments: Service, cents: int = 2800) -> Purchase:
    """A purchase that is paid, as this process learns it: twice."""
    begun = newcomer.begin(pack(price_cents=cents, bonus_credits=0))
    payments.pay(begun.pay_url, PAYS)
    assert begun.session_id is not None
    sessions.sync(begun.session_id)
    sessions.sync(begun.session_id)
    return newcomer.until(begun, status="paid")


def came(newcomer: Buyer) -> Referral:
    with tenancy.scope(newcomer.id):
        return Referral.objects.get(organisation_id=newcomer.id)


def turn_the_clock(*newcomers: Buyer) -> None:
    """The days until the rewards fall due go by."""
    with tenancy.system("a test turns the clock"):
        mine = Referral.objects.filter(
            organisation_id__in=[one.id for one in newcomers], state="waiting"
        )
        mine.update(due_at=Now())


def wait_is_over(*newcomers: Buyer) -> None:
    """They fall due, and the workers look, twice."""
    turn_the_clock(*newcomers)
    for _ in range(2):
        referrals.settle_due()


def given(buyer: Buyer, newcomer: Buyer) -> list[tuple[str, int, int]]:
    """Source, credits and tens of days of what the invitation gave."""
    reference = f"referral:{came(newcomer).public_id}"
    with tenancy.scope(buyer.id):
        lots = Lot.objects.filter(reference=reference)
        return [
            (one.source, one.granted, round((one.expires_at - one.created_at).days / 10))
            for one in lots
        ]


def invited(inviter: Buyer) -> Buyer:
    """A newcomer by the inviter's link, without the pages."""
    newcomer = Buyer()
    referrals.signed_up(newcomer.who.user.pk, referrals.of(inviter.id).code)
    return newcomer


def test_both_are_given_credits_once_when_the_newcomer_has_bought(silent: Service) -> None:
    alice = Buyer()
    assert "Nobody yet." in page(alice)
    browser = follow(link(alice))
    promised = "your first purchase of at least $9.80 brings you 120 credits on top, 14 days later."
    assert promised in browser.get("/accounts/signup/").content.decode()
    newcomer = sign_up(browser)
    assert came(newcomer).inviter_id == alice.id
    assert "<td>signed up</td>" in page(alice)
    buys(newcomer, silent, cents=979)  # too small to count
    assert came(newcomer).state == "signed_up"

    counted = buys(newcomer, silent, cents=980)
    assert (came(newcomer).purchase_id, given(alice, newcomer)) == (counted.pk, [])
    assert "120 credits follow if nothing of your purchase goes back" in page(newcomer)
    assert "<td>bought, reward on hold</td>" in page(alice)
    referrals.settle_due()
    assert (alice.gained, alice.notices("referral_rewarded")) == (0, [])
    assert given(newcomer, newcomer) == []

    wait_is_over(newcomer)
    assert given(newcomer, newcomer) == [("promo", GIFT, 36)]
    assert newcomer.notices("referral_welcome") == [{"credits": GIFT, "days": 365}]
    assert "follow if nothing" not in page(newcomer)
    assert given(alice, newcomer) == [("promo", REWARD, 36)]
    assert alice.notices("referral_rewarded") == [{"credits": REWARD, "days": 365}]
    shown = page(alice)
    assert "<td>rewarded</td>" in shown
    assert "300 credits earned so far." in shown
    assert "20 rewards a month; 1 this month" in shown
    for secret in (newcomer.who.user.email, newcomer.who.organisation.name):
        assert secret.partition("@")[0] not in shown
    entries = alice.inside().get("/billing/statement/entries").content.decode()
    assert "Reward for an invitation" in entries
    assert "for your invitation" in alice.inside().get("/billing/").content.decode()
    room = admin.site.get_model_admin(Referral)
    with PLAIN_STATIC, tenancy.system("operators see every tenant"):
        query = urlencode({"q": alice.who.organisation.public_id})
        listed = room.changelist_view(asked(f"/?{query}")).render().content.decode()
    assert came(newcomer).public_id in listed

    buys(newcomer, silent)
    wait_is_over(newcomer)
    assert (alice.gained, newcomer.gained) == (REWARD, 3 * 1000 + GIFT)
    assert alice.proven()
    assert newcomer.proven()


def test_a_month_of_a_plan_counts_as_a_purchase(silent: Service) -> None:
    alice = Buyer()
    newcomer = invited(alice)
    silent.pay(changes.choose(newcomer.actor, plan("Guest", 2_000, 500)))
    owner = customers.find(newcomer.id)
    assert owner is not None
    (bill,) = silent.v1.invoices.list({"customer": owner.stripe_id}).data
    for _ in range(2):
        invoices.sync(str(bill.id))
    assert newcomer.gained == 500
    wait_is_over(newcomer)
    assert (newcomer.gained, alice.gained) == (500 + GIFT, REWARD)


def test_nobody_is_referred_by_themselves_or_twice_or_by_a_word_of_their_own() -> None:
    alice, bob = Buyer(), Buyer()
    own = alice.inside()
    assert own.get(link(alice))["Location"] == "/accounts/signup/"
    assert "referral" not in own.cookies
    code = link(alice).removeprefix("/r/")
    referrals.signed_up(alice.who.user.pk, code)
    with tenancy.scope(alice.id):
        assert not Referral.objects.exists()
        with pytest.raises(IntegrityError, match="nobody_refers"), transaction.atomic():
            Referral.objects.create(organisation_id=alice.id, livemode=True, inviter_id=alice.id)

    newcomer = invited(alice)
    referrals.signed_up(newcomer.who.user.pk, referrals.of(bob.id).code)
    assert came(newcomer).inviter_id == alice.id

    stranger = follow("/r/NOBODYS")
    assert "referral" not in stranger.cookies
    stranger.cookies["referral"] = code  # not signed by us
    uninvited = sign_up(stranger)
    with tenancy.scope(uninvited.id):
        assert not Referral.objects.exists()
    kept = follow(f"/r/{code.lower()}").cookies["referral"]
    assert (kept["max-age"], kept["samesite"], kept["httponly"]) == (90 * 86400, "Lax", True)


def test_what_goes_back_before_the_wait_is_over_brings_nobody_anything(
    silent: Service,
) -> None:
    alice = Buyer()
    returns, loses, wins = (invited(alice) for _ in range(3))
    refunds.ask(buys(returns, silent), 10, "Asked for by the customer.")
    names = {}
    for one in (loses, wins):
        names[one] = dispute(silent, buys(one, silent))
        disputes.sync(names[one])
    wait_is_over(returns, loses, wins)
    assert [came(one).state for one in (returns, loses, wins)] == [
        "went_back",
        "waiting",
        "waiting",
    ]
    for one, outcome in ((loses, "lost"), (wins, "won")):
        silent.control(f"disputes/{names[one]}", outcome=outcome)
        disputes.sync(names[one])
    wait_is_over(loses, wins)
    assert [came(one).state for one in (loses, wins)] == ["went_back", "rewarded"]
    assert [given(one, one) for one in (returns, loses)] == [[], []]
    assert (alice.gained, given(alice, wins)) == (REWARD, [("promo", REWARD, 36)])
    assert "<td>went back</td>" in page(alice)


def test_nobody_is_rewarded_while_the_newcomers_card_is_said_to_be_stolen(silent: Service) -> None:
    alice = Buyer()
    newcomer = invited(alice)
    begun = newcomer.begin(pack(bonus_credits=0))
    silent.pay(begun.pay_url, WARNED)
    assert begun.session_id is not None
    sessions.sync(begun.session_id)
    bought = newcomer.until(begun, status="paid")
    (charge,) = silent.v1.charges.list({"payment_intent": str(bought.payment_intent_id)}).data
    (warning,) = silent.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    warnings.sync(warning.id)
    wait_is_over(newcomer)
    assert (came(newcomer).state, alice.gained, newcomer.gained) == ("waiting", 0, 1000)
    for cause in freezes.causes(newcomer.id, True):
        ledger.thaw(newcomer.id, True, cause=cause.cause, reason="Looked at: it is theirs.")
    wait_is_over(newcomer)
    assert (came(newcomer).state, alice.gained, newcomer.gained) == (
        "rewarded", REWARD, 1000 + GIFT,
    )  # fmt: skip


@override_settings(REFERRAL_WAIT_DAYS=3, REFUND_DAYS=30)
def test_the_wait_is_not_shorter_than_money_can_be_taken_back(silent: Service) -> None:
    alice = Buyer()
    assert "30 days after it, if nothing of it went back" in page(alice)
    newcomer = invited(alice)
    bought = buys(newcomer, silent)
    due = came(newcomer).due_at
    assert due is not None
    assert bought.paid_at is not None
    assert (due - bought.paid_at).days in {29, 30}


@override_settings(REFERRALS_A_MONTH=1)
def test_an_organisation_is_rewarded_so_often_a_month(silent: Service) -> None:
    alice = Buyer()
    both = [invited(alice) for _ in range(2)]
    for one in both:
        buys(one, silent)
    turn_the_clock(*both)
    together = Barrier(2)

    def look(_: int) -> None:
        try:
            connection.ensure_connection()
            together.wait()
            referrals.settle_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(look, range(2)))
    assert sorted(came(one).state for one in both) == ["over", "rewarded"]
    assert (alice.gained, *(one.gained for one in both)) == (REWARD, 1000 + GIFT, 1000 + GIFT)
    assert "<td>over the month’s limit</td>" in page(alice)
    with tenancy.system("a test turns the clock"):
        Referral.objects.filter(inviter_id=alice.id).update(settled_at="2026-01-31T00:00:00Z")
    later = invited(alice)
    buys(later, silent)
    wait_is_over(later)
    assert came(later).state == "rewarded"


def test_where_invitations_are_not_rewarded_nothing_of_them_is_there(
    site: str, silent: Service
) -> None:
    alice = Buyer()
    path = link(alice)
    assert '<a href="/billing/referral"' in alice.inside().get("/billing/").content.decode()
    newcomer = invited(alice)
    with override_settings(REFERRAL_CREDITS=0):
        buys(newcomer, silent)
        assert (came(newcomer).state, newcomer.gained) == ("signed_up", 1000)
        assert "referral" not in follow(path).cookies
        with tenancy.scope(alice.id):
            assert ReferralCode.objects.count() == 1
    web = alice.browser(site)  # the product's own setting
    assert web.get(f"{site}/billing/referral", timeout=60).status_code == 404
    assert "referral" not in web.get(f"{site}/billing/", timeout=60).text
    answer = requests.get(site + path, timeout=60, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/signup/")
    assert "referral" not in answer.cookies
