"""A customer of the product who buys packs, and the payment service beside it."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

import requests
import stripe
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent
from billing import backing, gifts, ledger, proof, wallets
from billing.models import (
    Dispute,
    EventState,
    Lot,
    Notice,
    Pack,
    PaymentEvent,
    Purchase,
    Refund,
    Wallet,
)
from billing.payments import purchases
from tests.billing.test_console import PLAIN_STATIC
from tests.payments_sandbox.service import PAYS, Service
from tests.people import Customer, customer
from tests.waiting import until


def pack(**fields: Any) -> Pack:
    """One that nobody else sells."""
    name = f"pack-{secrets.token_hex(6)}"
    usual = {"name": "1,000 credits", "credits": 1000, "bonus_credits": 50, "price_cents": 2800}
    return Pack.objects.create(slug=name, **{**usual, "valid_days": 365, "position": 99, **fields})


class Buyer:
    """Somebody with an organisation of their own, and what it has."""

    def __init__(self, who: Customer | None = None) -> None:
        self.who = who or customer("buyer")
        self.id = self.who.organisation.pk
        wallets.ensure(self.who.organisation)
        self.began = self.available
        self.actor = Actor(organisation_id=self.id, livemode=True, user_id=self.who.user.pk)

    @property
    def available(self) -> int:
        return wallets.balance(self.id, True).available

    @property
    def gained(self) -> int:
        """Credits since they came."""
        return self.available - self.began

    def begin(self, what: Pack | None = None, gift: gifts.Words | None = None) -> Purchase:
        """A purchase that can be paid."""
        return purchases.start_pack(self.actor, what or pack(), gift)

    def buy(
        self, payments: Service, what: Pack | None = None, number: str = PAYS,
        gift: gifts.Words | None = None,
    ) -> Purchase:  # fmt: skip
        """A purchase that is paid, with its credits or its code."""
        begun = self.begin(what, gift)
        payments.pay(begun.pay_url, number)
        return self.until(begun, status="paid")

    def spend(self, amount: int) -> None:
        """Films for so many credits are made."""
        held = ledger.reserve(self.id, True, amount, reference=f"gen_{secrets.token_hex(8)}")
        with tenancy.scope(self.id):
            ledger.capture(held.hold_id, amount)

    def money(self) -> tuple[int, int, bool]:
        """Credits gained and owed, and whether spending is stopped."""
        with tenancy.scope(self.id):
            wallet = Wallet.objects.get(organisation_id=self.id, livemode=True)
        return self.gained, wallet.owed, wallet.frozen_at is not None

    def notices(self, kind: str) -> list[dict[str, Any]]:
        """What its owners were told of that kind, the oldest first."""
        with tenancy.scope(self.id):
            mine = Notice.objects.filter(kind=kind).order_by("pk")
            return list(mine.values_list("facts", flat=True))

    def now(self, purchase: Purchase) -> Purchase:
        """The purchase as it is by now."""
        with tenancy.scope(self.id):
            return Purchase.objects.get(pk=purchase.pk)

    def until(self, purchase: Purchase, **fields: Any) -> Purchase:
        """The purchase, as soon as these fields are so."""

        def look() -> Purchase | None:
            seen = self.now(purchase)
            return seen if all(getattr(seen, k) == v for k, v in fields.items()) else None

        return until(look, what=f"{purchase.public_id} {fields}")

    def lots(self, purchase: Purchase) -> list[tuple[str, int, int]]:
        """Source, credits and cents of what the purchase gave."""
        with tenancy.scope(self.id):
            given = Lot.objects.filter(reference__startswith=f"purchase:{purchase.public_id}")
            return list(given.order_by("pk").values_list("source", "granted", "cents"))

    def acts(self, purchase: Purchase) -> list[str]:
        """What the audit says about it."""
        with tenancy.scope(self.id):
            lines = AuditEvent.objects.filter(subject=purchase.public_id).order_by("pk")
            return list(lines.values_list("action", flat=True))

    def proven(self) -> bool:
        """Whether the books add up, and bear the payments out."""
        return proof.prove(self.id).holds and not self.unbacked()

    def unbacked(self) -> set[str]:
        """What of these days the ledger does not bear out: purchases, refunds, disputes, gifts."""
        now, days = timezone.now(), timedelta(days=2)
        found = {name for name, _says in backing.unbacked(now - days, now + days)}
        with tenancy.scope(self.id):
            return found & {
                *Purchase.objects.values_list("public_id", flat=True),
                *Refund.objects.values_list("public_id", flat=True),
                *Dispute.objects.values_list("stripe_id", flat=True),
                *Lot.objects.filter(source="gift").values_list("public_id", flat=True),
            }

    def inside(self) -> Client:
        """Signed in, in this process and with its settings."""
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(
            self.who.user, backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        return client

    def page(self, address: str) -> str:
        """A page as they see it, in this process and with its settings."""
        with PLAIN_STATIC:
            return self.inside().get(address).content.decode()

    def bill(self, purchase: Purchase) -> str:
        """The page of a purchase."""
        return self.page(f"/billing/purchases/{purchase.public_id}")

    def browser(self, site: str) -> requests.Session:
        """Signed in at the site, over HTTP."""
        inside = self.inside()
        outside = requests.Session()
        outside.cookies.update({"sessionid": inside.cookies["sessionid"].value,
                                "csrftoken": "c" * 32})  # fmt: skip
        outside.headers["X-CSRFToken"] = "c" * 32
        return outside


def post(site: str, event: Any, *, secret: str = "", at: int | None = None) -> int:
    """Tell the product an event as the payment service does; the answer's status."""
    body = event if isinstance(event, str) else json.dumps(event, default=str)
    signed = stripe.WebhookSignature.generate_signature_header(
        body, secret or settings.PAYMENTS_SECRETS[0], at
    )
    headers = {"Stripe-Signature": signed, "Content-Type": "application/json"}
    return requests.post(
        f"{site}/webhooks/stripe", data=body.encode(), headers=headers, timeout=60
    ).status_code


def told_of(payments: Service, purchase: Purchase, intent: str) -> list[dict[str, Any]]:
    """All that the payment service has to say about a purchase and what became of its payment."""
    listed = payments.v1.events.list({"limit": 100}).auto_paging_iter()
    events = [event.to_dict(for_json=True) for event in listed]
    mine = {purchase.session_id, intent}
    return [
        event
        for event in events
        if mine & {event["data"]["object"].get(name) for name in ("id", "payment_intent")}
    ]


def about(subject: str) -> PaymentEvent:
    """The event about it that was given up, with its reason."""

    def look() -> PaymentEvent | None:
        return PaymentEvent.objects.filter(subject=subject, state=EventState.FAILED).first()

    return until(look, what=f"the end of an event about {subject}")


def nothing_waits() -> None:
    """Returns when the worker has looked at all that is due."""
    waiting = PaymentEvent.objects.filter(state=EventState.WAITING)
    until(lambda: not waiting.exists(), what="the handling of every event")
