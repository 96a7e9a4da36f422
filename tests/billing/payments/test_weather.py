"""Every event comes one to five times, in any order, or never: what was paid is granted once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from django.conf import settings

from billing.models import PaymentEvent
from billing.payments import changes, inbox, pulling
from tests.billing.payments.shop import Buyer, nothing_waits, pack, post
from tests.billing.payments.test_disputes import DISPUTED
from tests.billing.payments.test_plans import months, next_month, plan, running
from tests.payments_sandbox.service import Service

DECLINED = "4000000000000002"
LUCK = random.Random("weather")


def newest(payments: Service) -> str:
    return str(payments.v1.events.list({"limit": 1}).data[0].id)


def since(payments: Service, known: str) -> list[dict[str, Any]]:
    """What the payment service had to say after that event, as it posts it."""
    listed = payments.v1.events.list({"limit": 100, "ending_before": known}).auto_paging_iter()
    return [event.to_dict(for_json=True) for event in listed]


def in_whatever_weather(site: str, payments: Service, happens: Callable[[], None]) -> None:
    """A fifth of what is told of it never comes, the rest one to five times in any order; then
    the hourly pull. Returns when all was handled."""
    known = newest(payments)
    happens()
    told = since(payments, known)
    handled = {event["id"] for event in told if event["type"] in inbox.HANDLERS}
    lost = set(LUCK.sample(sorted(handled), -(-len(handled) // 5)))
    posts = [one for one in told if one["id"] not in lost for _ in range(LUCK.randint(1, 5))]
    LUCK.shuffle(posts)
    assert {post(site, event) for event in posts} == {200}
    assert post(site, posts[0], secret=settings.PAYMENTS_SECRETS[0]) == 200

    came = PaymentEvent.objects.filter(stripe_id__in=handled)
    missing = len(handled) - came.count()
    assert 0 < missing < len(handled)
    assert pulling.run() >= missing
    assert came.filter(pulled=True).count() == missing
    assert pulling.run() == 0
    nothing_waits()
    assert not came.exclude(state__in=["done", "ignored"]).exists()


def test_what_was_paid_is_granted_once(site: str, silent: Service) -> None:
    two, member, paid_back, lost, won = buyers = [Buyer() for _ in range(5)]
    small, large = plan("Small", 2500, 1000), plan("Large", 9600, 4000)
    what = pack()
    bought = {buyer: buyer.begin(what) for buyer in buyers if buyer is not member}
    left = two.begin(what)

    def paid() -> None:
        silent.pay(bought[two].pay_url, DECLINED)
        silent.pay(bought[two].pay_url)
        silent.v1.checkout.sessions.expire(str(left.session_id))
        silent.pay(changes.choose(member.actor, small))
        silent.pay(bought[paid_back].pay_url)
        for buyer in (lost, won):
            silent.pay(bought[buyer].pay_url, DISPUTED)
        ended = silent.v1.checkout.sessions.retrieve(str(bought[paid_back].session_id))
        silent.v1.refunds.create({"payment_intent": str(ended.payment_intent), "amount": 1400})

    in_whatever_weather(site, silent, paid)
    assert (two.now(bought[two]).status, two.now(left).status) == ("paid", "expired")
    assert two.lots(bought[two]) == [("purchase", 1000, 2800), ("bonus", 50, 0)]
    assert (two.lots(left), two.money()) == ([], (1050, 0, False))
    acts = two.acts(bought[two]), two.acts(left)
    assert acts == (["purchase.paid"], ["purchase.expired"])
    assert months(member) == [(1000, 2500)]
    assert paid_back.money() == (525, 0, False)
    assert lost.money() == won.money() == (0, 0, True)

    def decided() -> None:
        for buyer, outcome in ((lost, "lost"), (won, "won")):
            intent = str(buyer.now(bought[buyer]).payment_intent_id)
            (found,) = silent.v1.disputes.list({"payment_intent": intent})
            silent.control(f"disputes/{found.id}", outcome=outcome)

    in_whatever_weather(site, silent, decided)
    assert (lost.money(), won.money()) == ((0, 0, False), (1050, 0, False))

    def renewed() -> None:
        next_month(silent, running(member))
        silent.pay(changes.choose(member.actor, large))

    in_whatever_weather(site, silent, renewed)
    assert sorted(months(member)) == [(1000, 2500), (1000, 2500), (4000, 9600)]
    assert (running(member).plan, member.money()) == (large, (5100, 0, False))  # 100 were kept
    assert [buyer.proven() for buyer in buyers] == [True] * 5
