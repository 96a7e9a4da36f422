"""Codes that give credits: each organisation once, as often as was said, and no guessing."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from jsonschema import Draft202012Validator

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent, Role
from billing import codes, proof, vouchers
from billing.errors import TooManyCodes, UnknownVoucher, VoucherNotUsable
from billing.models import Lot, Purchase, PurchaseKind, Voucher, VoucherUse
from kling_saas.lib.refusals import Forbidden, Refusal
from tests.billing import purse
from tests.generations.programs import funded, native

THREADS = 20


def voucher(**fields: Any) -> Voucher:
    return Voucher.objects.create(**{"code": vouchers.new_code(), "credits": 100, **fields})


def actor(organisation_id: int | None = None, **fields: Any) -> Actor:
    return Actor(
        organisation_id=organisation_id or purse.organisation().pk, **{"livemode": True, **fields}
    )


def at_once(acts: Sequence[Callable[[], object]]) -> Counter[str]:
    """Do all together; how often each outcome came."""
    together = Barrier(len(acts))

    def one(act: Callable[[], object]) -> str:
        try:
            connection.ensure_connection()
            together.wait()
            act()
            return "given"
        except Refusal as refusal:
            return str(refusal.facts.get("because", refusal.code))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(one, acts))


def test_one_code_redeemed_by_twenty_at_once_gives_an_organisation_its_credits_once() -> None:
    made, alice = voucher(), actor()
    outcome = at_once([lambda: vouchers.redeem(alice, made.code)] * THREADS)
    assert outcome == {"given": 1, "used": 19}
    assert purse.entries(alice.organisation_id) == [("grant", 100, 100)]
    assert proof.prove(alice.organisation_id).holds
    made.refresh_from_db()
    assert made.uses == 1


def test_a_code_for_five_is_used_by_five_of_twenty_organisations() -> None:
    made, everybody = voucher(most_uses=5), [actor() for _ in range(THREADS)]
    outcome = at_once(
        [lambda whom=whom: vouchers.redeem(whom, made.code) for whom in everybody]  # type: ignore[misc]
    )
    assert outcome == {"given": 5, "used_up": 15}
    made.refresh_from_db()
    assert made.uses == 5
    with tenancy.system("a test counts"):
        assert VoucherUse.objects.filter(voucher=made).count() == 5
    assert sum(purse.figures(whom.organisation_id)[0] for whom in everybody) == 500


def test_what_a_code_gave_is_a_lot_with_an_end_and_a_line_of_the_audit() -> None:
    made, alice = voucher(valid_days=30), actor()
    given = vouchers.redeem(alice, f"  {made.code.lower()} ")
    assert given.expires_at is not None
    with tenancy.scope(alice.organisation_id):
        lot = Lot.objects.get()
        said = AuditEvent.objects.get(action="voucher.redeemed")
    assert (lot.source, lot.reference) == ("promo", f"voucher:{made.pk}")
    assert lot.expires_at == given.expires_at
    assert (said.subject, said.detail["credits"]) == (made.code, 100)


@pytest.mark.parametrize(
    "fields",
    [{"active": False}, {"ends_at": timezone.now() - timedelta(seconds=1)}],
    ids=["switched off", "ended"],
)
def test_what_is_over_is_told_like_what_never_was(fields: dict[str, Any]) -> None:
    alice, made = actor(), voucher(**fields)
    told = set()
    for code in (made.code, "NEVER-WAS", "\x00\ud800", "x" * 400):
        with pytest.raises(UnknownVoucher) as refused:
            vouchers.redeem(alice, code)
        told.add(refused.value.detail)
    assert len(told) == 1
    assert purse.entries(alice.organisation_id) == []


def test_a_code_for_newcomers_is_refused_to_who_has_paid_and_stays_unused() -> None:
    alice, made = actor(), voucher(newcomers_only=True)
    with tenancy.scope(alice.organisation_id):
        Purchase.objects.create(
            organisation_id=alice.organisation_id, livemode=True, vendor="sandbox",
            kind=PurchaseKind.PACK, credits=350, currency="usd", amount_cents=980,
            paid_cents=980, status="paid", paid_at=timezone.now(),
        )  # fmt: skip
    with pytest.raises(VoucherNotUsable, match="bought nothing yet, and yours has"):
        vouchers.redeem(alice, made.code)
    made.refresh_from_db()
    assert made.uses == 0
    with tenancy.scope(alice.organisation_id):
        assert not VoucherUse.objects.exists()
    assert vouchers.redeem(actor(), made.code).credits == 100


def test_ten_wrong_codes_in_an_hour_are_the_last_even_if_the_next_is_right() -> None:
    made, alice = voucher(), actor()
    wrong = at_once([lambda: vouchers.redeem(alice, "WRONG-ONE")] * 12)
    assert wrong == {"unknown_voucher": 10, "too_many_codes": 2}
    with pytest.raises(TooManyCodes) as refused:
        vouchers.redeem(alice, made.code)
    assert 3500 < refused.value.facts["retry_after"] <= 3600
    assert vouchers.redeem(actor(), made.code).credits == 100  # another organisation's are its own


def test_who_may_not_buy_and_who_is_in_test_mode_is_told_the_way_out() -> None:
    made = voucher()
    for role in (Role.DEVELOPER, Role.CREATOR, Role.VIEWER):
        with pytest.raises(Forbidden, match="ask an owner"):
            vouchers.redeem(actor(role=role), made.code)
    with pytest.raises(Forbidden, match="switch to live mode"):
        vouchers.redeem(actor(livemode=False), made.code)
    assert vouchers.redeem(actor(role=Role.BILLING), made.code).credits == 100


def test_an_operator_makes_codes_that_nobody_reads_wrong() -> None:
    out = io.StringIO()
    call_command("make_voucher", "250", "--days=30", "--newcomers", "--note=fair", stdout=out)
    made = Voucher.objects.get(code=out.getvalue().strip())
    assert (made.credits, made.most_uses, made.valid_days) == (250, 1, 30)
    assert made.newcomers_only
    assert set(made.code) <= {*codes.ALPHABET, "-"}
    assert not set("01ILO") & set(codes.ALPHABET)
    for *wrong, said in (
        ("0", "credits: Write 1 to"),
        ("5", "--uses=-1", "most_uses: Write 1 to"),
        ("5", "--days=0", "valid_days: Write 1 to"),
        ("5", f"--code={made.code.lower()}", "code: There is a voucher of this code"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("make_voucher", *wrong, stdout=out)


def test_a_program_uses_a_code_and_is_answered_what_it_gave(site: str) -> None:
    alice, made = funded(), voucher(valid_days=30)
    live, test = native(site, alice.live_key), native(site, alice.test_key)
    assert test.post("/vouchers", {"code": made.code}).status_code == 403
    used = live.post("/vouchers", {"code": made.code})
    assert (used.status_code, used.json()["credits"], used.json()["available"]) == (201, 100, 160)
    schemas = requests.get(f"{site}/api/v1/schema", timeout=60).json()["components"]["schemas"]
    Draft202012Validator(schemas["Voucher"]).validate(used.json())
    again = live.post("/vouchers", {"code": made.code})
    assert (again.status_code, again.json()["code"]) == (409, "voucher_not_usable")
    assert again.json()["because"] == "used"
    wrong = live.post("/vouchers", {"code": "WRONG-ONE"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "unknown_voucher")
    for body in ({}, {"code": 5}, {"code": " "}):
        assert live.post("/vouchers", body).json()["violations"][0]["field"] == "code"
    assert live.get("/wallet").json()["available"] == 160
