"""Operators browse and search every record of money, and change none of it."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from accounts import tenancy
from accounts.models import User
from billing import ledger
from billing.models import Purchase
from tests.billing import purse
from tests.billing.purse import LIVE
from tests.billing.test_revenue import bought, disputed, paid_back

PLAIN_STATIC = override_settings(
    STORAGES={"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
)
RECORDS = [
    "wallet", "lot", "hold", "transfer", "pricebook", "price", "quote", "purchase", "paymentevent",
    "paymentcustomer", "subscription", "refund", "dispute", "dayclose", "referral", "gift",
]  # fmt: skip


def asked(address: str) -> HttpRequest:
    """A request of an operator who may do everything."""
    request = RequestFactory().get(address)
    request.user = User(email="operator@example.org", is_staff=True, is_superuser=True)
    return request


@PLAIN_STATIC
@pytest.mark.parametrize("record", RECORDS)
def test_every_record_is_listed_searched_and_left_alone(record: str) -> None:
    room = admin.site.get_model_admin(apps.get_model("billing", record))
    request = asked("/?q=films")
    with tenancy.system("operators see every tenant"):
        assert room.changelist_view(request).render().status_code == 200
    assert not room.has_add_permission(request)
    assert not room.has_change_permission(request)
    assert not room.has_delete_permission(request)


@PLAIN_STATIC
def test_a_hold_shows_its_lots_and_its_transfers() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 35, reference="gen_shown").hold_id
    room = admin.site.get_model_admin(apps.get_model("billing", "hold"))
    with tenancy.system("operators see every tenant"):
        page = room.change_view(asked("/"), str(held)).render().content.decode()
    assert "35 credits for gen_shown (pending)" in page
    assert "35 of lot" in page
    assert "hold 35: available to held" in page


@PLAIN_STATIC
def test_a_purchase_shows_what_went_back_of_it_and_the_way_to_its_lots() -> None:
    purchase = bought(purse.organisation().pk, 1000, 2800)
    paid_back(purchase, 300, 840, "succeeded")
    disputed(purchase, "lost")
    note = {"credit_note_number": "CN-7", "credit_note_pdf": "https://pay.example/cn-7.pdf"}
    with tenancy.scope(purchase.organisation_id):
        purchase.refunds.update(**note)
    room = admin.site.get_model_admin(Purchase)
    with tenancy.system("operators see every tenant"):
        page = room.change_view(asked("/"), str(purchase.pk)).render().content.decode()
        back, bank = purchase.refunds.get(), purchase.disputes.get()
    said = re.sub(r"\s*<[^>]*>\s*", " ", page)
    assert re.search(rf" {back.public_id} .* 300 +\$8\.40 +Done ", said, re.S)
    assert re.search(rf" {bank.stripe_id} .* 1000 +\$28\.00 +Lost ", said, re.S)
    assert '<a href="https://pay.example/cn-7.pdf">CN-7</a>' in page
    assert f"/lot/?q=purchase%3A{purchase.public_id}" in page


@PLAIN_STATIC
def test_a_voucher_that_is_made_shows_nothing_that_it_does_not_have_yet() -> None:
    room = admin.site.get_model_admin(apps.get_model("billing", "voucher"))
    with tenancy.system("operators see every tenant"):
        page = room.add_view(asked("/")).render().content.decode()
    assert "DatabaseDefault" not in page
    assert 'name="credits"' in page
