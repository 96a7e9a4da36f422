"""A month of a plan that is taken back: its credits go, then the plan, then comes the money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings

from accounts import tenancy
from billing import notices, plans
from billing.errors import InsufficientCredits
from billing.models import Notice, Purchase, Refund, Subscription
from billing.payments import refunds, returning
from tests.billing.payments.shop import Buyer
from tests.billing.payments.test_plans import plan, subscribe
from tests.billing.payments.test_refunds import FAILS, of
from tests.billing.purse import as_owner
from tests.payments_sandbox.service import Service
from tests.serving import Quiet, serving
from tests.waiting import until

NOT_NOW = "The payment service does not answer: try again in a minute."


def month_of(buyer: Buyer) -> Purchase:
    with tenancy.scope(buyer.id):
        return Purchase.objects.get(kind="plan")


@contextmanager
def meanwhile(payments: Service, plan: Subscription, act: Callable[[], None]) -> Iterator[None]:
    """Whenever the payment service is asked about the plan, `act` is done before it answers. It
    tells the product nothing by itself.
    """

    class Between(Quiet):
        def get(self) -> None:
            if self.path.startswith(f"/v1/subscriptions/{plan.stripe_id}"):
                act()
            self.post()

        def post(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            passed = {name: value for name, value in self.headers.items() if name != "Host"}
            answer = requests.request(
                self.command, payments.url + self.path, data=self.rfile.read(size),
                headers=passed, timeout=60,
            )  # fmt: skip
            self.answer(answer.status_code, answer.content)

        def do_DELETE(self) -> None:  # noqa: N802 - as the standard library calls it
            self.get()

    payments.control("weather", drop=1)
    try:
        with serving(Between) as address, override_settings(PAYMENTS_API_BASE=address):
            yield
    finally:
        payments.control("weather")


def test_no_film_is_ordered_with_its_credits_while_the_plan_ends(payments: Service) -> None:
    alice, small = Buyer(), plan("Small", 2500, 1000)
    begun = subscribe(payments, alice, small)
    month, said = month_of(alice), []

    def order() -> None:
        try:
            alice.spend(alice.began + 1)
        except InsufficientCredits as refusal:
            said.append(refusal.available)
        finally:
            connection.close()

    with meanwhile(payments, begun, order):
        returning.give_back(alice.actor, month.public_id, 1000)
    assert said == [alice.began] * 2  # as it was looked at, and as it ended
    assert (of(alice, month), plans.plan_of(alice.id)) == ([(1000, 2500, "succeeded")], None)
    assert (alice.gained, alice.proven()) == (0, True)


def test_one_that_was_cut_short_is_carried_on_and_tells_of_the_plan_if_the_bank_refuses(
    payments: Service,
) -> None:
    alice, small = Buyer(), plan("Small", 2500, 1000)
    subscribe(payments, alice, small, FAILS)
    month = month_of(alice)
    with tenancy.scope(alice.id):  # the process died after this
        begun = refunds._begin(month, None, "", alice.who.user.pk, 1000, ends_plan=True)
        Refund.objects.filter(pk=begun.pk).update(next_attempt_at=Now())
    until(lambda: alice.notices("refund_failed"), what="the bank's refusal")
    assert (of(alice, month), plans.plan_of(alice.id)) == ([(1000, 2500, "failed")], None)
    assert (alice.gained, alice.proven()) == (1000, True)
    with tenancy.scope(alice.id):
        said = notices.words(Notice.objects.get(kind="refund_failed")).text
    assert "1,000 credits are in your wallet again" in said
    assert "Your plan Small ended when you asked for it" in said


def test_while_others_write_the_subscription_all_the_time_customers_are_told_to_try_again(
    payments: Service,
) -> None:
    alice, small, large = Buyer(), plan("Small", 2500, 1000), plan("Large", 9600, 4000)
    begun = subscribe(payments, alice, large)
    month, browser = month_of(alice), alice.inside()
    with meanwhile(
        payments,
        begun,
        lambda: as_owner(
            "UPDATE billing_subscription SET version = version + 1 WHERE stripe_id = %s",
            begun.stripe_id,
        ),
    ):
        told = browser.post("/billing/plan/cancel", follow=True)
        assert NOT_NOW in told.content.decode()
        assert browser.post("/billing/checkout", {"plan": small.slug}).status_code == 503
        page = f"/billing/purchases/{month.public_id}"
        told = browser.post(f"{page}/refund", {"credits": "4000"}, follow=True)
        assert NOT_NOW in told.content.decode()
    assert (of(alice, month), alice.gained) == ([(4000, 9600, "failed")], 4000)
    assert alice.proven()
