"""Which payment service is in force, and which settings of it are refused by name."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from django.test import override_settings

from kling_saas import checks, env

SANDBOX = "http://127.0.0.1:9200"


@pytest.mark.parametrize(
    ("given", "vendor", "base"),
    [
        ({}, "sandbox", SANDBOX),
        ({"STRIPE_SECRET_KEY": "sk_test_1"}, "test", ""),
        ({"STRIPE_SECRET_KEY": "rk_live_1"}, "live", ""),
        ({"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_API_BASE": f"{SANDBOX}/"}, "sandbox",
         f"{SANDBOX}/"),
    ],
)  # fmt: skip
def test_the_key_and_the_address_say_whose_ids_are_meant(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], vendor: str, base: str
) -> None:
    monkeypatch.setattr(env, "declared", {})
    for name in ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "PAYMENTS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = runpy.run_path(str(env.ROOT / "kling_saas/settings/payments.py"))
    assert (found["PAYMENTS_VENDOR"], found["PAYMENTS_API_BASE"]) == (vendor, base)
    assert found["PAYMENTS_LIVE"] is (vendor == "live")
    assert (SANDBOX in found["PAYMENTS_PAGES"]) is (vendor == "sandbox")


NOTHING = {
    "DEMO": False, "PAYMENTS_VENDOR": "sandbox", "PAYMENTS_SECRETS": [],
    "STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRET": [],
}  # fmt: skip
LIVE = {
    "PAYMENTS_VENDOR": "live", "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_WEBHOOK_SECRET": ["whsec_1"], "PAYMENTS_SECRETS": ["whsec_1"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        (LIVE, []),
        ({}, ["kling.E008"]),
        ({"DEMO": True, "PAYMENTS_SECRETS": ["whsec_1"]}, []),
        ({"PAYMENTS_SECRETS": ["whsec_1"]}, ["kling.E004", "kling.E008"]),
        ({**LIVE, "PAYMENTS_VENDOR": "sandbox"}, ["kling.E004"]),
        ({**LIVE, "PAYMENTS_VENDOR": "test"}, ["kling.E005"]),
        ({**LIVE, "STRIPE_WEBHOOK_SECRET": []}, ["kling.E006"]),
        ({"STRIPE_WEBHOOK_SECRET": ["whsec_1"]}, ["kling.E007", "kling.E008"]),
    ],
)
def test_settings_by_which_nobody_would_pay_are_refused(
    given: dict[str, Any], refused: list[str]
) -> None:
    with override_settings(**{**NOTHING, **given}):
        found = checks.check_payments(None) + checks.check_selling(None)
    assert [one.id for one in found] == refused
