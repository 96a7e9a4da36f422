"""The doctor judges the clocks of upstreams, and no answer of theirs makes it fall over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.test import override_settings
from django.utils import timezone

from generations.models import Protocol, ProviderAccount
from kling_saas import doctor
from tests.serving import Quiet, serving


class Upstream:
    """Knows no task, and tells the time it is given; None tells none."""

    def __init__(self, address: str) -> None:
        self.date: str | None = None
        self.account = ProviderAccount(name="clock", protocol=Protocol.KLING, base_url=address)
        self.account.set_credential("sandbox-key")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    class Handler(Quiet):
        def get(self) -> None:
            date = {} if made.date is None else {"Date": made.date}
            self.answer(404, b'{"code": 1203, "message": "no such task"}', **date)

        def send_response(self, code: int, message: str | None = None) -> None:
            self.send_response_only(code, message)  # without a date of its own

    with serving(Handler) as address:
        made = Upstream(address)
        yield made


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (3, True), (3600, False), (-60, False)])
def test_an_upstream_whose_clock_is_far_from_ours_is_told(
    upstream: Upstream, seconds: int, good: bool
) -> None:
    upstream.date = format_datetime(timezone.now() + timedelta(seconds=seconds))
    found = doctor._account(upstream.account)
    assert found.good is good, found
    assert "s apart" in found.sentence


@pytest.mark.parametrize("date", [None, "", "soon", "Sun, 99 Nov 2026 25:00:00 GMT"])
def test_a_date_that_cannot_be_read_is_no_clock(upstream: Upstream, date: str | None) -> None:
    upstream.date = date
    found = doctor._account(upstream.account)
    assert (found.good, "apart" in found.sentence) == (True, False)


def test_an_address_that_is_none_tells_no_time() -> None:
    for address in ("http://[::1", "https://a..b", "http://127.0.0.1:1", ""):
        assert doctor._clocks_apart(address) is None


def test_the_payment_service_is_asked_and_a_refusal_is_told_without_the_key() -> None:
    (found, *_) = doctor._payments()
    assert found.good
    assert found.sentence.startswith("sandbox takes our key, answered in ")
    assert found.sentence.endswith("(simulated: no card is charged)")
    for wrong in ({"PAYMENTS_KEY": "sk_test_wrong"}, {"PAYMENTS_API_BASE": "http://127.0.0.1:1"}):
        with override_settings(**wrong):
            (found,) = doctor._payments()
        assert not found.good
        assert "sk_test" not in found.sentence
    with override_settings(PAYMENTS_KEY=""):
        (found,) = doctor._payments()
    assert "set STRIPE_SECRET_KEY" in found.sentence
