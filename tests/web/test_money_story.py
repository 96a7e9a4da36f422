"""One customer's money, driven in a browser from the first plan to the last dispute.

After each chapter the books are proven, and the wallet's page says what the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from tests.web.conftest import Visitor
from tests.web.test_buying_a_pack import ASKS, DECLINED, PAYS, fill

pytestmark = pytest.mark.browser
DISPUTED = "4000 0000 0000 0259"
T = TypeVar("T")


def elsewhere(act: Callable[..., T], *given: Any) -> T:
    """Django's rows are not touched in the thread of Playwright's loop."""

    def closed() -> T:
        try:
            return act(*given)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        return other.submit(closed).result()


class Story:
    """The customer, their organisation, and the payment service they pay at."""

    def __init__(self, person: Visitor) -> None:
        self.person = person
        self.page: Page = person.page
        self.email = person.sign_up()
        self.id = elsewhere(self._organisation)
        self.payments = elsewhere(self._service)

    def _organisation(self) -> int:
        from accounts import organisations
        from accounts.models import User

        return organisations.memberships_of(User.objects.get(email=self.email).pk)[0][0]

    def _service(self) -> Any:
        from django.conf import settings

        from tests.payments_sandbox.service import Service

        return Service(settings.PAYMENTS_URL, settings.PAYMENTS_SECRET_KEY)

    def available(self) -> int:
        """As the page says; it is what the ledger says, and the books prove."""
        self.person.go("/billing/")
        shown = self.page.locator(".figures .first dd").first.inner_text()
        return elsewhere(self._proven, int(shown.replace(",", "")))

    def _proven(self, shown: int) -> int:
        from billing import proof, wallets

        assert proof.prove(self.id).holds
        assert wallets.balance(self.id, True).available == shown
        return shown

    def until_available(self, amount: int) -> None:
        """The wallet's page shows it, sooner or later."""
        figure = self.page.locator(".figures .first dd").first
        self._look_until(lambda: figure.inner_text() == f"{amount:,}")
        assert self.available() == amount

    def until_frozen(self, *, frozen: bool, owed: str = "") -> None:
        """The wallet's page says that nothing can be ordered, and so many credits are owed."""
        bad, warn = self.page.locator(".say.bad"), self.page.locator(".say.warn")
        self._look_until(lambda: bad.count() == int(frozen) and warn.count() == bool(owed))
        if frozen:
            expect(bad).to_contain_text("Your bank was told that a payment")
        if owed:
            expect(warn).to_contain_text(f"You owe {owed} credits.")

    def until_told(self, words: str) -> None:
        """A notice on the wallet's page has these words."""
        self._look_until(lambda: self.page.get_by_text(words).count() > 0)
        told = self.page.locator(".told", has_text=words)
        expect(told).to_have_css("text-align", "start")  # not in the middle, as the frame's are

    def _look_until(self, seen: Callable[[], bool]) -> None:
        self.person.go("/billing/")
        for _ in range(60):
            if seen():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()

    def buy(self, number: str = PAYS) -> None:
        """The smallest pack, of 350 credits."""
        self.press("/billing/buy", "Buy 350 credits")
        self.pay(number)
        expect(self.page.locator("#purchase[data-status=paid]")).to_be_visible()

    def bank(self, *, says: str = "") -> None:
        """Takes the newest purchase back; or decides about it: `won` or `lost`."""
        intent = elsewhere(self._intent)
        if says:
            (found,) = self.payments.v1.disputes.list({"payment_intent": intent})
            self.payments.control(f"disputes/{found.id}", outcome=says)
        else:
            self.payments.control("disputes", payment_intent=intent)

    def _intent(self) -> Any:
        from accounts import tenancy
        from billing.models import Purchase

        with tenancy.scope(self.id):
            return Purchase.objects.filter(status="paid").latest("created_at").payment_intent_id

    def press(self, path: str, button: str) -> None:
        self.person.go(path)
        self.page.get_by_role("button", name=button, exact=True).first.click()

    def pay(self, number: str = PAYS) -> None:
        """On the payment service's page."""
        self.page.wait_for_url("**/pay/cs_test_*")
        fill(self.page, number)

    def renew(self) -> None:
        """A month passes at the payment service."""
        from billing.payments import subscriptions

        running = elsewhere(subscriptions.of, self.id)
        assert running is not None
        thing = self.payments.v1.subscriptions.retrieve(running.stripe_id).to_dict()
        ends = thing["items"]["data"][0]["current_period_end"]
        self.payments.advance(to=ends + 2 * 3600)

    def spend(self, amount: int) -> None:
        """Films of so many credits."""
        elsewhere(self._spend, amount)

    def _spend(self, amount: int) -> None:
        from accounts import tenancy
        from billing import ledger
        from tests.billing import purse

        held = ledger.reserve(self.id, True, amount, reference=purse.reference())
        with tenancy.scope(self.id):
            ledger.capture(held.hold_id, amount)


def test_the_story_of_a_wallet(visitor: Callable[..., Visitor]) -> None:
    story = Story(visitor())
    page = story.page
    had = story.available()

    # A pack: declined, then confirmed by the bank.
    story.press("/billing/buy", "Buy 350 credits")
    story.pay(DECLINED)
    expect(page.get_by_role("alert")).to_contain_text("declined")
    fill(page, ASKS)
    page.wait_for_url("**/3ds/*")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#purchase[data-status=paid]")).to_be_visible()
    story.until_available(had + 350)

    # A plan, its next month, and a dearer one in the middle of that.
    story.press("/billing/plan", "Choose Solo")
    story.pay()
    story.until_available(had + 350 + 1000)
    story.renew()
    story.until_available(had + 350 + 2000)
    story.person.go("/billing/plan")
    page.locator("summary", has_text="Choose Crew").click()
    page.get_by_role("button", name="Go and pay $96.00").click()
    story.pay()
    story.until_available(had + 350 + 6000)
    expect(story.person.go("/billing/plan").locator("h2").first).to_have_text("Crew")

    # A voucher.
    code = elsewhere(_voucher)
    story.person.go("/billing/buy")
    page.fill("#code", code)
    page.get_by_role("button", name="Use the code").click()
    expect(page.get_by_text("The voucher gave you 25 credits.")).to_be_visible()
    story.until_available(had + 6375)

    # Everything is spent; the card fills it up again.
    story.spend(had + 6375)
    story.until_available(0)
    story.person.go("/billing/top-up")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="It is on")).to_be_visible()
    elsewhere(_refill)
    story.until_available(2000)

    # Two clicks end the plan.
    story.person.go("/billing/plan")
    page.locator("summary", has_text="Cancel the plan").click()
    page.get_by_role("button", name="End it with this month").click()
    expect(page.get_by_text("The plan ends on")).to_be_visible()
    story.until_available(2000)

    # What is unspent comes back as money.
    story.spend(500)
    story.person.go("/billing/invoices")
    page.get_by_role("link", name="Automatic top-up").first.click()
    page.locator("#purchase a[href$='/refund']").click()
    expect(page.locator("dl.facts")).to_contain_text("1,500")
    page.locator("form[action$='/refund'] button.main").click()
    expect(page.get_by_label("Money back")).to_contain_text("Paid back")
    story.until_available(0)

    # A payment that the bank keeps after its credits were spent: the next ones pay it.
    story.buy()
    story.spend(350)
    story.bank()
    story.until_frozen(frozen=True, owed="350")
    story.bank(says="lost")
    story.until_told("the bank keeps the payment")
    story.until_frozen(frozen=True, owed="350")
    story.buy()
    story.until_frozen(frozen=False)
    story.until_available(0)

    # One that the bank gives back.
    story.buy(DISPUTED)
    story.until_frozen(frozen=True)
    story.until_available(0)
    story.bank(says="won")
    story.until_available(350)
    story.until_frozen(frozen=False)
    story.person.complaints.clear()  # 402 of the payment service's page


def _voucher() -> str:
    from billing.models import Voucher
    from kling_saas.lib.ids import random_base62

    made: Voucher = Voucher.objects.create(code=random_base62(10).upper(), credits=25)
    return made.code


def _refill() -> None:
    """What the product's own sweep does every 15 s; the tests' product sweeps once a day."""
    from billing.payments import refilling

    refilling.run()
